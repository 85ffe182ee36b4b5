"""Rows of an import that have found their film into one part of a library: a transaction and a version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from django.db.models import Q

from apps.authentication.models import User
from apps.favorites.changes import Change
from apps.favorites.models import (
    Entry,
    Favorite,
    HiddenMovie,
    Part,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.favorites.services import initial_values
from apps.favorites.transfer.models import ImportJob, ImportRow

SHELVES: dict[str, type[Entry]] = {shelf.part: shelf for shelf in (Favorite, Rating, WatchlistItem, HiddenMovie)}
Outcome, Reason = ImportRow.Outcome, ImportRow.Reason


def rows_write(job: ImportJob, part: str, rows: Sequence[ImportRow], change: Change) -> None:
    """Write these rows, and into each what became of it. Of a dry run into the rows alone."""
    writer = (_Viewings if part == Part.HISTORY else _Entries)(job, part, rows, change)
    for row in rows:
        writer.write(row)
    if not job.dry_run:
        writer.save()
    ImportRow.objects.tell(rows)


class _Entries:
    """A shelf, where a film is once: a newer date wins over what is there, else that stays."""

    def __init__(self, job: ImportJob, part: str, rows: Sequence[ImportRow], change: Change) -> None:
        self.job, self.user, self.change = job, job.user, change
        self.shelf: Any = SHELVES[part]
        films = {row.movie_id for row in rows}
        self.there: dict[Any, Any] = {
            entry.movie_id: entry for entry in self.shelf.objects.of(self.user).filter(movie__in=films)
        }
        self.said_at = {film: entry.updated_at for film, entry in self.there.items()}
        self.first: dict[str, Any] = dict(initial_values(self.shelf, self.user))
        self.new: list[Any] = []
        self.changed: list[Any] = []
        self.wrote: list[tuple[ImportRow, Any]] = []
        self._recall(films)

    def write(self, row: ImportRow) -> None:
        entry = self.there.get(row.movie_id)
        if entry is None:
            self._add(row)
        elif self.shelf is not Rating or entry.value == row.value:
            row.outcome = Outcome.EXISTING
        elif row.at and row.at > self.said_at[row.movie_id]:
            row.outcome, row.before = Outcome.CHANGED, entry.value
            entry.value = row.value
            if entry.pk and entry not in self.changed:
                self.changed.append(entry)
            self._wrote(row, entry)
        else:
            row.outcome, row.reason = Outcome.EXISTING, Reason.NEWER_HERE

    def save(self) -> None:
        for entry in (*self.new, *self.changed):
            self.change.stamp(entry)
        self.shelf.objects.bulk_create(self.new)
        if self.changed:
            self.shelf.objects.bulk_update(self.changed, ["value", "updated_at", "version"])
        if self.new:
            back = [row.movie.tmdb_id for row, _ in self.wrote if row.outcome == Outcome.ADDED and row.movie]
            Removal.objects.of(self.user, self.shelf.part).filter(item__in=back).delete()
        for row, entry in self.wrote:
            row.item, row.version = entry.pk, entry.version

    def _add(self, row: ImportRow) -> None:
        values = {name: value + len(self.new) for name, value in self.first.items()}
        if self.shelf is Rating:
            values["value"] = row.value
        at = row.at or self.change.at
        entry = self.shelf(user=self.user, movie_id=row.movie_id, created_at=at, **values)
        row.outcome = Outcome.ADDED
        self.there[row.movie_id] = entry
        self.new.append(entry)
        self._wrote(row, entry)

    def _wrote(self, row: ImportRow, entry: Any) -> None:
        self.said_at[row.movie_id] = row.at or self.change.at
        self.wrote.append((row, entry))

    def _recall(self, films: Iterable[int | None]) -> None:
        """What imports wrote is as old as their files say; and what this dry run would have written is there."""
        if self.shelf is not Rating and not self.job.dry_run:
            return
        of_imports = Q(job__user=self.user, job__dry_run=False) | Q(job=self.job)
        told = ImportRow.objects.filter(of_imports, part=self.shelf.part, movie__in=films, outcome__in=ImportRow.DONE)
        for row in told.select_related("job").order_by("number"):
            entry = self.there.get(row.movie_id)
            if row.job == self.job and self.job.dry_run:
                kept = {"value": row.value} if self.shelf is Rating else {}
                self.there[row.movie_id] = self.shelf(user=self.user, movie_id=row.movie_id, **kept)
                self.said_at[row.movie_id] = row.at or row.job.created_at
            elif entry and (entry.pk, entry.version) == (row.item, row.version):
                self.said_at[row.movie_id] = row.at or row.job.created_at


class _Viewings:
    """The history, where a film is as often as it was seen: a viewing is there that has this client_id or this moment.

    What is dated by the day alone, as Letterboxd's is, is any viewing of that day. Each viewing that is there stands
    for one row of the file.
    """

    def __init__(self, job: ImportJob, part: str, rows: Sequence[ImportRow], change: Change) -> None:
        self.job, self.user, self.change = job, job.user, change
        films = {row.movie_id for row in rows}
        ids = {row.client_id for row in rows}
        mine = ViewingHistory.objects.of(self.user)
        self.known = {viewing.client_id: viewing for viewing in mine.filter(client_id__in=ids)}
        self.free: dict[Any, list[ViewingHistory]] = defaultdict(list)
        earlier = ImportRow.objects.filter(job=job, part=part, movie__in=films)
        claimed = set(earlier.exclude(item=None).values_list("item", flat=True))
        added = earlier.filter(outcome=Outcome.ADDED)
        self.seen: set[Any] = set(added.values_list("movie", flat=True))
        if job.dry_run:
            for film, client_id in added.filter(client_id__in=ids).values_list("movie", "client_id"):
                self.known[client_id] = ViewingHistory(user=self.user, movie_id=film, client_id=client_id)
        for viewing in mine.filter(movie__in=films).order_by("pk"):
            self.seen.add(viewing.movie_id)
            if viewing.pk not in claimed and viewing.client_id not in self.known:
                self.free[viewing.movie_id].append(viewing)
        self.new: list[tuple[ImportRow, ViewingHistory]] = []

    def write(self, row: ImportRow) -> None:
        known = self.known.get(row.client_id)
        there = known or self._same(row)
        if known and known.movie_id != row.movie_id:
            row.outcome, row.reason = Outcome.SKIPPED, Reason.OTHER_FILM
        elif there:
            row.outcome, row.item = Outcome.EXISTING, there.pk
        elif row.only_seen and row.movie_id in self.seen:
            row.outcome, row.reason = Outcome.EXISTING, Reason.SEEN_ALREADY
        else:
            self._add(row)

    def save(self) -> None:
        for _, viewing in self.new:
            self.change.stamp(viewing)
        ViewingHistory.objects.bulk_create([viewing for _, viewing in self.new])
        for row, viewing in self.new:
            row.item, row.version = viewing.pk, viewing.version

    def _same(self, row: ImportRow) -> ViewingHistory | None:
        if row.only_seen:
            return None
        free = self.free[row.movie_id]
        same = next((viewing for viewing in free if _is_when(viewing.watched_at, row.watched_at)), None)
        if same:
            free.remove(same)
        return same

    def _add(self, row: ImportRow) -> None:
        viewing = ViewingHistory(
            user=self.user,
            movie=row.movie,
            watched_at=row.watched_at,
            progress=row.progress,
            source=ViewingHistory.Source.IMPORT,
            client_id=row.client_id,
            created_at=row.at or self.change.at,
        )
        row.outcome = Outcome.ADDED
        self.known[row.client_id] = viewing
        self.seen.add(row.movie_id)
        self.new.append((row, viewing))


def _is_when(there: datetime | None, said: datetime | None) -> bool:
    if there and said and said.time() == time():
        return there.date() == said.date()
    return there == said


def rows_undo(user: User, part: str, items: Sequence[int], rows: Sequence[ImportRow], change: Change) -> None:
    """Take back what these rows did to these items, where nobody has changed them since."""
    shelf: Any = SHELVES.get(part, ViewingHistory)
    there = {entry.pk: entry for entry in shelf.objects.of(user).filter(pk__in=items).select_related("movie")}
    by_item: dict[int | None, list[ImportRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.version, row.number)):
        by_item[row.item].append(row)
    untouched = []
    for item, told in by_item.items():
        # Whoever moves one film of the watchlist changes the places, and so the versions, of others.
        same = item in there and (shelf is WatchlistItem or there[item].version == told[-1].version)
        is_ours = bool(same)
        if is_ours:
            untouched.append((there[item], told[0].before))
        for row in told:
            row.outcome = Outcome.UNDONE if is_ours else Outcome.LEFT
    _restore(shelf, [(entry, before) for entry, before in untouched if before is not None], change)
    _remove(shelf, user, [entry for entry, before in untouched if before is None], change)
    ImportRow.objects.tell(rows)


def _restore(shelf: Any, entries: Sequence[tuple[Any, float]], change: Change) -> None:
    for entry, before in entries:
        entry.value = before
        change.stamp(entry)
    if entries:
        shelf.objects.bulk_update([entry for entry, _ in entries], ["value", "updated_at", "version"])


def _remove(shelf: Any, user: User, entries: Sequence[Any], change: Change) -> None:
    if not entries:
        return
    change.made = True
    shelf.objects.filter(pk__in=[entry.pk for entry in entries]).delete()
    items = [entry.pk if shelf is ViewingHistory else entry.movie.tmdb_id for entry in entries]
    Removal.objects.put(user, shelf.part, items, change)
