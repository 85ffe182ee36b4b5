"""Each check against the thing itself, well and unwell."""

import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from redis import Redis

from apps.operations import doctor
from apps.operations.findings import Level
from apps.operations.models import JobRecord
from apps.recommendations.models import ModelVersion
from apps.recommendations.serving import artifact_of
from apps.recommendations.training import train
from benchmarks.drills.stack import ROOT, free_port
from tests.factories import FavoriteFactory
from tests.journey.server import until
from utils import shared

SECRET = "hush-8f2c-hush"
NOWHERE = "127.0.0.1:1"  # where nobody listens


def examined(**env):
    """The lines of the command by check, and its exit code."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.production", **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    return {line.split()[1]: line for line in done.stdout.splitlines()}, done.returncode


def environment(place, tmdb_url, folder):
    """A server whose stores are all at one place."""
    return {
        "SECRET_KEY": f"{SECRET}-{'0123456789abcdef' * 4}",
        "JWT_SIGNING_KEY": f"{SECRET}-{'fedcba9876543210' * 4}",
        "ALLOWED_HOSTS": "api.example.org",
        "DATABASE_URL": f"postgres://marquee:{SECRET}@{place}/marquee",
        "REDIS_URL": f"redis://:{SECRET}@{place}/0",
        "CELERY_BROKER_URL": f"redis://:{SECRET}@{place}/1",
        "TMDB_BASE_URL": tmdb_url,
        "TMDB_READ_TOKEN": SECRET,
        "ARTIFACT_ROOT": str(folder),
        "EMAIL_URL": f"smtp+tls://marquee:{SECRET}@{place}",
    }


@pytest.fixture
def silence():
    """Where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def redis_server():
    """The URL of a Redis of our own, to set as the tests of others must not."""
    program, port = shutil.which("redis-server"), free_port()
    if not program:
        pytest.skip("there is no redis-server on this machine")
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "volatile-lru"]
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)  # noqa: S603
    until(lambda: _listens(port), "Redis")
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait()


def _listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as greets, knows one password, and notes what it is told."""

    def handle(self):
        self.wfile.write(b"220 mail\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper()
            self.server.told.append(verb.decode())
            self.wfile.write(self._answer(verb, line))
            if verb == b"QUIT":
                return

    def _answer(self, verb, line):
        if verb == b"EHLO":
            return b"250-mail\r\n250 AUTH PLAIN\r\n"
        if verb == b"AUTH":
            right = b"AG1hcnF1ZWUAcmlnaHQ="  # marquee, right
            return b"235 welcome\r\n" if line.split()[-1] == right else b"535 5.7.8 not you, %s\r\n" % SECRET.encode()
        return b"250 yes\r\n" if verb != b"QUIT" else b"221 bye\r\n"


@pytest.fixture
def smtp(settings):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        server.told, server.daemon_threads = [], True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "marquee", "right"
        settings.EMAIL_USE_TLS = False
        yield server
        server.shutdown()


@pytest.fixture
def store(settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def version(db, store):
    FavoriteFactory()
    return train(names=["popular"]).version


def ran(name, *, ago, **fields):
    at = timezone.now() - ago
    JobRecord.objects.create(name=name, runs=1, last_started_at=at, **{"last_success_at": at, **fields})


def test_with_everything_away_each_thing_is_named_with_its_fix_and_no_secret_is_told(tmdb, tmp_path):
    lines, code = examined(**environment(NOWHERE, tmdb.url, tmp_path / "nowhere"))
    assert code == 1
    assert list(lines) == list(doctor.CHECKS)
    failed = {name for name, line in lines.items() if line.startswith("FAIL")}
    assert failed == lines.keys() - {"configuration", "disk"}
    assert all(". Fix: " in lines[name] for name in failed)
    assert "Connection refused" in lines["database"]
    assert "does not accept the key" in lines["tmdb"]


def test_what_never_answers_hides_nothing_and_is_not_waited_for(silence, tmp_path):
    started = time.monotonic()
    lines, code = examined(**environment(silence, f"http://{silence}/3", tmp_path))
    assert code == 1
    assert list(lines) == list(doctor.CHECKS)
    assert {name: line.split()[0] for name, line in lines.items()} == {
        "configuration": lines["configuration"].split()[0],
        "tmdb": "warn",  # kept answers serve
        "artifacts": "ok",
        "disk": lines["disk"].split()[0],
    } | dict.fromkeys(("database", "migrations", "redis", "worker", "beat", "model", "mail", "backup"), "FAIL")
    assert time.monotonic() - started < doctor.PATIENCE + 15  # that of a slow machine to begin


@pytest.mark.django_db(transaction=True)
def test_nothing_failing_exits_with_0_and_a_failure_with_1(store, settings, capsys):
    settings.REDIS_URL = ""
    call_command("doctor")
    assert "ok     database" in capsys.readouterr().out
    ran("backup", ago=timedelta(hours=settings.BACKUP_AGE_GOAL_HOURS + 1))
    with pytest.raises(SystemExit) as left:
        call_command("doctor")
    assert left.value.code == 1
    assert "FAIL   backup          the last one was made 27 h ago. Fix: deploy/backup" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_a_check_that_breaks_is_a_line_like_the_others(monkeypatch, store):
    monkeypatch.setitem(doctor.CHECKS, "disk", lambda: 1 / 0)
    found = dict(doctor.examine())
    assert found["disk"].says == "the check failed: ZeroDivisionError: division by zero"
    assert found["artifacts"].level == Level.OK


@pytest.mark.parametrize(
    ("variables", "level", "word"),
    [
        ({"SECURE_SSL_REDIRECT": "true", "SECURE_HSTS_SECONDS": "31536000"}, "ok", "api.example.org"),
        ({"SECURE_SSL_REDIRECT": "false"}, "warn", "security.W008"),
        ({"DJANGO_SETTINGS_MODULE": "config.settings.development"}, "warn", "not for a server"),
    ],
)
def test_the_configuration_is_what_django_says_of_a_deployment(variables, level, word, tmp_path):
    env = environment(NOWHERE, f"http://{NOWHERE}/3", tmp_path) | {"TRAIN_ON_TMDB_CONTENT": "false"}
    lines, _ = examined(**(env | variables))
    assert lines["configuration"].startswith(level)
    assert word in lines["configuration"]


def test_the_database_says_what_it_is(db):
    finding = doctor.database()
    assert finding.level == Level.OK
    assert finding.says.startswith(("PostgreSQL", "SQLite"))


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_is_not_applied_is_a_failure():
    assert doctor.migrations().level == Level.OK
    call_command("migrate", "operations", "zero", verbosity=0)
    try:
        finding = doctor.migrations()
    finally:
        call_command("migrate", verbosity=0)
    assert finding.level == Level.FAIL
    assert "not applied" in finding.says


def test_redis_answers_and_keeps_what_it_must(redis_server, settings):
    settings.REDIS_URL = redis_server
    assert doctor.redis().level == Level.OK
    client = Redis.from_url(redis_server)
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert "throws away jobs" in doctor.redis().says
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    assert doctor.redis().level == Level.FAIL  # it is full, though it answers a ping


ASK = "import django; django.setup(); from apps.operations.doctor import worker; print(worker().says)"


def test_a_worker_answers_through_the_broker_or_does_not(redis_server):
    """Asked by a process of its own, as the doctor is: Celery keeps the brokers of other tests in mind."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.development", "CELERY_BROKER_URL": redis_server}

    def says():
        asked = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", ASK], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
        return asked.stdout.strip()

    assert "no worker answers" in says()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [Path(sys.executable).parent / "celery", "-A", "config", "worker", "--pool", "solo", "--hostname", "w@here"],
        env=env,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: says() == "w@here", "the worker")
    finally:
        process.terminate()
        process.wait()


def test_beat_is_alive_by_what_it_had_done_lately(db, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/1"
    assert doctor.beat().level == Level.WARN
    ran("backup", ago=timedelta(0))  # which beat has nothing to do with
    ran("recommendations.refresh", ago=timedelta(minutes=16))
    assert doctor.beat().level == Level.FAIL
    ran("movies.sync_details", ago=timedelta(minutes=3))
    assert doctor.beat().level == Level.OK


def test_the_key_is_tried(tmdb, settings):
    assert doctor.tmdb_key().level == Level.OK
    assert tmdb.calls("/configuration") == 1
    settings.TMDB_READ_TOKEN = "wrong"
    assert doctor.tmdb_key().level == Level.FAIL
    settings.TMDB_READ_TOKEN = ""
    assert "our own tables" in doctor.tmdb_key().says


def test_tmdb_away_is_a_warning(tmdb):
    tmdb.stop()
    assert doctor.tmdb_key().level == Level.WARN


def test_the_directory_of_artifacts_is_there_or_not(store, settings):
    assert doctor.artifacts().level == Level.OK
    settings.ARTIFACT_ROOT = store / "file"
    settings.ARTIFACT_ROOT.write_text("")
    assert doctor.artifacts().level == Level.FAIL


def test_a_model_is_read_to_its_last_byte(version):
    assert doctor.model().level == Level.OK
    path = artifact_of(version) / "popular" / "standing.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "was changed after it was written" in doctor.model().says
    shutil.rmtree(path.parents[1])
    assert doctor.model().level == Level.FAIL


def test_an_old_model_and_none_are_warnings(version, settings):
    ModelVersion.objects.update(trained_at=timezone.now() - timedelta(hours=settings.MODEL_AGE_GOAL_HOURS + 1))
    assert doctor.model().level == Level.WARN
    ModelVersion.objects.all().delete()
    assert "popular films answer" in doctor.model().says


@contextmanager
def disk_of(mib, path):
    mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", path]
    if subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("this user may not mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", path], check=True)  # noqa: S603


def test_a_full_disk_is_a_failure(store):
    with disk_of(1, store):
        finding = doctor.disk()
    assert finding.level == Level.FAIL
    assert f"of 1 MiB free at {store}" in finding.says


@pytest.mark.parametrize(("need", "level"), [("ARTIFACTS_NEED", Level.FAIL), ("TEMP_NEEDS", Level.FAIL)])
def test_a_disk_with_less_than_is_needed_is_a_failure(monkeypatch, store, need, level):
    monkeypatch.setattr(doctor, need, 2**70)
    assert doctor.disk().level == level


def test_mail_is_offered_but_none_is_sent(smtp):
    assert doctor.mail_server().level == Level.OK
    assert smtp.told == ["EHLO", "AUTH", "QUIT"]


def test_a_mail_server_that_does_not_know_us_is_a_failure_that_repeats_no_password(smtp, settings):
    settings.EMAIL_HOST_PASSWORD = SECRET
    finding = doctor.mail_server()
    assert finding.level == Level.FAIL
    assert "not you, ***" in finding.says


def test_mail_to_the_log_is_a_warning(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert doctor.mail_server().level == Level.WARN


def test_a_backup_is_on_record_lately_and_did_not_fail_since(db):
    assert doctor.backup().level == Level.WARN
    ran("backup", ago=timedelta(hours=2))
    assert doctor.backup().level == Level.OK
    JobRecord.objects.update(last_failure_at=timezone.now())
    assert "one has failed since" in doctor.backup().says


@pytest.fixture(autouse=True)
def breaker_closed():
    """What these tests let fail must not spare Redis or TMDb a call in another test."""
    yield
    shared.BREAKER.close()
