"""Releases behind the proxy under load, good and bad and killed: what is lost, who serves, can it be run again?

On the real production stack, by deploy/bootstrap, release and rollback. The releases are the two images with another
commit, and what each is to suffer from; every answer says in a header which release gave it.

    python -m benchmarks.drills.release marquee marquee-training --clients 12 --out release.md
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from benchmarks.drills.stack import ROOT, free_port

PASSWORD = "four words nobody guesses"  # noqa: S105  # of accounts that live as long as the drill
PROJECT = "marquee-drill"
READS = ("/api/v1/meta/", "/api/v1/movies/?per_page=5", "/api/v1/recommendations/", "/api/v1/favorites/")
WRITES = 0.4  # the share of requests that write
ROLLBACK_SECONDS = 30

NAMED = """\
RUN printf '%s\\n' 'import os' 'served = application' \\
    'def application(environ, start_response):' \\
    '    def named(status, headers, *more):' \\
    '        return start_response(status, [*headers, ("X-Release", os.environ["MARQUEE_COMMIT"])], *more)' \\
    '    return served(environ, named)' >> config/wsgi.py
"""
NEVER_READY = """\
RUN printf '%s\\n' 'from utils.health import register_check' \\
    'register_check("drill", lambda: "failed: a drill")' >> config/wsgi.py
"""
NO_LIST = """\
RUN printf '%s\\n' 'from django.http import HttpResponse' \\
    'urlpatterns.insert(0, path("api/v1/movies/", lambda request: HttpResponse(status=500)))' >> config/urls.py
"""
NO_DOCS_OUTSIDE = """\
RUN printf '%s\\n' 'within = application' 'def application(environ, start_response):' \\
    '    if environ["PATH_INFO"] == "/api/docs/" and "HTTP_X_FORWARDED_FOR" in environ:' \\
    '        start_response("500 A drill", [])' '        return []' \\
    '    return within(environ, start_response)' >> config/wsgi.py
"""
NO_MIGRATION = """\
RUN leaf=$(cd apps/movies/migrations && ls 0*.py | sort | tail -n 1) && printf '%s\\n' \\
    'from django.db import migrations' 'def fail(*_): raise RuntimeError("a drill")' \\
    'class Migration(migrations.Migration):' "    dependencies = [('movies', '${leaf%.py}')]" \\
    '    operations = [migrations.RunPython(fail)]' > apps/movies/migrations/9999_drill.py
"""
KILLED_AT = ("migrating", "starting", "is ready", "out of the rotation", "serves")


@dataclass(frozen=True)
class Got:
    """One answer: when it came (seconds, monotonic), what it was, and which release gave it."""

    at: float
    method: str
    status: int
    release: str


@dataclass
class Row:
    """What clients saw while a command ran, and how that ended."""

    name: str
    got: list[Got] = field(default_factory=list)
    code: int = 0
    began: float = 0.0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        return sum(one.status == 0 or one.status >= 500 for one in self.got)

    def by(self, release: str) -> int:
        return sum(one.release == release for one in self.got)

    @property
    def last(self) -> str:
        """Who answers at the end."""
        return max((one for one in self.got if one.release), key=lambda one: one.at).release

    @property
    def switched(self) -> float:
        """Seconds until another release than the last one answered no more."""
        return max((one.at - self.began for one in self.got if one.release not in ("", self.last)), default=0.0)

    def line(self) -> str:
        posts = sum(one.method != "GET" for one in self.got)
        served = ", ".join(
            f"{name}: {count}" for name, count in Counter(one.release for one in self.got).items() if name
        )
        times = f"{self.switched:.1f} s | {self.seconds:.1f} s"
        load = f"{len(self.got)} ({posts} writes) | {self.lost}"
        return f"| {self.name} | {self.code} | {times} | {load} | {served} | {self.last} |"


class Client(threading.Thread):
    def __init__(self, port: int, number: int, films: list[int], token: str = "") -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("localhost", port, timeout=60)
        self.films, self.chance = films, random.Random(number)
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.got, self.enough = list[Got](), threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            if self.chance.random() < WRITES:
                self.write()
            else:
                self.note("GET", self.chance.choice(READS))
            time.sleep(0.05 * self.chance.random())

    def write(self) -> None:
        film = self.chance.choice(self.films)
        if self.chance.random() < 0.5:
            self.note("PUT", f"/api/v1/ratings/{film}/", {"rating": self.chance.randint(1, 10)})
        else:
            self.note("POST", "/api/v1/favorites/", {"tmdb_id": film})

    def note(self, method: str, path: str, body: object = None) -> None:
        status, release, _ = self.ask(method, path, body)
        self.got.append(Got(time.monotonic(), method, status, release))

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str, bytes]:
        """Status, release and body; 0 without an answer. Nothing is asked twice."""
        try:
            self.connection.request(method, path, None if body is None else orjson.dumps(body), self.headers)
            answer = self.connection.getresponse()
            return answer.status, answer.headers.get("X-Release", ""), answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0, "", b""


class Server:
    """The production stack of one directory, on ports of its own."""

    def __init__(self, image: str, training: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="marquee-drill-"))
        self.port = free_port()
        self.images = {"web": image, "training": training}
        self.env = {
            **os.environ,
            "MARQUEE_HOME": str(self.home),
            "COMPOSE_PROJECT_NAME": PROJECT,
            "READY_SECONDS": "30",
        }
        self.clients: list[Client] = []
        self.log = (self.home / "drill.log").open("ab", buffering=0)

    def script(self, name: str, *words: str) -> None:
        command = [str(ROOT / "deploy" / name), *words]
        subprocess.run(command, env=self.env, check=True, stdout=self.log, stderr=self.log)  # noqa: S603 - our own

    def variant(self, name: str, suffering: str = "") -> str:
        """Images of another commit, called by it."""
        for kind, repository in (("web", "marquee-drill"), ("training", "marquee-drill-training")):
            dockerfile = f"""\
FROM {self.images[kind]}
USER root
{NAMED}{suffering}USER 10001:10001
ENV MARQUEE_COMMIT={name}
LABEL org.opencontainers.image.revision={name}
"""
            words = ["docker", "build", "--quiet", "--tag", f"{repository}:{name}", "-"]
            subprocess.run(words, input=dockerfile.encode(), check=True, stdout=self.log, stderr=self.log)  # noqa: S603
        return f"marquee-drill:{name}"

    def up(self, first: str) -> None:
        words = ("--no-docker", "--site", "http://localhost", "--http-port", str(self.port))
        self.script("bootstrap", *words, "--https-port", str(free_port()))
        with (self.home / "production.env").open("a") as settings:
            settings.write("THROTTLING=false\n")  # all clients have one address
        self.script("release", first, "--no-pull")
        self.script("manage", "load_demo", "--verbosity", "0")

    def down(self) -> None:
        self.script("compose", "--profile", "*", "down", "--volumes", "--remove-orphans")
        self.log.close()
        shutil.rmtree(self.home)

    def sign_up(self, number: int) -> tuple[list[int], str]:
        visitor = Client(self.port, number, [])
        films = [film["tmdb_id"] for film in orjson.loads(visitor.ask("GET", "/api/v1/movies/?per_page=50")[2])["data"]]
        body = {"email": f"drill-{number}-{time.time_ns()}@example.org", "password": PASSWORD}
        return films, orjson.loads(visitor.ask("POST", "/api/v1/auth/register/", body)[2])["data"]["access"]

    @contextmanager
    def under_load(self, row: Row, accounts: list[tuple[list[int], str]]) -> Iterator[None]:
        clients = [Client(self.port, number, *account) for number, account in enumerate(accounts)]
        for client in clients:
            client.start()
        time.sleep(2)
        row.began = time.monotonic()
        try:
            yield
        finally:
            row.seconds = time.monotonic() - row.began
            time.sleep(3)
            for client in clients:
                client.enough.set()
            for client in clients:
                client.join()
        row.got = [one for client in clients for one in client.got]

    def start(self, name: str, *words: str) -> subprocess.Popen[str]:
        command = [str(ROOT / "deploy" / name), *words]
        return subprocess.Popen(command, env=self.env, stdout=self.log, stderr=subprocess.PIPE, text=True)  # noqa: S603

    def finish(self, process: subprocess.Popen[str]) -> int:
        assert process.stderr is not None
        self.log.write(process.stderr.read().encode())
        return process.wait()


def told(server: Server, row: Row, accounts: list[tuple[list[int], str]], script: str, *words: str) -> Row:
    """A script under load, to its end."""
    with server.under_load(row, accounts):
        row.code = server.finish(server.start(script, *words))
    print(row.line(), flush=True)
    return row


def killed(server: Server, accounts: list[tuple[list[int], str]], image: str, moment: str) -> Row:
    """A release that is killed as it says something, and then run again."""
    row = Row(f'killed at "{moment}", run again')
    with server.under_load(row, accounts):
        process = server.start("release", image, "--no-pull", "--no-backup")
        assert process.stderr is not None
        for line in process.stderr:
            server.log.write(line.encode())
            if moment in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        row.code = server.finish(server.start("release", image, "--no-pull", "--no-backup"))
    print(row.line(), flush=True)
    return row


def drill(server: Server, clients: int) -> tuple[list[Row], list[str]]:
    """What happened, and what of it should not have."""
    server.up(server.variant("first"))
    accounts = [server.sign_up(number) for number in range(clients)]
    rows, wrong = [], []

    def judge(row: Row, code: int, serves: str, never: str = "") -> None:
        rows.append(row)
        if row.lost or row.code != code or row.last != serves or (never and row.by(never)):
            wrong.append(row.name)

    def release(name: str, row: Row, suffering: str = "") -> Row:
        return told(server, row, accounts, "release", server.variant(name, suffering), "--no-pull")

    judge(release("second", Row("a good release")), 0, "second")
    judge(release("third", Row("another")), 0, "third")
    judge(release("unready", Row("readiness fails"), NEVER_READY), 1, "third", never="unready")
    judge(release("no-list", Row("ready, but lists no films"), NO_LIST), 1, "third", never="no-list")
    judge(release("no-docs", Row("the smoke test fails through the proxy alone"), NO_DOCS_OUTSIDE), 1, "third")
    judge(release("unmigrated", Row("its migration fails"), NO_MIGRATION), 1, "third", never="unmigrated")
    row = told(server, Row("deploy/rollback"), accounts, "rollback")
    judge(row, 0, "second")
    if row.switched > ROLLBACK_SECONDS:
        wrong.append("it took too long")
    for number, moment in enumerate(KILLED_AT):
        name = f"killed-{number}"
        judge(killed(server, accounts, server.variant(name), moment), 0, name)
    return rows, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("training_image")
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:  # noqa: S607
        raise SystemExit("This drill needs a Docker engine (DOCKER_HOST).")
    server = Server(options.image, options.training_image)
    try:
        rows, wrong = drill(server, options.clients)
    except BaseException:
        print((server.home / "drill.log").read_text()[-4000:])
        raise
    finally:
        server.down()
    table = "\n".join(row.line() for row in rows)
    report = f"""\
# Releases under load

`python -m benchmarks.drills.release IMAGE TRAINING_IMAGE --clients {options.clients}`

The production stack of `deploy/compose.production.yml` by its own scripts; {options.clients} signed-in clients, each
with an open connection to the proxy, {WRITES:.0%} of their requests writes. Lost is a request without an answer, or
with a status of 500 or more; nothing is asked twice.

| what | exit | switched after | took | requests meanwhile | lost | answered by | serves afterwards |
|---|---|---|---|---|---|---|---|
{table}

{"All as it should be." if not wrong else f"NOT as it should be: {', '.join(wrong)}."} Switched: when another release
than the one that serves afterwards answered for the last time. Backing up and renewing the worker are part of the time.
"""
    print(report)
    if options.out:
        options.out.write_text(report)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
