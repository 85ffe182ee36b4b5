from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db import connection, models
from django.utils import timezone

if TYPE_CHECKING:
    from apps.operations.models import ApiUsage, JobRecord


class Used(NamedTuple):
    """A row of usage, but for its figures."""

    hour: datetime
    route: str
    method: str
    status: int
    client: str
    is_signed_in: bool


class Spent(NamedTuple):
    requests: int
    seconds: float


class ApiUsageQuerySet(models.QuerySet["ApiUsage"]):
    def add(self, used: Iterable[tuple[Used, Spent]]) -> None:
        """Add to what others counted of the same hour; Django's own upsert can only replace. The names are ours."""
        table = self.model._meta.db_table
        names = [*Used._fields, *Spent._fields]
        statement = (
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) "  # noqa: S608 # nosec B608
            f"ON CONFLICT ({', '.join(Used._fields)}) DO UPDATE SET "
            f"requests = {table}.requests + excluded.requests, seconds = {table}.seconds + excluded.seconds"
        )
        with connection.cursor() as cursor:
            cursor.executemany(statement, [(*key, *figures) for key, figures in sorted(used)])

    def since(self, moment: datetime) -> ApiUsageQuerySet:
        return self.filter(hour__gte=moment)

    def older_than(self, days: int) -> ApiUsageQuerySet:
        return self.filter(hour__lt=timezone.now() - timedelta(days=days))


class JobRecordQuerySet(models.QuerySet["JobRecord"]):
    def record(self, name: str, *, seconds: float, error: str = "") -> None:
        """Add a run that has just ended; ``error`` says what it failed with."""
        now = timezone.now()
        ended = {"last_failure_at": now, "last_error": error[:500]} if error else {"last_success_at": now}
        common = {"last_started_at": now - timedelta(seconds=seconds), **ended}
        counted = {
            "runs": models.F("runs") + 1,
            "failures": models.F("failures") + int(bool(error)),
            "seconds": models.F("seconds") + seconds,
        }
        if self.filter(name=name).update(**common, **counted):
            return
        first = {"runs": 1, "failures": int(bool(error)), "seconds": seconds}
        _, is_first = self.get_or_create(name=name, defaults={**common, **first})
        if not is_first:  # another process was faster
            self.filter(name=name).update(**common, **counted)
