"""Many films at once: one transaction, one version, and for each film what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.authentication.models import User
from apps.favorites.changes import Change, library_change
from apps.favorites.models import Entry, Removal
from apps.favorites.services import initial_values
from apps.movies.models import Movie
from apps.movies.services import movies_for_tmdb_ids


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    EXISTING = "existing"
    REMOVED = "removed"
    ABSENT = "absent"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"


@dataclass(frozen=True)
class Told:
    """What became of a film; ``version`` is that of its row or of its removal, None where it has neither."""

    tmdb_id: int | None
    outcome: Outcome
    version: int | None = None
    message: str = ""


def entries_change(
    shelf: type[Entry], *, user: User, add: Mapping[int, Mapping[str, Any]], remove: Sequence[int]
) -> list[Told]:
    """Put films on a shelf, by TMDb id with the values of each, and take others off, in the order given."""
    films = movies_for_tmdb_ids(list(add))
    with library_change(user, shelf.part) as change:
        told = [
            *_add(shelf, user, {films.known[id_]: values for id_, values in add.items() if id_ in films.known}, change),
            *_remove(shelf, user, remove, change),
        ]
    by_film = {row.tmdb_id: row for row in told}
    for tmdb_id in add:
        if tmdb_id in films.unasked:
            by_film[tmdb_id] = Told(tmdb_id, Outcome.UNAVAILABLE, message="TMDb could not be asked; try again.")
        elif tmdb_id not in films.known:
            by_film[tmdb_id] = Told(tmdb_id, Outcome.NOT_FOUND, message="There is no film with this TMDb id.")
    return [by_film[tmdb_id] for tmdb_id in (*add, *remove)]


def _add(shelf: type[Entry], user: User, wanted: Mapping[Movie, Mapping[str, Any]], change: Change) -> list[Told]:
    there = {row.movie_id: row for row in shelf.objects.of(user).filter(movie__in=wanted)}
    first = initial_values(shelf, user)
    new: list[Entry] = []
    changed: list[Entry] = []
    told = []
    for movie, values in wanted.items():
        row = there.get(movie.pk)
        if row is None:
            start = {name: value + len(new) for name, value in first.items()}
            row = shelf(user=user, movie=movie, created_at=change.at, **start, **values)
            new.append(row)
            outcome = Outcome.ADDED
        elif all(getattr(row, name) == value for name, value in values.items()):
            told.append(Told(movie.tmdb_id, Outcome.EXISTING, row.version))
            continue
        else:
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
            outcome = Outcome.CHANGED
        change.stamp(row)
        told.append(Told(movie.tmdb_id, outcome, row.version))
    shelf.objects.bulk_create(new)
    names = {name for values in wanted.values() for name in values}
    shelf.objects.bulk_update(changed, ["updated_at", "version", *names])
    Removal.objects.of(user, shelf.part).filter(item__in=[row.movie.tmdb_id for row in new]).delete()
    return told


def _remove(shelf: type[Entry], user: User, tmdb_ids: Sequence[int], change: Change) -> list[Told]:
    rows = shelf.objects.of(user).filter(movie__tmdb_id__in=tmdb_ids)
    there = set(rows.values_list("movie__tmdb_id", flat=True))
    if there:
        change.made = True
        rows.delete()
        Removal.objects.put(user, shelf.part, sorted(there), change)
    return [
        Told(tmdb_id, Outcome.REMOVED, change.version) if tmdb_id in there else Told(tmdb_id, Outcome.ABSENT)
        for tmdb_id in tmdb_ids
    ]
