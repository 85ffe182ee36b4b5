from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection, models, transaction
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
        with transaction.atomic(), connection.cursor() as cursor:  # all or none: what fails is added again
            at = connection.ops.adapt_datetimefield_value
            rows: list[tuple[Any, ...]] = [(at(key.hour), *key[1:], *spent) for key, spent in sorted(used)]
            cursor.executemany(statement, rows)

    def since(self, moment: datetime) -> ApiUsageQuerySet:
        return self.filter(hour__gte=moment)

    def older_than(self, days: int) -> ApiUsageQuerySet:
        return self.filter(hour__lt=timezone.now() - timedelta(days=days))


class JobRecordQuerySet(models.QuerySet["JobRecord"]):
    def record(self, name: str, *, seconds: float, error: str = "") -> None:
        """Add a run that has just ended, in one statement; ``error`` says what it failed with."""
        table, at = self.model._meta.db_table, connection.ops.adapt_datetimefield_value
        now = timezone.now()
        started, ended = at(now - timedelta(seconds=seconds)), at(now)
        well, failed = (None, ended) if error else (ended, None)
        statement = f"""
            INSERT INTO {table}
                (name, runs, failures, seconds, last_started_at, last_success_at, last_failure_at, last_error)
            VALUES (%s, 1, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (name) DO UPDATE SET
                runs = {table}.runs + 1,
                failures = {table}.failures + excluded.failures,
                seconds = {table}.seconds + excluded.seconds,
                last_started_at = excluded.last_started_at,
                last_success_at = COALESCE(excluded.last_success_at, {table}.last_success_at),
                last_failure_at = COALESCE(excluded.last_failure_at, {table}.last_failure_at),
                last_error = CASE excluded.failures WHEN 0 THEN {table}.last_error ELSE excluded.last_error END
        """  # noqa: S608  # nosec B608
        with connection.cursor() as cursor:
            cursor.execute(statement, [name, int(bool(error)), seconds, started, well, failed, error[:500]])
