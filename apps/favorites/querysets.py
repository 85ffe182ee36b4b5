from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F

from apps.authentication.services import AccountGone
from apps.movies.models import Movie
from apps.movies.querysets import MovieFilter

if TYPE_CHECKING:
    from apps.authentication.models import User
    from apps.favorites.changes import Change
    from apps.favorites.models import LibraryState, Part, Removal


NULLABLE = {"release_date", "watched_at"}


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a user and speak of a film."""

    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def for_list(self) -> Self:
        """Newest first, with all that the film's card shows, in two queries whatever the page size."""
        films = self.select_related("movie").defer("movie__search_text", "movie__other_titles")
        return films.prefetch_related("movie__genres").order_by("-created_at", "-id")

    def of_films(self, wanted: MovieFilter) -> Self:
        """On films that pass; all of them, those that TMDb has no more too, where nothing is asked for."""
        if wanted == MovieFilter(include_adult=True):
            return self
        return self.filter(movie__in=Movie.objects.matching(wanted))

    def between(self, column: str, low: Any, high: Any) -> Self:
        """Rows from ``low`` to ``high``, each where it is given; an unknown value is between nothing."""
        bounds = {f"{column}__gte": low, f"{column}__lte": high}
        return self.filter(**{bound: value for bound, value in bounds.items() if value is not None})

    def changed_since(self, at: datetime) -> Self:
        return self.filter(updated_at__gte=at)

    def in_order(self, ordering: str) -> Self:
        """By a column of ours or of the film's; unknown values last either way, ties newest first."""
        column, descending = ordering.removeprefix("-"), ordering.startswith("-")
        by = F(column if column in {field.name for field in self.model._meta.fields} else f"movie__{column}")
        last = column in NULLABLE or None  # where nothing is null, to say so keeps PostgreSQL from its index
        return self.order_by(by.desc(nulls_last=last) if descending else by.asc(nulls_last=last), "-created_at", "-id")


class RemovalQuerySet(models.QuerySet["Removal"]):
    def of(self, user: User, part: Part) -> Self:
        return self.filter(user=user, part=part)

    def since(self, at: datetime) -> Self:
        return self.filter(removed_at__gte=at).order_by("removed_at", "pk")

    def put(self, user: User, part: Part, items: Iterable[int], change: Change) -> None:
        self.bulk_create(
            [
                self.model(user=user, part=part, item=item, removed_at=change.at, version=change.version)
                for item in items
            ],
            update_conflicts=True,
            unique_fields=["user", "part", "item"],
            update_fields=["removed_at", "version"],
        )


class LibraryStateQuerySet(models.QuerySet["LibraryState"]):
    def lock(self, user: User) -> LibraryState:
        """The user's state, held until the transaction ends: writes to one library follow one another.

        Raises AccountGone where the account was deleted meanwhile.
        """
        state = self.select_for_update().filter(user=user).first()
        if state is None:
            # Not its key: whoever holds the state writes rows that point at the user, and we would wait for each other.
            if not type(user).objects.select_for_update(no_key=True).filter(pk=user.pk).first():
                raise AccountGone
            self.bulk_create([self.model(user=user)], ignore_conflicts=True)
            state = self.select_for_update().get(user=user)
        return state
