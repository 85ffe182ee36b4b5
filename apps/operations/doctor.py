"""What is wrong with this installation, and what mends it: one finding for each thing that it hangs on.

A check asks the thing itself, and says what it found. What it does not survive, and what it waits for longer than
``PATIENCE``, the examination turns into a finding, so that no check hides another.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPException
from threading import Thread
from time import monotonic
from typing import Any
from uuid import uuid4

from celery import current_app
from django.conf import settings
from django.core import checks, mail
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.models import Max
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from apps.operations.findings import Finding, fail, line_of, ok, place_of, time_since, warn
from apps.operations.models import JobRecord
from apps.recommendations.artifacts import ArtifactCorrupt
from apps.recommendations.fresh import with_fresh_layer
from apps.recommendations.models import ModelVersion
from apps.recommendations.serving import load
from utils.health import migrations_pending
from utils.tmdb_client import TMDbError, TMDbUnauthorised, tmdb

PATIENCE = 5.0  # seconds, of one check
CONNECT = 2.0  # seconds, of one connection
MIB = 1024 * 1024
ARTIFACTS_NEED = 200 * MIB
TEMP_NEEDS = 10 * MIB
NEARLY_FULL = 0.1  # of a disk
BEAT_SILENT = timedelta(minutes=15)  # the most frequent job is due every minute, but waits while a worker trains


def configuration() -> Finding:
    """Django's own checks, those of a deployment among them."""
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    told = [message for message in checks.run_checks(include_deployment_checks=True) if not message.is_silenced()]
    serious = [message for message in told if message.is_serious()]
    if serious:
        return fail(_first_of(serious), "manage.py check --deploy says all of it")
    if not module.endswith(".production"):
        return warn(f"{module} is not for a server", "set DJANGO_SETTINGS_MODULE=config.settings.production")
    if told:
        return warn(_first_of(told), "manage.py check --deploy says all of it")
    return ok(f"{module} for {', '.join(settings.ALLOWED_HOSTS)}")


def _first_of(messages: list[checks.CheckMessage]) -> str:
    more = f", and {len(messages) - 1} more" if messages[1:] else ""
    return f"{messages[0].id}: {line_of(messages[0].msg)}{more}"


def database() -> Finding:
    try:
        with connection.cursor() as cursor:
            if connection.vendor != "postgresql":
                return ok(f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}")
            cursor.execute("SELECT current_setting('server_version'), current_setting('server_encoding')")
            version, encoding = cursor.fetchone()
    except DatabaseFailure as failure:
        return fail(f"no answer: {line_of(failure)}", "start PostgreSQL or mend DATABASE_URL")
    at = settings.DATABASES["default"]
    if encoding != "UTF8":
        return fail(f"its encoding is {encoding}", "restore a backup into a database made with ENCODING 'UTF8'")
    return ok(f"PostgreSQL {version.split()[0]} at {at['HOST']}:{at['PORT'] or 5432}, {encoding}")


def migrations() -> Finding:
    if waiting := migrations_pending():
        return fail(f"{waiting} not applied", "manage.py migrate")
    return ok("all applied")


def redis() -> Finding:
    """A ping, a value that comes back, and that nothing is thrown away which must stay."""
    if not settings.REDIS_URL:
        return ok("not set up: each process keeps answers of its own")
    server, key, value = _redis(settings.REDIS_URL), f"doctor:{uuid4()}", uuid4().hex.encode()
    try:
        server.set(key, value, ex=10)
        came_back = server.get(key) == value
        server.delete(key)
        memory: Mapping[str, Any] = server.info("memory")
    except RedisError as failure:
        return fail(f"no answer: {line_of(failure)}", "start Redis or mend REDIS_URL")
    policy = str(memory.get("maxmemory_policy", "unknown"))
    if not came_back:
        return fail(
            "a value that was written did not come back", "see the log of Redis, and whether its memory is full"
        )
    if policy.startswith("allkeys"):
        says = f"its maxmemory-policy {policy} throws away jobs and counts of throttles"
        return fail(says, "set maxmemory-policy to volatile-lru")
    return ok(f"{place_of(settings.REDIS_URL)}, {memory['used_memory_human']}B used, {policy}")


def worker() -> Finding:
    """Whether the broker answers, and a worker through it."""
    if not settings.CELERY_BROKER_URL:
        return ok("not set up: jobs run on a thread of the web process")
    place = place_of(settings.CELERY_BROKER_URL)
    try:
        with current_app.connection_for_write(settings.CELERY_BROKER_URL, connect_timeout=CONNECT) as broker:
            broker.ensure_connection(max_retries=0, timeout=int(CONNECT))
            answers = current_app.control.ping(timeout=CONNECT, connection=broker)
    except (OperationalError, RedisError, OSError) as failure:
        return fail(f"the broker at {place} does not answer: {line_of(failure)}", "start it or mend CELERY_BROKER_URL")
    if not answers:
        return fail(f"no worker answers through {place}", "start one: celery -A config worker")
    return ok(", ".join(sorted(name for answer in answers for name in answer)))


def beat() -> Finding:
    """By what it had done lately."""
    if not settings.CELERY_BROKER_URL:
        return ok("not set up: nothing runs by itself")
    jobs = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    last = JobRecord.objects.filter(name__in=jobs).aggregate(at=Max("last_started_at"))["at"]
    fix = "start it: celery -A config beat; if it runs, see whether the worker is busy"
    if last is None:
        return warn("no job of its schedule has run yet", fix)
    if timezone.now() - last > BEAT_SILENT:
        return fail(f"the last job of its schedule began {time_since(last)}", fix)
    return ok(f"the last job of its schedule began {time_since(last)}")


def tmdb_key() -> Finding:
    client = tmdb()
    if client is None:
        return ok("no key: the catalogue is what our own tables hold")
    try:
        client.check()
    except TMDbUnauthorised:
        return fail("TMDb does not accept the key", "copy it once more into TMDB_READ_TOKEN or TMDB_API_KEY")
    except TMDbError as failure:
        fix = f"see whether this machine reaches {place_of(settings.TMDB_BASE_URL)}; until then kept answers serve"
        return warn(f"no answer: {line_of(failure)}", fix)
    return ok(f"{place_of(settings.TMDB_BASE_URL)} accepts the key")


def artifacts() -> Finding:
    root = Path(settings.ARTIFACT_ROOT)
    if not root.is_dir():
        return fail(f"there is no directory {root}", "make it, or mend ARTIFACT_ROOT; web and worker must share it")
    if not os.access(root, os.R_OK | os.X_OK):
        return fail(f"this process may not read {root}", f"chown it to the user that runs this, number {os.geteuid()}")
    if os.access(root, os.W_OK):
        return ok(f"{root}, to read and to write")
    if settings.CELERY_BROKER_URL:
        return ok(f"{root}, to read: the worker writes")
    return fail(f"{root} cannot be written to, and trains here", f"let user number {os.geteuid()} write to it")


def how_to_train() -> str:
    """With a queue the web cannot: it only reads the artifacts."""
    return "celery -A config call recommendations.train" if settings.CELERY_BROKER_URL else "manage.py train"


def model() -> Finding:
    """Every file of the active one, read and compared with its checksum."""
    version = ModelVersion.objects.active()
    if version is None:
        return warn("nothing trained yet: popular films answer", how_to_train())
    try:
        trained = load(version)
        if version.fresh:
            with_fresh_layer(trained, version.fresh)
    except ArtifactCorrupt as failure:
        return fail(line_of(failure), f"{how_to_train()}, or deploy/restore the artifacts of a backup")
    says = f"{version.name}, trained {time_since(version.trained_at)}"
    if timezone.now() - version.trained_at > timedelta(hours=settings.MODEL_AGE_GOAL_HOURS):
        return warn(says, f"{how_to_train()}, and see the log of the worker for why it did not")
    return ok(says)


def disk() -> Finding:
    """Where a training writes its arrays, and where what is too large for memory goes meanwhile."""
    tight = []
    for path, needs in ((Path(settings.ARTIFACT_ROOT), ARTIFACTS_NEED), (Path(tempfile.gettempdir()), TEMP_NEEDS)):
        total, _, free = shutil.disk_usage(_nearest(path))
        says = f"{free // MIB} of {total // MIB} MiB free at {path}"
        if free < needs:
            return fail(says, f"make room, {needs // MIB} MiB at least: old backups, logs, docker builder prune")
        tight.append((free < NEARLY_FULL * total, says))
    says = ", ".join(says for _, says in tight)
    if any(is_tight for is_tight, _ in tight):
        return warn(says, "make room: old backups, logs, docker builder prune")
    return ok(says)


def _nearest(path: Path) -> Path:
    """The path, or what there is of it."""
    return next(there for there in (path, *path.parents) if there.exists())


def mail_server() -> Finding:
    """Up to where a mail would be handed over; none is."""
    backend = settings.EMAIL_BACKEND.rsplit(".", 2)[-2]
    if backend != "smtp":
        where = "is printed to the log, links and all" if backend == "console" else "goes nowhere"
        return warn(f"{where}: the backend is {backend}", "set EMAIL_URL=smtp+tls://user:password@host:587")
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    server = mail.get_connection(timeout=CONNECT)
    try:
        server.open()
    except (SMTPException, OSError) as failure:
        return fail(f"{place} does not take mail: {line_of(failure)}", "mend EMAIL_URL: host, port, user, password")
    finally:
        server.close()
    return ok(f"{place} takes mail" + (f" of {settings.EMAIL_HOST_USER}" if settings.EMAIL_HOST_USER else ""))


def backup() -> Finding:
    record = JobRecord.objects.filter(name="backup").first()
    fix = "deploy/backup, and see its timer (docs/BACKUP.md)"
    if record is None or record.last_success_at is None:
        return warn("none is on record", fix)
    says = f"the last one was made {time_since(record.last_success_at)}"
    if timezone.now() - record.last_success_at > timedelta(hours=settings.BACKUP_AGE_GOAL_HOURS):
        return fail(says, fix)
    if record.last_failure_at and record.last_failure_at > record.last_success_at:
        return warn(f"{says}; one has failed since", fix)
    return ok(says)


CHECKS: dict[str, Callable[[], Finding]] = {
    "configuration": configuration,
    "database": database,
    "migrations": migrations,
    "redis": redis,
    "worker": worker,
    "beat": beat,
    "tmdb": tmdb_key,
    "artifacts": artifacts,
    "model": model,
    "disk": disk,
    "mail": mail_server,
    "backup": backup,
}


def examine() -> Iterator[tuple[str, Finding]]:
    """What each check found, in the order of ``CHECKS``; those that wait for others wait at the same time."""
    found: dict[str, Finding] = {}
    threads = {name: Thread(target=_look, args=(name, found), daemon=True) for name in CHECKS}
    threads["configuration"].run()  # waits for nobody, but imports everything
    for thread in list(threads.values())[1:]:
        thread.start()
    end = monotonic() + PATIENCE
    for name, thread in threads.items():
        if thread.ident:
            thread.join(max(0.0, end - monotonic()))
        yield name, found.get(name, SILENCE)


SILENCE = fail(f"no answer in {PATIENCE:.0f} s", "see whether what it asks is overloaded, or behind a firewall")


def _look(name: str, found: dict[str, Finding]) -> None:
    try:
        finding = CHECKS[name]()
    except DatabaseFailure as failure:
        finding = fail(f"the database does not tell: {line_of(failure)}", "mend the database, or manage.py migrate")
    except Exception as failure:  # whatever is wrong with one thing, the others are told
        finding = fail(f"the check failed: {type(failure).__name__}: {line_of(failure)}", "report this as a bug")
    finally:
        connection.close()
    found[name] = finding


def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=CONNECT, socket_connect_timeout=CONNECT)
