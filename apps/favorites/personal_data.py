"""The library as personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps.authentication import personal_data
from apps.authentication.models import User
from apps.favorites.models import (
    Favorite,
    HiddenMovie,
    IdempotencyKey,
    LibraryState,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.favorites.querysets import OwnedQuerySet
from apps.favorites.transfer.models import ImportJob

SHELVES = (Favorite, Rating, WatchlistItem, HiddenMovie, ViewingHistory)
TIMES = ("created_at", "updated_at")


def register_personal_data() -> None:
    personal_data.register("favorites", export=export_library, erase=erase_library)


def export_library(user: User) -> Mapping[str, personal_data.Rows]:
    """LibraryState is left out: it says nothing but how often the rest changed.

    So are idempotency keys, which repeat for a day what was answered, and the rows of imports: they are the user's own
    file, and what came of them is in the library.
    """
    viewing = ("watched_at", "progress", "source", "client_id", "created_at")
    return {
        "favorites": _rows(Favorite.objects.of(user), *TIMES),
        "ratings": _rows(Rating.objects.of(user), "value", *TIMES),
        "watchlist": _rows(WatchlistItem.objects.of(user), "position", *TIMES, ordering="position"),
        "hidden": _rows(HiddenMovie.objects.of(user), *TIMES),
        "history": _rows(ViewingHistory.objects.of(user), *viewing),
        "imports": _imports(user),
        "removed": _removed(user),
    }


def _rows(entries: OwnedQuerySet, *fields: str, ordering: str = "created_at") -> Iterator[dict[str, Any]]:
    """Plain rows that name their film, read in one query, a part at a time."""
    names = ("tmdb_id", "title", *fields)
    rows = entries.order_by(ordering, "pk").values_list("movie__tmdb_id", "movie__title", *fields)
    for row in rows.iterator():
        yield dict(zip(names, row, strict=True))


def _imports(user: User) -> Iterator[Mapping[str, Any]]:
    jobs = ImportJob.objects.of(user).order_by("created_at", "pk")
    yield from jobs.values("file_name", "format", "dry_run", "state", "rows_total", "created_at", "finished_at")


def _removed(user: User) -> Iterator[Mapping[str, Any]]:
    rows = Removal.objects.filter(user=user).order_by("removed_at", "pk")
    yield from rows.values("part", "item", "removed_at").iterator()


def erase_library(user: User) -> None:
    LibraryState.objects.lock(user)
    for model in (ImportJob, Removal, IdempotencyKey):
        model._default_manager.filter(user=user).delete()
    for shelf in SHELVES:
        shelf.objects.of(user).delete()
    LibraryState.objects.filter(user=user).delete()
