"""The server as it is run, each part a process: web processes and, where there is a Redis, a Celery worker."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import redis
import requests

from benchmarks.drills.stack import ROOT, free_port

BIN = Path(sys.executable).parent
PATIENCE = 90  # seconds, on a machine that is busy with something else
# What a training can do in seconds; the worker, which trains all engines, finds no JAX and leaves out what needs it.
ENGINES = ("trending", "genre_affinity", "similar", "co_favorited", "knn", "content_based")
NO_JAX = 'raise ModuleNotFoundError("No module named \'jax\'", name="jax")\n'
FILL = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("load_demo")
"""  # in one process: each takes two seconds to begin
OURS = "journey"  # the key by which a database of Redis is taken


def until(ask, what):
    """What ``ask`` answers, as soon as that is something."""
    end = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < end, f"{what}: not in {PATIENCE} s"
        time.sleep(0.1)
    return answer


@contextmanager
def database(folder):
    """The URL of an empty one, on the suite's PostgreSQL where it has one."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / 'marquee.sqlite3'}"
        return
    name = f"marquee_journey_{uuid4().hex}"
    _on_postgres(server, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _on_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


def _on_postgres(server, statement):
    connection = psycopg2.connect(urlsplit(server)._replace(path="/postgres").geturl())
    connection.autocommit = True  # a database is not made in a transaction
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@contextmanager
def redis_database():
    """The URL of one that nobody else uses, on the suite's Redis; empty where it has none."""
    server = os.environ.get("REDIS_URL", "")
    if not server:
        yield ""
        return
    urls = (urlsplit(server)._replace(path=f"/{number}").geturl() for number in range(1, 16))
    url = next(url for url in urls if _is_taken(url))
    try:
        yield url
    finally:
        redis.from_url(url).flushdb()


def _is_taken(url):
    """Whether it is ours now: it was empty, and nobody was faster."""
    client = redis.from_url(url)
    if client.dbsize():
        return False
    return bool(client.set(OURS, "taken", nx=True, ex=3600))


class Server:
    """``ports``: one of each web process. There are two where they have a Redis in common, else there is one."""

    def __init__(self, folder, database_url, redis_url, broker_url):
        self.folder, self.has_worker = folder, bool(broker_url)
        (folder / "jax.py").write_text(NO_JAX)
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "SECRET_KEY": f"{uuid4()}-{uuid4()}",
            "JWT_SIGNING_KEY": f"{uuid4()}-{uuid4()}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "false",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "CELERY_BROKER_URL": broker_url,
            "ARTIFACT_ROOT": str(folder / "artifacts"),
            "TMDB_READ_TOKEN": "",
            "TMDB_API_KEY": "",
            "TRAIN_ON_TMDB_CONTENT": "true",
            "EMAIL_URL": "dummymail://",
            "THROTTLING": "false",  # all clients have one address
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.worker_port = free_port()
        self.ports = [free_port() for _ in range(2 if redis_url else 1)]
        self._processes = []
        self._closing = ExitStack()
        self._closing.callback(_end, self._processes)

    def __enter__(self):
        with self._closing as closing:
            if self.has_worker:
                counts = {"METRICS_PORT": self.worker_port, "PROMETHEUS_MULTIPROC_DIR": self.folder / "counts"}
                worker = ["celery", "-A", "config", "worker", "--concurrency", "1"]
                self._start("worker", *worker, PYTHONPATH=self.folder, **counts)
            for port in self.ports:
                web = ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
                self._start(f"web-{port}", *web, "--workers", "1", "--threads", "4")
            self.shell(FILL)
            self.train()
            until(lambda: all(map(self.is_ready, self.ports)), "the web processes")
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_):
        self._closing.close()

    def train(self):
        if self.has_worker:
            self.job("recommendations.train")
        else:
            self.manage("train", *(word for name in ENGINES for word in ("--engine", name)))

    def job(self, name):
        """Have a job done: by the worker some time soon, or else here and now."""
        if self.has_worker:
            self._run(BIN / "celery", "-A", "config", "call", name)
        else:
            self.shell(f"from config.celery import app; app.loader.import_default_modules(); app.tasks[{name!r}]()")

    def shell(self, code):
        """What this code prints, with the settings of the server."""
        return self.manage("shell", "--no-imports", "--verbosity", "0", "-c", code)

    def kept_of(self, user_id):
        """The keys of what Redis holds of this user's lists."""
        client = redis.from_url(self.env["REDIS_URL"]) if self.env["REDIS_URL"] else None
        return list(client.scan_iter(f"*:recommendations:{user_id}:*")) if client else []

    def manage(self, *words):
        return self._run(sys.executable, "manage.py", *words)

    def is_ready(self, port):
        """Whether it answers with a model."""
        with suppress(requests.ConnectionError):
            checks = requests.get(f"http://127.0.0.1:{port}/health/ready/", timeout=PATIENCE).json()["checks"]
            return set(checks.values()) == {"ok"}
        return False

    def _run(self, *command):
        done = subprocess.run(command, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def _start(self, name, program, *words, **env):
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [BIN / program, *words],
            env=self.env | {key: str(value) for key, value in env.items()},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._processes.append(process)


def _end(processes):
    """With all their children."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
