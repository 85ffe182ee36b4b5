"""Every write to a library: one transaction that also bumps the library's version."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.models import Entry, LibraryState, ViewingHistory, WatchlistItem
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


def entry_set(shelf: type[E], *, user: User, tmdb_id: int, **values: Any) -> tuple[E, bool]:
    """Put a film on a shelf with these values; the entry, and whether it is new. Twice is the same as once."""
    movie = movie_for_tmdb_id(tmdb_id)
    with transaction.atomic():
        LibraryState.objects.lock(user)
        entry = shelf.objects.of(user).filter(movie=movie).first()
        added = entry is None
        if entry is None:
            entry = shelf(user=user, movie=movie, **_initial(shelf, user), **values)
        elif all(getattr(entry, name) == value for name, value in values.items()):
            return entry, False
        for name, value in values.items():
            setattr(entry, name, value)
        entry.updated_at = timezone.now()
        entry.save()
        LibraryState.objects.bump(user)
    return entry, added


def entry_remove(shelf: type[Entry], *, user: User, tmdb_id: int) -> None:
    """Take a film off a shelf; where it was not, nothing happens."""
    with transaction.atomic():
        LibraryState.objects.lock(user)
        removed, _ = shelf.objects.of(user).filter(movie__tmdb_id=tmdb_id).delete()
        if removed:
            LibraryState.objects.bump(user)


def viewing_add(*, user: User, tmdb_id: int, client_id: str = "", **values: Any) -> tuple[ViewingHistory, bool]:
    """Record a viewing; one with a known ``client_id`` was recorded before and is returned as it is.

    Raises ClientIdTaken where that one is of another film.
    """
    movie = movie_for_tmdb_id(tmdb_id)
    with transaction.atomic():
        LibraryState.objects.lock(user)
        known = ViewingHistory.objects.of(user).filter(client_id=client_id).first() if client_id else None
        if known and known.movie_id != movie.pk:
            raise ClientIdTaken
        if known:
            return known, False
        viewing = ViewingHistory.objects.create(user=user, movie=movie, client_id=client_id, **values)
        LibraryState.objects.bump(user)
    return viewing, True


def viewing_change(viewing: ViewingHistory, **values: Any) -> None:
    """Change what is given; raises ViewingGone where somebody has removed it meanwhile."""
    if not values:
        return
    with transaction.atomic():
        LibraryState.objects.lock(viewing.user)
        changed = ViewingHistory.objects.filter(pk=viewing.pk).exclude(**values).update(**values)
        if changed:
            LibraryState.objects.bump(viewing.user)
        elif not ViewingHistory.objects.filter(pk=viewing.pk).exists():
            raise ViewingGone
    for name, value in values.items():
        setattr(viewing, name, value)


def viewing_remove(viewing: ViewingHistory) -> None:
    with transaction.atomic():
        LibraryState.objects.lock(viewing.user)
        removed, _ = viewing.delete()
        if removed:
            LibraryState.objects.bump(viewing.user)


def _initial(shelf: type[Entry], user: User) -> dict[str, Any]:
    if shelf is not WatchlistItem:
        return {}
    last = WatchlistItem.objects.of(user).aggregate(last=Max("position"))["last"]
    return {"position": (last or 0) + 1}
