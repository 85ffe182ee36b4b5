"""Imports: a file becomes rows, rows become a library, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.changes import library_change
from apps.favorites.models import LibraryState, Part
from apps.favorites.transfer.archive import LONGEST_NAME, MAX_ROWS, FileRefused, FileTooLarge, opened
from apps.favorites.transfer.formats import FORMATS, detected
from apps.favorites.transfer.models import ImportJob, ImportRow
from apps.favorites.transfer.rows import OURS, Row, Told
from apps.favorites.transfer.running import run_import
from apps.favorites.transfer.writing import rows_write
from apps.movies.services import movie_for_tmdb_id
from utils.exceptions import ApplicationError
from utils.jobs import enqueue
from utils.text import searchable

BATCH = 500  # rows of one INSERT
STALLED = timedelta(minutes=10)  # without a sign of work: whoever worked on it works no more
KEPT = timedelta(days=90)
State, Outcome = ImportJob.State, ImportRow.Outcome


class ImportBusy(ApplicationError):
    status = 409
    code = "import_busy"
    message = "This import is still at work."


class NothingToApply(ApplicationError):
    status = 409
    code = "nothing_to_apply"
    message = "There is nothing left to apply: this was no dry run, and TMDb was asked about every film."


class NothingToUndo(ApplicationError):
    status = 409
    code = "nothing_to_undo"
    message = "There is nothing to undo: this was a dry run, or has been undone."


class RowSettled(ApplicationError):
    status = 409
    code = "row_settled"
    message = "What this row says has been dealt with, or holds nothing for a library."


class RowGone(ApplicationError):
    status = 404
    code = "not_found"
    message = "This import has no such row."


@dataclass(frozen=True)
class Reading:
    """What a file says."""

    format: str
    file_name: str
    rows: Sequence[Told]
    ignored: Sequence[str]


def file_read(*, name: str, data: bytes, format: str = "") -> Reading:
    """All rows of a file, of a format that is detected where none is given. Raises FileRefused or FileTooLarge."""
    with opened(name, data) as upload:
        named = format or detected(upload)
        reader = FORMATS[named]
        used = {member.path for member in reader.used(upload)}
        if not used:
            raise FileRefused("files_missing", f"No file of {ImportJob.Format(named).label} is in it.")
        rows = []
        for told in reader.rows(upload):
            rows.append(told)
            if len(rows) > MAX_ROWS:
                raise FileTooLarge(f"At most {MAX_ROWS:,} rows can be imported.")
        ignored = [member.path for member in upload.members if member.path not in used]
    return Reading(named, name[:LONGEST_NAME], rows, ignored)


def import_create(*, user: User, reading: Reading, dry_run: bool) -> ImportJob:
    """Keep the rows, and begin with them once that is committed. Raises AccountGone."""
    with transaction.atomic():
        job = ImportJob.objects.create(
            user=user,
            format=reading.format,
            file_name=reading.file_name,
            dry_run=dry_run,
            rows_total=len(reading.rows),
            ignored=list(reading.ignored),
        )
        batch: list[ImportRow] = []
        for row in _rows(job, reading.rows):
            batch.append(row)
            if len(batch) == BATCH:
                ImportRow.objects.bulk_create(batch)
                batch.clear()
        ImportRow.objects.bulk_create(batch)
        LibraryState.objects.lock(user)  # not before: 50,000 rows take seconds, and other writes wait for the lock
        enqueue(run_import, job_id=str(job.pk))
    return job


def import_apply(job: ImportJob) -> ImportJob:
    """Make a dry run the real thing; of a real one go on with what TMDb could not be asked about, or after a crash.

    Raises ImportBusy or NothingToApply.
    """
    with _held(job) as held:
        if held.is_busy and held.state != State.UNDOING:
            pass  # stalled: what is left of it is pending
        elif held.state == State.FINISHED and (again := _to_apply(held)):
            held.rows.filter(outcome__in=again).update(
                outcome=Outcome.PENDING, reason="", item=None, version=0, before=None
            )
        else:
            raise NothingToApply
        held.dry_run = False if held.state == State.FINISHED else held.dry_run
        held.state = State.QUEUED
        _begin(held)
    return held


def _to_apply(job: ImportJob) -> list[str]:
    if job.dry_run:
        return [outcome for outcome in Outcome.values if outcome != Outcome.SKIPPED]
    return [Outcome.UNAVAILABLE] if job.rows.filter(outcome=Outcome.UNAVAILABLE).exists() else []


def import_undo(job: ImportJob) -> ImportJob:
    """Take back all that an import did, but for what was changed since. Raises ImportBusy or NothingToUndo."""
    with _held(job) as held:
        if held.dry_run or held.state == State.UNDONE:
            raise NothingToUndo
        held.state = State.UNDOING
        _begin(held)
    return held


def row_resolve(job: ImportJob, *, number: int, tmdb_id: int) -> ImportRow:
    """Say which film a row means, and with it every open row of the import that names its film so.

    Raises RowGone, RowSettled, ImportBusy, MovieNotFound or CatalogueUnavailable.
    """
    movie = movie_for_tmdb_id(tmdb_id)
    with _held(job) as held:
        row = held.rows.filter(number=number).first()
        if row is None:
            raise RowGone
        may_be = [*ImportRow.OPEN, *((*ImportRow.DONE, Outcome.EXISTING) if held.dry_run else ())]
        if row.outcome not in may_be or held.state == State.UNDONE:
            raise RowSettled
        alike = held.rows.filter(
            title=row.title, year=row.year, tmdb_id=row.tmdb_id, imdb_id=row.imdb_id, outcome__in=may_be
        )
        rows = list(alike.order_by("number"))
        for each in rows:
            each.movie, each.confidence, each.candidates = movie, 1.0, []
            each.outcome, each.reason = Outcome.PENDING, ""
        for part in dict.fromkeys(each.part for each in rows):
            with library_change(held.user, Part(part)) as change:
                rows_write(held, part, [each for each in rows if each.part == part], change)
    return held.rows.for_list().get(number=number)


def imports_resume() -> None:
    """Those at which nobody works any more: the process ended, or the broker lost them."""
    still = timezone.now() - STALLED
    for job in ImportJob.objects.filter(state__in=[State.QUEUED, State.RUNNING, State.UNDOING], active_at__lt=still):
        enqueue(run_import, job_id=str(job.pk))


def imports_forget() -> None:
    """Reports that are of use to nobody any more."""
    ImportJob.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


@contextmanager
def _held(job: ImportJob) -> Iterator[ImportJob]:
    """The job as it is now, alone, in a transaction. Raises ImportBusy where somebody is at work on it."""
    with transaction.atomic():
        LibraryState.objects.lock(job.user)
        held = ImportJob.objects.select_related("user").get(pk=job.pk)
        if held.is_busy and timezone.now() - held.active_at < STALLED:
            raise ImportBusy
        yield held


def _begin(job: ImportJob) -> None:
    job.active_at, job.finished_at = timezone.now(), None
    job.save(update_fields=["state", "dry_run", "active_at", "finished_at"])
    enqueue(run_import, job_id=str(job.pk))


def _rows(job: ImportJob, lines: Sequence[Told]) -> Iterator[ImportRow]:
    same: Counter[str] = Counter()
    for number, told in enumerate(lines, 1):
        row = ImportRow(job=job, number=number, file=told.file[:LONGEST_NAME], line=told.line)
        if isinstance(told.row, Row):
            _fill(row, told.row, same)
        else:
            row.title, row.outcome, row.reason = told.row.title, Outcome.SKIPPED, told.row.reason
        yield row


def _fill(row: ImportRow, said: Row, same: Counter[str]) -> None:
    film = said.film
    row.part, row.at, row.value, row.only_seen = said.part, said.at, said.value, said.only_seen
    row.title, row.year, row.tmdb_id, row.imdb_id = film.title, film.year, film.tmdb_id, film.imdb_id
    row.watched_at, row.progress = said.watched_at, said.progress
    if said.part == Part.HISTORY:
        row.client_id = said.client_id or _client_id(said, same)


def _client_id(said: Row, same: Counter[str]) -> str:
    """The same for the same viewing whenever its file is imported; of equal ones the first, the second, and so on."""
    film = said.film
    named = film.tmdb_id or film.imdb_id or f"{searchable(film.title)} {film.year}"
    words = f"{named} {said.watched_at} {said.only_seen}"
    same[words] += 1
    return f"{OURS}{sha256(f'{words} {same[words]}'.encode()).hexdigest()[:40]}"
