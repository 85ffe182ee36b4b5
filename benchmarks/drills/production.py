"""The whole production stack as processes: what ``Stack`` has, a PostgreSQL that may be killed, a worker and beat."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2  # type: ignore[import-untyped]
import redis

from benchmarks.drills.stack import ROOT, Process, Stack, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARTIFACT_MIB = 24  # of the file system for models: some ten of them
FITTED_WITHOUT_JAX = "raise ModuleNotFoundError(\"No module named 'jax'\", name='jax')\n"  # a training is seconds then


def children(pid: int) -> list[int]:
    """Processes whose parent this is."""
    told = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in told.read_text().split()] if told.exists() else []


class Postgres:
    """A server with a data directory of its own, which survives it. It does not run as root: then as postgres."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder / "postgres"
        self.data, self.log = self.folder / "data", self.folder / "postgres.log"
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        self.folder.mkdir()
        self.folder.parent.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8")
        self.start()

    def start(self) -> None:
        """Where it crashed, this is also its recovery; a killed one's children may hold its memory for a moment."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        words = ("start", "-D", self.data, "-l", self.log, "-w", "-o", options)
        until(lambda: self._run("pg_ctl", *words, check=False) == 0, "PostgreSQL")

    def restart(self) -> None:
        self._run("pg_ctl", "restart", "-D", self.data, "-l", self.log, "-w", "-m", "fast")

    def kill(self) -> None:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def pids(self) -> list[int]:
        return [self.pid, *children(self.pid)]

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def _run(self, program: str, *words: object, check: bool = True) -> int:
        other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*other, str(self.programs / program), *map(str, words)]
        done = subprocess.run(command, cwd="/", check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
        return done.returncode


class Production(Stack):
    """Production settings, two web workers as config/gunicorn.py has them, a Celery worker that trains, and beat."""

    def __init__(self, **settings: object) -> None:
        super().__init__(redis=True)
        assert self.redis
        self.postgres = Postgres(self.folder)
        self.artifacts = self.folder / "artifacts"
        self.artifacts_bounded = False
        self.env |= {
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "SECRET_KEY": f"{uuid4()}-{uuid4()}",
            "JWT_SIGNING_KEY": f"{uuid4()}-{uuid4()}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "TRUSTED_PROXIES": "1",
            "THROTTLING": "true",
            "THROTTLE_WRITES": "100000/minute",  # counted like all others, and never too many
            "THROTTLE_SEARCH": "100000/minute",
            "EMAIL_URL": "dummymail://",
            "DATABASE_URL": self.postgres.url,
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{self.redis.port}/1",
            "ARTIFACT_ROOT": str(self.artifacts),
            "LOG_LEVEL": "INFO",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **{name: str(value) for name, value in settings.items()},
        }
        self.web.command = [_program("gunicorn"), "-c", "config/gunicorn.py", "config.wsgi"]
        self.web.command += ["-b", f"127.0.0.1:{self.web.port}"]
        self.web.env = {**os.environ, **self.env}
        (self.folder / "nojax").mkdir()
        (self.folder / "nojax" / "jax.py").write_text(FITTED_WITHOUT_JAX)
        env = {**self.env, "PYTHONPATH": str(self.folder / "nojax")}
        celery = [_program("celery"), "-A", "config"]
        worker = [*celery, "worker", "--loglevel", "INFO", "--concurrency", "1"]
        beat = [*celery, "beat", "--schedule", str(self.folder / "beat")]
        self.worker = Process(0, worker, env, self.folder / "worker.log")
        self.beat = Process(0, beat, self.env, self.folder / "beat.log")

    def prepare(self) -> None:
        self.manage("load_demo", "--verbosity", "0")
        for process in (self.worker, self.beat):
            process.start()
            self._closing.callback(process.kill)
        until(lambda: "ready." in self.worker_said(), "the Celery worker")

    def __enter__(self) -> Production:
        self.postgres.make()
        self._closing.callback(self.postgres.kill)
        self._bound_artifacts()
        super().__enter__()
        return self

    def _bound_artifacts(self) -> None:
        """A file system of its own, so that it can be full; only root may mount one."""
        self.artifacts.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={ARTIFACT_MIB}m", "tmpfs", str(self.artifacts)]
        self.artifacts_bounded = subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode == 0  # noqa: S603 - our own
        if self.artifacts_bounded:
            self._closing.callback(subprocess.run, ["umount", "--lazy", str(self.artifacts)], check=False)

    def web_workers(self) -> list[int]:
        return children(self.web.process.pid) if self.web.process else []

    def queue(self, job: str) -> str:
        """Have the worker do a job some time soon; its id."""
        env = {**os.environ, **self.env}
        command = [_program("celery"), "-A", "config", "call", job]
        done = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own
        return done.stdout.decode().strip().splitlines()[-1]

    def age_what_is_in_hand(self) -> int:
        """Have jobs that were handed to a worker be so old that they are handed out again; seconds that this takes."""
        code = "from django.conf import settings; print(settings.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout'])"
        env = {**os.environ, **self.env}
        command = [sys.executable, "manage.py", "shell", "--no-imports", "--verbosity", "0", "-c", code]
        done = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own
        seconds = int(done.stdout.split()[-1])
        broker = redis.Redis.from_url(self.env["CELERY_BROKER_URL"], decode_responses=True)
        for tag in broker.zrange("unacked_index", 0, -1):
            broker.zincrby("unacked_index", -seconds, str(tag))
        return seconds

    def worker_said(self, since: int = 0) -> str:
        """Its log, from a place in it."""
        return self.worker.log.read_bytes()[since:].decode()

    def heard(self) -> int:
        return self.worker.log.stat().st_size

    def awaits(self, *words: str, since: int, seconds: float) -> float | None:
        """Seconds until the worker's log has all these words in one line; None where it never does."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if any(all(word in line for word in words) for line in self.worker_said(since).splitlines()):
                return time.monotonic() - began
            time.sleep(0.1)
        return None

    def job_failures(self, job: str) -> int:
        """How many runs are on record as failed."""
        found = self.postgres.rows("SELECT failures FROM operations_jobrecord WHERE name = %s", job)
        return int(found[0][0]) if found else 0

    def models(self) -> list[tuple[str, str]]:
        """(name, status) of every version, newest first."""
        found = self.postgres.rows("SELECT name, status FROM recommendations_modelversion ORDER BY trained_at DESC")
        return [(str(name), str(status)) for name, status in found]

    def active_model(self) -> str:
        return next((name for name, status in self.models() if status == "active"), "")


@contextmanager
def hung(pids: Sequence[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
