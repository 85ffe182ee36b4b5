"""What is so at this moment, whichever process is asked: for /metrics and for the staff's page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache

from django.conf import settings
from django.db import Error as DatabaseFailure
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from apps.operations.models import JobRecord
from apps.recommendations.models import ModelVersion
from utils.health import migrations_pending

logger = logging.getLogger(__name__)

QUEUE = "celery"
BROKER_PATIENCE = 1.0  # seconds


class StateCollector(Collector):
    """Asks the tables and the broker at every scrape."""

    def describe(self) -> list[Metric]:
        return []  # else registering would ask the database, before there is one

    def collect(self) -> Iterator[Metric]:
        yield _gauge("marquee_build", "The release that answers.", 1, version=settings.VERSION, commit=settings.COMMIT)
        yield _gauge(
            "marquee_model_age_goal_seconds", "No model should be older.", 3600 * settings.MODEL_AGE_GOAL_HOURS
        )
        yield _gauge("marquee_backup_age_goal_seconds", "No backup should.", 3600 * settings.BACKUP_AGE_GOAL_HOURS)
        try:
            of_tables = [*_model(), *_jobs(), _migrations()]
        except DatabaseFailure:
            logger.exception("the database does not tell how it is")
            of_tables = []
        yield _gauge("marquee_database_up", "Whether the database answers.", int(bool(of_tables)))
        yield from of_tables
        yield from _queues()


def _gauge(name: str, help_text: str, value: float, **labels: str) -> Metric:
    gauge = GaugeMetricFamily(name, help_text, labels=list(labels))
    gauge.add_metric(list(labels.values()), value)
    return gauge


def _model() -> Iterator[Metric]:
    active = ModelVersion.objects.active()
    if active:
        help_text = "When the model that answers was trained."
        yield _gauge("marquee_model_trained_timestamp_seconds", help_text, active.trained_at.timestamp())


def _jobs() -> Iterator[Metric]:
    # Not "job": that is Prometheus' own label, of whom it scraped.
    runs = CounterMetricFamily("marquee_job_runs", "Runs that ended.", labels=["task", "outcome"])
    seconds = CounterMetricFamily("marquee_job_seconds", "That all runs took together.", labels=["task"])
    success = GaugeMetricFamily(
        "marquee_job_last_success_timestamp_seconds", "When a run last ended well.", labels=["task"]
    )
    for record in JobRecord.objects.all():
        runs.add_metric([record.name, "ok"], record.runs - record.failures)
        runs.add_metric([record.name, "failed"], record.failures)
        seconds.add_metric([record.name], record.seconds)
        if record.last_success_at:
            success.add_metric([record.name], record.last_success_at.timestamp())
    yield from (runs, seconds, success)


def _migrations() -> Metric:
    return _gauge("marquee_migrations_pending", "Migrations not applied yet.", migrations_pending())


def _queues() -> Iterator[Metric]:
    waiting = queue_length()
    if waiting is not None:
        yield _gauge("marquee_queue_length", "Jobs that wait for a worker.", waiting, queue=QUEUE)


def queue_length() -> int | None:
    """Jobs that no worker has taken; None without a broker on Redis, or while it does not answer."""
    if not settings.CELERY_BROKER_URL.startswith("redis"):
        return None
    try:
        return _broker(settings.CELERY_BROKER_URL).llen(QUEUE)
    except RedisError:
        logger.warning("the broker does not tell how many jobs wait")
        return None


@lru_cache(maxsize=1)
def _broker(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=BROKER_PATIENCE, socket_connect_timeout=BROKER_PATIENCE)
