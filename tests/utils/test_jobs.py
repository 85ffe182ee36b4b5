import threading

import pytest
from django.conf import settings as django_settings
from django.db import transaction

from config.celery import app
from utils import jobs
from utils.jobs import enqueue, job

ran = []
finished = threading.Event()


@job("tests.remember")
def remember(*, value):
    ran.append((value, threading.current_thread().name))
    finished.set()


@job("tests.fail")
def fail():
    raise RuntimeError("the job's own fault")


@pytest.fixture(autouse=True)
def forgotten():
    ran.clear()
    finished.clear()


@pytest.fixture
def in_the_background(settings):
    settings.JOBS_EAGER = False
    yield
    jobs._thread.submit(int).result(5)  # a job is on record a moment after it ran


@pytest.fixture
def broker(settings, monkeypatch):
    settings.CELERY_BROKER_URL = "memory://"
    monkeypatch.setattr(app.conf, "broker_url", "memory://")
    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        queue.clear()
        yield queue


def values():
    return [value for value, _ in ran]


def test_a_job_waits_for_the_commit(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enqueue(remember, value=1)
        assert values() == []
    assert values() == [1]


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_a_job_runs_at_once():
    enqueue(remember, value=1)
    assert values() == [1]


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_transaction_rolled_back_never_runs():
    with transaction.atomic():
        enqueue(remember, value=1)
        transaction.set_rollback(True)
    enqueue(remember, value=2)
    assert values() == [2]


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_job_runs_on_the_background_thread(in_the_background):
    enqueue(remember, value=1)
    assert finished.wait(5)
    ((value, thread),) = ran
    assert value == 1
    assert thread.startswith("jobs")


@pytest.mark.django_db(transaction=True)
def test_a_failure_in_the_background_is_logged_and_the_next_job_runs(in_the_background, caplog):
    enqueue(fail)
    enqueue(remember, value=2)
    assert finished.wait(5)
    (record,) = [record for record in caplog.records if record.name == "utils.jobs"]
    assert record.getMessage() == "job tests.fail failed"
    assert "the job's own fault" in str(record.exc_info[1])


@pytest.mark.django_db(transaction=True)
def test_with_a_broker_a_job_goes_to_the_worker(broker):
    enqueue(remember, value=3)
    message = broker.get(timeout=5)
    message.ack()
    assert values() == []
    args, kwargs, _ = message.payload
    app.tasks[message.headers["task"]](*args, **kwargs)
    assert values() == [3]


def test_every_scheduled_job_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
