"""Every write to a library: one transaction that also bumps the library's version."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F, Max

from apps.authentication.models import User
from apps.favorites.changes import library_change
from apps.favorites.models import Entry, Part, Removal, ViewingHistory, WatchlistItem
from apps.movies.services import movie_for_tmdb_id
from utils.exceptions import ApplicationError

E = TypeVar("E", bound=Entry)


class ClientIdTaken(ApplicationError):
    status = 409
    code = "client_id_taken"
    message = "Another film was recorded under this client_id."


class ViewingGone(ApplicationError):
    status = 404
    code = "not_found"
    message = "There is no such viewing any more."


class NotOnWatchlist(ApplicationError):
    status = 404
    code = "not_found"
    message = "This film is not on your watchlist."


def entry_set(shelf: type[E], *, user: User, tmdb_id: int, **values: Any) -> tuple[E, bool]:
    """Put a film on a shelf with these values; the entry, and whether it is new. Twice is the same as once."""
    movie = movie_for_tmdb_id(tmdb_id)
    with library_change(user, shelf.part) as change:
        entry = shelf.objects.of(user).filter(movie=movie).first()
        added = entry is None
        if entry is None:
            entry = shelf(user=user, movie=movie, created_at=change.at, **initial_values(shelf, user), **values)
            Removal.objects.of(user, shelf.part).filter(item=tmdb_id).delete()
        elif all(getattr(entry, name) == value for name, value in values.items()):
            return entry, False
        for name, value in values.items():
            setattr(entry, name, value)
        change.stamp(entry)
        entry.save()
    return entry, added


def entry_remove(shelf: type[Entry], *, user: User, tmdb_id: int) -> int:
    """Take a film off a shelf; where it was not, nothing happens. The library's version afterwards."""
    with library_change(user, shelf.part) as change:
        removed, _ = shelf.objects.of(user).filter(movie__tmdb_id=tmdb_id).delete()
        if removed:
            change.made = True
            Removal.objects.put(user, shelf.part, [tmdb_id], change)
    return change.version_now


def watchlist_move(*, user: User, tmdb_id: int, place: int) -> WatchlistItem:
    """Put a film at a place of the list, counted from 1; past the end is the end. Raises NotOnWatchlist."""
    with library_change(user, Part.WATCHLIST) as change:
        rows = WatchlistItem.objects.of(user)
        moved: WatchlistItem | None = rows.select_related("movie").filter(movie__tmdb_id=tmdb_id).first()
        if moved is None:
            raise NotOnWatchlist
        positions = list(rows.order_by("position", "pk").values_list("position", flat=True))
        there = positions[min(place, len(positions)) - 1]
        if there != moved.position:
            up = there < moved.position
            between = (
                rows.filter(position__gte=there, position__lt=moved.position)
                if up
                else (rows.filter(position__gt=moved.position, position__lte=there))
            )
            between.update(position=F("position") + (1 if up else -1), version=change.version, updated_at=change.at)
            moved.position = there
            change.stamp(moved)
            moved.save()
    return moved


def viewing_add(*, user: User, tmdb_id: int, client_id: str = "", **values: Any) -> tuple[ViewingHistory, bool]:
    """Record a viewing; one with a known ``client_id`` was recorded before and is returned as it is.

    Raises ClientIdTaken where that one is of another film.
    """
    movie = movie_for_tmdb_id(tmdb_id)
    with library_change(user, Part.HISTORY) as change:
        known = ViewingHistory.objects.of(user).filter(client_id=client_id).first() if client_id else None
        if known and known.movie_id != movie.pk:
            raise ClientIdTaken
        if known:
            return known, False
        viewing = ViewingHistory(user=user, movie=movie, client_id=client_id, created_at=change.at, **values)
        change.stamp(viewing)
        viewing.save()
    return viewing, True


def viewing_change(viewing: ViewingHistory, **values: Any) -> None:
    """Change what is given; raises ViewingGone where somebody has removed it meanwhile."""
    with library_change(viewing.user, Part.HISTORY) as change:
        now = ViewingHistory.objects.filter(pk=viewing.pk).first()
        if now is None:
            raise ViewingGone
        if any(getattr(now, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(now, name, value)
            change.stamp(now)
            now.save()
    for name in ("version", "updated_at", *values):
        setattr(viewing, name, getattr(now, name))


def viewing_remove(viewing: ViewingHistory) -> int:
    """The library's version afterwards."""
    pk = viewing.pk
    with library_change(viewing.user, Part.HISTORY) as change:
        removed, _ = viewing.delete()
        if removed:
            change.made = True
            Removal.objects.put(viewing.user, Part.HISTORY, [pk], change)
    return change.version_now


def history_clear(*, user: User, before: datetime | None = None) -> tuple[int, int]:
    """Remove all viewings, or those recorded before a moment; how many, and the library's version afterwards."""
    with library_change(user, Part.HISTORY) as change:
        rows = ViewingHistory.objects.of(user)
        if before:
            rows = rows.filter(created_at__lt=before)
        pks = list(rows.values_list("pk", flat=True))
        if pks:
            change.made = True
            rows.delete()
            Removal.objects.put(user, Part.HISTORY, pks, change)
    return len(pks), change.version_now


def initial_values(shelf: type[Entry], user: User) -> dict[str, int]:
    """What a new entry has beside the values it is given; to be asked under the library's lock."""
    if shelf is not WatchlistItem:
        return {}
    last = WatchlistItem.objects.of(user).aggregate(last=Max("position"))["last"]
    return {"position": (last or 0) + 1}
