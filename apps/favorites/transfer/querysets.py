from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models import Count

if TYPE_CHECKING:
    from apps.authentication.models import User
    from apps.favorites.transfer.models import ImportJob, ImportRow

TOLD = ["outcome", "reason", "confidence", "movie", "candidates", "item", "version", "before"]


class ImportJobQuerySet(models.QuerySet["ImportJob"]):
    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def for_list(self) -> Self:
        return self.order_by("-created_at", "-pk")


class ImportRowQuerySet(models.QuerySet["ImportRow"]):
    def for_list(self) -> Self:
        """In the order of the file, with their films, in one query."""
        return self.select_related("movie").order_by("number")

    def counts(self, jobs: Iterable[ImportJob]) -> dict[UUID, dict[str, int]]:
        """How many rows of each job have each outcome that any has, in one query."""
        counted: dict[UUID, dict[str, int]] = {job.pk: {} for job in jobs}
        rows = self.filter(job__in=counted).order_by().values_list("job", "outcome").annotate(Count("pk"))
        for job, outcome, number in rows:
            counted[job][outcome] = number
        return counted

    def tell(self, rows: Iterable[ImportRow]) -> None:
        """Write what became of rows. An upsert: of 500 rows ``bulk_update`` makes a statement of 4,000 conditions."""
        self.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=TOLD, batch_size=1000)
