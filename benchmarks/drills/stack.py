"""The production stack on this machine, and what stands behind it, each a process that can be killed and hung."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import orjson

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ready: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come up in {seconds} s")
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A process on a port of its own, started as often as it is killed; port 0 is one that listens on none."""

    def __init__(
        self, port: int, command: list[str], env: dict[str, str] | None = None, log: Path | None = None
    ) -> None:
        self.port, self.command = port, command
        self.env = {**os.environ, **(env or {})}
        self.log = log or Path(os.devnull)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command, env=self.env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: not self.port or answers(self.port), self.command[0])

    def signal(self, number: signal.Signals) -> None:
        if self.process:
            os.killpg(self.process.pid, number)

    def stop(self, seconds: float = 60) -> float:
        """As an operator does: it may finish what it has in hand; how long that took."""
        began = time.monotonic()
        if self.process:
            self.process.terminate()
            self.process.wait(seconds)
        return time.monotonic() - began

    def kill(self) -> None:
        """As a crash does: no goodbye."""
        with suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def hang(self) -> None:
        """It accepts connections and answers none."""
        self.signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.signal(signal.SIGCONT)


class Fake(Process):
    """TMDb, played on loopback."""

    def __init__(self, films: int, log: Path, latency: float = 0.0) -> None:
        port = free_port()
        words = ["-m", "tests.fake_tmdb", "--port", str(port), "--films", str(films), "--latency", str(latency)]
        super().__init__(port, [sys.executable, *words], log=log)

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/_control/{path}"
        data = None if path == "stats" else orjson.dumps(body)
        with urllib.request.urlopen(url, data, timeout=10) as answer:  # nosec B310  # http, to our own fake
            told: dict[str, Any] = orjson.loads(answer.read())
            return told


class Stack:
    """Web workers over a database of their own, a Redis of their own where asked for, and a fake TMDb."""

    def __init__(self, *, redis: bool, films: int = 5000, latency: float = 0.05, **settings: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="marquee-drill-"))
        self.fake = Fake(films, self.folder / "fake.log", latency)
        redis_port = free_port()
        command = ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.redis = Process(redis_port, command, log=self.folder / "redis.log") if redis else None
        self.env = {
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{self.folder / 'marquee.sqlite3'}",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0" if redis else "",
            "CELERY_BROKER_URL": "",
            "TMDB_BASE_URL": f"http://127.0.0.1:{self.fake.port}/3",
            "TMDB_EXPORTS_URL": f"http://127.0.0.1:{self.fake.port}/p/exports",
            "TMDB_READ_TOKEN": "a.read.token",
            "TRAIN_ON_TMDB_CONTENT": "true",
            "THROTTLING": "false",  # all clients have one address
            "LOG_LEVEL": "WARNING",
            **{name: str(value) for name, value in settings.items()},
        }
        port = free_port()
        words = ["config.wsgi", "-b", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8", "--log-level", "warning"]
        gunicorn = [str(Path(sys.executable).with_name("gunicorn")), "-c", "config/gunicorn.py", *words]
        self.web = Process(port, gunicorn, self.env, self.folder / "web.log")
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        self.fake.start()
        self._closing.callback(self.fake.kill)
        if self.redis:
            self.redis.start()
            self._closing.callback(self.redis.kill)
        self.manage("migrate", "--verbosity", "0")
        self.prepare()
        self.web.start()
        self._closing.callback(self.web.kill)
        until(lambda: self.status("/health/ready/") == 200, "the web server")
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def prepare(self) -> None:
        """What else a stack needs before it answers."""

    def manage(self, *words: str) -> None:
        env = {**os.environ, **self.env}
        subprocess.run([sys.executable, "manage.py", *words], env=env, cwd=ROOT, check=True)  # noqa: S603 - our own

    def status(self, path: str) -> int:
        try:
            url = f"http://127.0.0.1:{self.web.port}{path}"
            with urllib.request.urlopen(url, timeout=10) as answer:  # nosec B310  # http, to our own server
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0
