from datetime import timedelta

import pytest
import time_machine
from billiard.exceptions import WorkerLostError
from celery.exceptions import Retry
from celery.signals import task_failure
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from apps.operations.models import JobRecord
from apps.recommendations.models import ModelVersion
from tests.factories import UserFactory
from utils.jobs import enqueue, job

REDIS_URL = django_settings.REDIS_URL
STATUS = "/admin/operations/jobrecord/status/"


@job("tests.operations")
def work(*, fails=None):
    if fails:
        raise fails


@pytest.fixture
def figures(client, db):
    def read():
        text = client.get("/metrics").content.decode()
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return {(sample.name, *sorted(sample.labels.values())): sample.value for sample in samples}

    return read


@pytest.fixture
def staff(client, db):
    client.force_login(UserFactory(email="operator@example.org", is_staff=True, is_superuser=True))
    return client


def run(**kwargs):
    """A job, as the worker runs it."""
    work(**kwargs)


@pytest.mark.django_db
def test_the_runs_of_a_job_are_on_record_and_in_the_metrics(figures):
    run()
    run()
    with pytest.raises(RuntimeError):
        run(fails=RuntimeError("no room for ann@example.org"))
    record = JobRecord.objects.get(name="tests.operations")
    assert (record.runs, record.failures, record.last_error) == (3, 1, "RuntimeError: no room for [email]")
    assert record.last_success_at <= record.last_failure_at >= record.last_started_at
    told = figures()
    assert told["marquee_job_runs_total", "ok", "tests.operations"] == 2
    assert told["marquee_job_runs_total", "failed", "tests.operations"] == 1
    assert told["marquee_job_seconds_total", "tests.operations"] == pytest.approx(record.seconds)
    success = told["marquee_job_last_success_timestamp_seconds", "tests.operations"]
    assert success == pytest.approx(record.last_success_at.timestamp())


@pytest.mark.django_db
def test_a_run_that_will_be_tried_again_is_not_over_yet():
    with pytest.raises(Retry):
        work(fails=Retry("in 10 s"))
    assert not JobRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_queued_is_on_record_too():
    enqueue(work)
    assert JobRecord.objects.get(name="tests.operations").runs == 1


@pytest.mark.django_db
def test_a_job_outside_is_put_on_record(capsys):
    call_command("job_done", "backup", seconds=12.5)
    call_command("job_done", "backup", failed="the disk is full")
    record = JobRecord.objects.get(name="backup")
    assert (record.runs, record.failures, record.seconds) == (2, 1, 12.5)
    assert record.last_error == "the disk is full"
    assert capsys.readouterr().out == "backup: done\nbackup: failed\n"


def test_the_age_of_the_model_is_a_metric(figures):
    assert ("marquee_model_trained_timestamp_seconds",) not in figures()
    version = ModelVersion.objects.create(name="v1", fingerprint="f", status="active")
    assert figures()[("marquee_model_trained_timestamp_seconds",)] == version.trained_at.timestamp()


def test_release_goals_and_migrations_are_metrics(figures, settings):
    told = figures()
    assert told["marquee_build", *sorted([settings.VERSION, settings.COMMIT])] == 1
    assert told[("marquee_model_age_goal_seconds",)] == 36 * 3600
    assert told[("marquee_backup_age_goal_seconds",)] == 26 * 3600
    assert told[("marquee_migrations_pending",)] == 0
    assert told[("marquee_database_up",)] == 1


def test_without_a_queue_there_is_no_length_of_it(figures):
    assert ("marquee_queue_length", "celery") not in figures()


@pytest.mark.skipif(not REDIS_URL, reason="a queue needs a Redis")
def test_the_length_of_the_queue_is_a_metric(figures, settings):
    settings.CELERY_BROKER_URL = f"{REDIS_URL.rpartition('/')[0]}/14"
    with Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        broker.rpush("celery", "a", "b")
        try:
            assert figures()["marquee_queue_length", "celery"] == 2
        finally:
            broker.delete("celery")


def test_a_broker_that_is_away_is_no_failure(figures, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert ("marquee_queue_length", "celery") not in figures()


def test_the_page_says_how_things_are(staff, settings):
    settings.COMMIT = "abc1234"
    ModelVersion.objects.create(name="model-7", fingerprint="f", status="active")
    JobRecord.objects.record("movies.sync_lists", seconds=2.0, error="TMDbUnavailable: away")
    page = staff.get(STATUS).content.decode()
    for words in ("commit abc1234", "model-7, trained", "none on record", "all applied", "TMDbUnavailable: away"):
        assert words in page


@pytest.mark.parametrize(("hours", "is_late"), [(35, False), (37, True)])
def test_a_model_past_its_goal_stands_out(staff, hours, is_late):
    with time_machine.travel(timezone.now() - timedelta(hours=hours)):
        ModelVersion.objects.create(name="model-7", fingerprint="f", status="active", trained_at=timezone.now())
    assert staff.get(STATUS).context["status"].model.is_late is is_late


@pytest.mark.parametrize("n_jobs", [1, 20])
def test_the_page_costs_as_many_queries_whatever_it_lists(staff, n_jobs, django_assert_max_num_queries):
    for number in range(n_jobs):
        JobRecord.objects.create(name=f"job {number}", runs=1, last_started_at=timezone.now())
    staff.get(STATUS)
    with django_assert_max_num_queries(18):
        staff.get(STATUS)


def test_it_is_for_staff_who_may_look(client, db):
    assert client.get(STATUS).status_code == 302
    client.force_login(UserFactory(is_staff=True))
    assert client.get(STATUS).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_process_was_killed_is_on_record():
    """Only the worker's main process can tell, and Celery does so by this signal."""
    task_failure.send(sender=work, exception=WorkerLostError("signal 9 (SIGKILL)"))
    record = JobRecord.objects.get(name="tests.operations")
    assert (record.failures, record.last_error) == (1, "WorkerLostError: signal 9 (SIGKILL)")
