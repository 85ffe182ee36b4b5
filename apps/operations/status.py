"""How the service is doing, on one page for its staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from apps.movies import status as catalogue
from apps.movies.models import SyncState
from apps.operations.models import ApiUsage, JobRecord
from apps.operations.state import queue_length
from apps.recommendations.models import ModelVersion
from utils.health import OK, migrations_pending, readiness

BUSIEST = 15
BACKUP = "backup"


@dataclass(frozen=True)
class Aged:
    """Something that should not grow old. at: None where there is none."""

    name: str
    at: datetime | None
    goal: timedelta

    @property
    def goal_hours(self) -> int:
        return int(self.goal.total_seconds() // 3600)

    @property
    def is_late(self) -> bool:
        return self.at is None or timezone.now() - self.at > self.goal


@dataclass(frozen=True)
class RouteUsage:
    """Of the last day. milliseconds: on average."""

    route: str
    requests: int
    failed: int
    milliseconds: float


@dataclass(frozen=True)
class Status:
    version: str
    commit: str
    checks: dict[str, str]
    model: Aged
    backup: Aged
    tmdb: str
    redis: str
    found: float | None  # per cent of all look-ups in caches
    last_sync: datetime | None
    waiting: int | None  # jobs in the queue; None without one
    migrations: int  # that are not applied
    jobs: QuerySet[JobRecord]
    usage: list[RouteUsage]

    @property
    def failing(self) -> dict[str, str]:
        return {name: state for name, state in self.checks.items() if state != OK}


def status() -> Status:
    of_catalogue = catalogue.status()
    caches = of_catalogue.caches
    found = sum(cache.hits + cache.stale for cache in caches)
    asked = found + sum(cache.misses for cache in caches)
    return Status(
        version=settings.VERSION,
        commit=settings.COMMIT,
        checks=readiness(),
        model=_model(),
        backup=_backup(),
        tmdb=of_catalogue.tmdb,
        redis=of_catalogue.redis,
        found=100 * found / asked if asked else None,
        last_sync=SyncState.objects.order_by("-finished_at").values_list("finished_at", flat=True).first(),
        waiting=queue_length(),
        migrations=migrations_pending(),
        jobs=JobRecord.objects.all(),
        usage=busiest_routes(timezone.now() - timedelta(days=1)),
    )


def _model() -> Aged:
    active, goal = ModelVersion.objects.active(), timedelta(hours=settings.MODEL_AGE_GOAL_HOURS)
    return Aged(active.name, active.trained_at, goal) if active else Aged("none", None, goal)


def _backup() -> Aged:
    record = JobRecord.objects.filter(name=BACKUP).first()
    return Aged(BACKUP, record.last_success_at if record else None, timedelta(hours=settings.BACKUP_AGE_GOAL_HOURS))


def busiest_routes(since: datetime) -> list[RouteUsage]:
    rows = (
        ApiUsage.objects.since(since)
        .values("route")
        .annotate(
            asked=Sum("requests"), took=Sum("seconds"), failed=Sum("requests", filter=Q(status__gte=500), default=0)
        )
        .order_by("-asked")[:BUSIEST]
    )
    return [RouteUsage(row["route"], row["asked"], row["failed"], 1000 * row["took"] / row["asked"]) for row in rows]
