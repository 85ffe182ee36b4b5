"""The library as personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps.authentication import personal_data
from apps.authentication.models import User
from apps.favorites.models import Favorite, HiddenMovie, LibraryState, Rating, ViewingHistory, WatchlistItem
from apps.favorites.querysets import OwnedQuerySet

SHELVES = (Favorite, Rating, WatchlistItem, HiddenMovie, ViewingHistory)
TIMES = ("created_at", "updated_at")


def register_personal_data() -> None:
    personal_data.register("favorites", export=export_library, erase=erase_library)


def export_library(user: User) -> Mapping[str, personal_data.Rows]:
    """LibraryState is left out: it says nothing but how often the rest changed."""
    viewing = ("watched_at", "progress", "source", "client_id", "created_at")
    return {
        "favorites": _rows(Favorite.objects.of(user), *TIMES),
        "ratings": _rows(Rating.objects.of(user), "value", *TIMES),
        "watchlist": _rows(WatchlistItem.objects.of(user), "position", *TIMES, ordering="position"),
        "hidden": _rows(HiddenMovie.objects.of(user), *TIMES),
        "history": _rows(ViewingHistory.objects.of(user), *viewing),
    }


def _rows(entries: OwnedQuerySet, *fields: str, ordering: str = "created_at") -> Iterator[dict[str, Any]]:
    """Plain rows that name their film, read in one query, a part at a time."""
    names = ("tmdb_id", "title", *fields)
    rows = entries.order_by(ordering, "pk").values_list("movie__tmdb_id", "movie__title", *fields)
    for row in rows.iterator():
        yield dict(zip(names, row, strict=True))


def erase_library(user: User) -> None:
    LibraryState.objects.lock(user)
    for shelf in SHELVES:
        shelf.objects.of(user).delete()
    LibraryState.objects.filter(user=user).delete()
