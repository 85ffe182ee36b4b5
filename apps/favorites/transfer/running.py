"""An import at work: a few hundred rows after the other, each time whole, so that it goes on wherever it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from apps.authentication.services import AccountGone
from apps.favorites.changes import library_change
from apps.favorites.models import Part
from apps.favorites.transfer.asking import Asking
from apps.favorites.transfer.matching import Match, film_of, matched
from apps.favorites.transfer.models import ImportJob, ImportRow
from apps.favorites.transfer.writing import rows_undo, rows_write
from utils.jobs import job

CHUNK = 500  # rows of one transaction
State, Outcome, Reason = ImportJob.State, ImportRow.Outcome, ImportRow.Reason


@job("favorites.run_import")
def run_import(job_id: str) -> None:
    """Go on with an import, or with undoing it, until it is through."""
    running = ImportJob.objects.select_related("user").filter(pk=job_id).first()
    if running is None:
        return
    try:
        if running.state == State.UNDOING:
            _undo(running)
        elif _goes_on(running, State.QUEUED, State.RUNNING):
            _take_over(running)
    except AccountGone:
        return


def _take_over(running: ImportJob) -> None:
    asking = Asking()
    while rows := _next_rows(running):
        _match(rows, asking)
        part = rows[0].part
        with library_change(running.user, Part(part)) as change:
            if not _goes_on(running, State.RUNNING):
                return
            pending = running.rows.filter(pk__in=[row.pk for row in rows], outcome=Outcome.PENDING)
            still = set(pending.values_list("pk", flat=True))  # by another worker at the same import they may be done
            rows = [row for row in rows if row.pk in still]
            rows_write(running, part, [row for row in rows if row.movie_id], change)
            ImportRow.objects.tell(row for row in rows if not row.movie_id)
    _ends(running, State.RUNNING, State.FINISHED)


def _next_rows(running: ImportJob) -> list[ImportRow]:
    """The next rows, all of one part; those with a film have it at hand."""
    pending = running.rows.filter(outcome=Outcome.PENDING).select_related("movie").order_by("number")
    while first := pending.first():
        if rows := list(pending.filter(part=first.part)[:CHUNK]):
            return rows  # else another worker was quicker
    return []


def _match(rows: Sequence[ImportRow], asking: Asking) -> None:
    films = {row.pk: film_of(row) for row in rows if row.movie_id is None}
    matches = matched(films.values(), asking)
    for row in rows:
        if row.pk in films:
            _settle(row, matches[films[row.pk]], away=films[row.pk] in asking.away)


def _settle(row: ImportRow, match: Match, *, away: bool) -> None:
    row.movie, row.confidence = match.movie, match.confidence
    row.candidates = [{"tmdb_id": m.tmdb_id, "title": m.title, "year": m.year} for m in match.candidates]
    if row.movie:
        return
    if row.candidates:
        row.outcome, row.reason = Outcome.AMBIGUOUS, Reason.SEVERAL_FILMS
    elif away:
        row.outcome, row.reason = Outcome.UNAVAILABLE, Reason.TMDB_AWAY
    else:
        row.outcome, row.reason = Outcome.UNMATCHED, Reason.NO_FILM


def _undo(running: ImportJob) -> None:
    for part in Part.values:
        while items := _next_items(running, part):
            with library_change(running.user, Part(part)) as change:
                if not _goes_on(running, State.UNDOING):
                    return
                rows = list(_done(running, part).filter(item__in=items))
                rows_undo(running.user, part, items, rows, change)
    _ends(running, State.UNDOING, State.UNDONE)


def _next_items(running: ImportJob, part: str) -> list[Any]:
    return list(_done(running, part).order_by("item").values_list("item", flat=True).distinct()[:CHUNK])


def _done(running: ImportJob, part: str) -> Any:
    return running.rows.filter(part=part, outcome__in=ImportRow.DONE, item__isnull=False)


def _goes_on(running: ImportJob, *states: str) -> bool:
    """Say that it is at work; whether it still should be."""
    rows = ImportJob.objects.filter(pk=running.pk, state__in=states)
    return bool(rows.update(state=states[-1], active_at=timezone.now()))


def _ends(running: ImportJob, during: str, after: str) -> None:
    now = timezone.now()
    ImportJob.objects.filter(pk=running.pk, state=during).update(state=after, active_at=now, finished_at=now)
