"""The production stack for load: gunicorn as the container runs it, PostgreSQL, Redis, and what each of them spends."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import orjson
import psycopg2  # type: ignore[import-untyped]

from benchmarks.drills.stack import Process, free_port
from benchmarks.http.generator import Clients, Drivers, Run
from benchmarks.http.mix import API, Account, Mix
from benchmarks.http.server import environment, scratch_database
from benchmarks.http.spending import memory, memory_of_tree, parent, spent_by_tree

DATABASE = "marquee_bench_load"
PAGE = 50  # films of the list that each account is shown before the run

# A benchmark's client asks as often in a minute as a person does in a day: the limits are counted, and never reached.
LIMITS = {f"THROTTLE_{scope}": "1000000/minute;10000000/hour" for scope in ("WRITES", "SEARCH", "MISSES")}


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time since the start, of each part."""

    server: float
    database: float
    redis: float

    def per_request(self, before: Cost, requests: int) -> tuple[float, float, float]:
        """Microseconds."""
        spent = (self.server - before.server, self.database - before.database, self.redis - before.redis)
        server, database, redis = (1e6 * each / max(requests, 1) for each in spent)
        return server, database, redis


class LoadStack:
    """A world in a scratch database, and the web server over it, which may be started anew with other words."""

    def __init__(self, database: str, folder: Path) -> None:
        redis_port = free_port()
        words = ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.folder, self.database = folder, database
        self.redis = Process(redis_port, words, log=folder / "redis.log")
        url = f"redis://127.0.0.1:{redis_port}/0"
        self.env = environment(database=database, redis=url, artifacts=str(folder / "artifacts")) | LIMITS
        self.env |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.http.load_settings",
            "TRUSTED_PROXIES": "1",  # every client has an address of its own
            "LOG_LEVEL": "INFO",
        }
        self.web = self._web()
        self.drivers = Drivers()
        self.accounts: list[Account] = []
        self.films = 0

    def build(self, *, films: int, crowd: int, accounts: int) -> None:
        """The world, and the accounts' tokens. Sets up Django in this process."""
        os.environ.update(self.env)
        import django
        from django.core.management import call_command

        django.setup()
        from benchmarks.http.world import world_build

        call_command("migrate", verbosity=0)
        self.films = films
        tokens = world_build(n_films=films, n_crowd=crowd, n_callers=accounts)
        with self.serving():
            self.accounts = [self._account(number, token) for number, token in enumerate(tokens)]

    def _account(self, number: int, token: str) -> Account:
        with closing(HTTPConnection("127.0.0.1", self.web.port, timeout=60)) as connection:
            headers = {"Authorization": f"Bearer {token}"}
            connection.request("GET", f"{API}recommendations/?per_page={PAGE}", headers=headers)
            told = orjson.loads(connection.getresponse().read())
        shown = tuple(item["movie"]["tmdb_id"] for item in told["data"])
        return Account(token, f"10.0.{number // 250}.{number % 250 + 1}", told["meta"]["recommendation_id"], shown)

    def _web(self, *words: str, **env: str) -> Process:
        port = free_port()
        gunicorn = [str(Path(sys.executable).with_name("gunicorn")), "-c", "config/gunicorn.py", "config.wsgi"]
        command = [*gunicorn, "-b", f"127.0.0.1:{port}", *words]
        return Process(port, command, self.env | env, self.folder / "web.log")

    @contextmanager
    def serving(self, *words: str, **env: str) -> Iterator[None]:
        """As the container does, but for these words of the command line and these variables."""
        self.web = self._web(*words, **env)
        self.web.start()
        try:
            yield
        finally:
            self.web.kill()

    @property
    def master(self) -> int:
        assert self.web.process
        return self.web.process.pid

    @property
    def redis_pid(self) -> int:
        assert self.redis.process
        return self.redis.process.pid

    def spent(self) -> Cost:
        with closing(psycopg2.connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            postmaster = parent(cursor.fetchone()[0])
        return Cost(spent_by_tree(self.master), spent_by_tree(postmaster), spent_by_tree(self.redis_pid))

    def memory(self) -> dict[str, float]:
        """MiB: what all web processes hold, resident and by their shares; and Redis."""
        resident, share = memory_of_tree(self.master)
        return {"rss": resident, "pss": share, "redis": memory(self.redis_pid)[0]}

    def drive(self, clients: Clients, name: str, only: str = "") -> tuple[Run, tuple[float, float, float]]:
        """The answers, and the microseconds of processor time for each of server, PostgreSQL and Redis."""
        before = self.spent()
        done = self.drivers.run(self.web.port, Mix(self.accounts, self.films, name, only), clients)
        return done, self.spent().per_request(before, len(done.got))


@contextmanager
def load_stack(server: str) -> Iterator[LoadStack]:
    with (
        tempfile.TemporaryDirectory(prefix="marquee-load-") as folder,
        scratch_database(server, DATABASE) as database,
    ):
        stack = LoadStack(database, Path(folder))
        stack.redis.start()
        try:
            yield stack
        finally:
            stack.drivers.close()
            stack.redis.kill()
