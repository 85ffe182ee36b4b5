"""A scratch database, one production worker over it, and what the worker and the database spend."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2  # type: ignore[import-untyped]

from benchmarks.drills.stack import Process, free_port

TICKS = os.sysconf("SC_CLK_TCK")
Spent = Mapping[int, float]  # seconds of processor time, by process


@contextmanager
def scratch_database(server: str, name: str) -> Iterator[str]:
    """The URL of a new database on this server, which is dropped in the end."""
    tell(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    tell(server, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        tell(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def tell(server: str, statement: str) -> list[tuple[int]]:
    """One statement outside of a transaction, on a connection of its own; its rows."""
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


def environment(*, database: str, redis: str, artifacts: str) -> dict[str, str]:
    """Of production, on this machine."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.http.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "false",  # no proxy stands before it
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "CELERY_BROKER_URL": "",
        "ARTIFACT_ROOT": artifacts,
        "MARQUEE_COMMIT": "bench-http",
        "LOG_LEVEL": "WARNING",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


@contextmanager
def serving(env: Mapping[str, str], log: Path) -> Iterator[Worker]:
    """One worker, its threads and all else as in production."""
    port = free_port()
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    words = [gunicorn, "-c", "config/gunicorn.py", "config.wsgi", "-b", f"127.0.0.1:{port}", "--workers", "1"]
    process = Process(port, words, dict(env), log)
    process.start()
    try:
        yield Worker(process)
    finally:
        process.kill()


class Worker:
    def __init__(self, process: Process) -> None:
        self._master = process
        self.port = process.port

    @property
    def pid(self) -> int:
        assert self._master.process is not None
        master = self._master.process.pid
        return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])

    def spent(self) -> Spent:
        return {self.pid: processor_seconds(self.pid)}


def spent_by_database(database: str) -> Spent:
    """By the processes that serve its connections; those that have ended are not counted."""
    pids = tell(database, "SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return {pid: processor_seconds(pid) for (pid,) in pids}


def processor_seconds(pid: int) -> float:
    """User and system time of a process with all of its threads; 0 where it has gone."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def between(before: Spent, after: Spent) -> float:
    """Seconds that the processes of ``after`` spent since."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())
