"""Keeping step with TMDb. Each function may be stopped at any point and called again: what is done stays done.

All take TMDb's patient client and raise TMDbError where it fails them; what they return is the summary of the run.
"""

from __future__ import annotations

import logging
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import islice
from typing import TypeVar

from django.db.models import F, Q
from django.utils import timezone

from apps.movies.bulk import batches
from apps.movies.models import Movie, Source, SyncState
from apps.movies.tmdb_store import blank, details_store, mark_gone
from utils.cache import Busy
from utils.database import alone
from utils.progress import Progress, silent
from utils.tmdb_client import TMDbClient, TMDbError, TMDbGone, TMDbRefused, TMDbUnavailable
from utils.tmdb_client.records import MovieDetails

logger = logging.getLogger(__name__)

T = TypeVar("T")
Summary = dict[str, int]

CONNECTIONS = 4  # calls at once; TMDb lets an address have 20 connections
STORED_AT_ONCE = 50
IN_A_ROW = 5  # films that cannot be read one after another, and a run gives up
CHANGES_WINDOW = timedelta(days=14)  # the most that TMDb answers for
CHANGES_REACH = timedelta(days=60)  # whoever was away longer has more to read anew than the changes
REFRESHED_AFTER = timedelta(days=150)  # leaves a month to do it in
KEPT_FOR = timedelta(days=180)  # TMDb's terms: no caching for longer than six months
HIGHEST_ID = 2**24  # of those that are looked for in a daily file; they pass 1.7 million today
ABSENCES = timedelta(days=1)  # between the two daily files that both lack a film before TMDb is asked for it


def details_sync(
    client: TMDbClient,
    *,
    limit: int | None = None,
    older_than: timedelta = timedelta(days=30),
    progress: Progress = silent,
) -> Summary:
    """Read in full the films of which TMDb told us never, long ago, or before it changed them; the popular first."""
    due = Q(detailed_at=None) | Q(detailed_at__lt=timezone.now() - older_than) | Q(changed_at__gt=F("detailed_at"))
    films = Movie.objects.shown().filter(due, source=Source.TMDB).order_by("-popularity", "tmdb_id")
    ids = array("L", films.values_list("tmdb_id", flat=True)[:limit].iterator())
    return _finished("details", read_in_full(client, ids, progress))


def read_in_full(client: TMDbClient, tmdb_ids: Iterable[int], progress: Progress = silent) -> Summary:
    """One call a film; the next films are read while the last are written."""
    done: Counter[str] = Counter({"stored": 0, "gone": 0, "failed": 0})
    failures: list[TMDbError] = []  # without a success between them
    with alone("read films in full") as ours, ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="tmdb") as pool:
        if not ours:
            raise Busy  # another run has the same films before it
        chunks = batches(progress(tmdb_ids), STORED_AT_ONCE)
        for ids, reading in _ahead((ids, pool.map(lambda id_: _read(client, id_), ids)) for ids in chunks):
            read = dict(zip(ids, reading, strict=True))
            details_store([told for told in read.values() if isinstance(told, MovieDetails)])
            for tmdb_id, told in read.items():
                if told is None:
                    mark_gone(tmdb_id)
                failures = [*failures, told] if isinstance(told, TMDbError) else []
                done["gone" if told is None else "failed" if isinstance(told, TMDbError) else "stored"] += 1
                if len(failures) >= IN_A_ROW:
                    raise failures[-1]
    return dict(done)


def changes_sync(client: TMDbClient, *, progress: Progress = silent) -> Summary:
    """Have those of our films read anew that TMDb says were changed since the last run."""
    state, _ = SyncState.objects.get_or_create(name="changes")
    now = timezone.now()
    today = now.date()
    since = date.fromisoformat(state.cursor.get("since", str(today)))
    since = max(since, today - CHANGES_REACH) - timedelta(days=1)  # that day was not over when it was last asked for
    done = {"changed": 0, "ours": 0}
    while True:
        until = min(since + CHANGES_WINDOW, today)
        for ids in progress(_changed(client, since, until)):
            done["changed"] += len(ids)
            done["ours"] += Movie.objects.filter(tmdb_id__in=ids, source=Source.TMDB).update(changed_at=now)
        since = until
        if since >= today:
            state.finish(done, next_cursor={"since": str(since)})
            return done
        state.advance(since=str(since))


def ids_check(client: TMDbClient, *, progress: Progress = silent) -> Summary:
    """Find the films that TMDb has no more: missing from two daily files of ids, then not found when asked for."""
    day = _last_file()
    present = bytearray(HIGHEST_ID)
    lines = 0
    for line in progress(client.export_ids(day)):
        if line.tmdb_id < HIGHEST_ID:
            present[line.tmdb_id] = 1
        lines += 1
    ours = Movie.objects.shown().filter(source=Source.TMDB, adult=False)
    absent = array("L", (id_ for id_ in ours.values_list("tmdb_id", flat=True).iterator() if not _at(present, id_)))
    missed = ours.exclude(missing_since=None).values_list("tmdb_id", flat=True)
    for ids in batches(id_ for id_ in list(missed) if _at(present, id_)):
        ours.filter(tmdb_id__in=ids).update(missing_since=None)
    for ids in batches(absent):
        ours.filter(tmdb_id__in=ids, missing_since=None).update(missing_since=day)
    suspects = ours.filter(missing_since__lte=day - ABSENCES).values_list("tmdb_id", flat=True)
    return _finished("ids", {"in_file": lines, "absent": len(absent), **read_in_full(client, list(suspects))})


def catalogue_refresh(client: TMDbClient | None, *, progress: Progress = silent) -> Summary:
    """Read anew what is five months old; blank what is six, whether TMDb answers or not: there its terms end."""
    now = timezone.now()
    told = Movie.objects.filter(source=Source.TMDB)
    then = now - REFRESHED_AFTER
    ageing = told.filter(Q(fetched_at__lt=then) | Q(detailed_at__lt=then)).order_by("fetched_at")
    done: Summary = {}
    try:
        if client:
            done = read_in_full(client, list(ageing.values_list("tmdb_id", flat=True)), progress)
    finally:
        blanked = blank(before=now - KEPT_FOR)
    return _finished("refresh", {**done, "blanked": blanked})


def _finished(name: str, summary: Summary) -> Summary:
    SyncState.objects.get_or_create(name=name)[0].finish(summary)
    return summary


def _read(client: TMDbClient, tmdb_id: int) -> MovieDetails | TMDbError | None:
    """The film; None where it is gone; the failure where this one cannot be read."""
    try:
        return client.details(tmdb_id)
    except TMDbGone:
        return None
    except (TMDbUnavailable, TMDbRefused) as failure:
        logger.warning("film %s: %s", tmdb_id, failure)
        return failure


def _changed(client: TMDbClient, since: date, until: date) -> Iterator[tuple[int, ...]]:
    number = 1
    while True:
        page = client.changes(since, until, number)
        yield page.tmdb_ids
        if number >= page.total_pages:
            return
        number += 1


def _last_file() -> date:
    """The day of the newest daily file: it is there by 08:00 UTC."""
    return (timezone.now() - timedelta(hours=8)).date()


def _at(present: Sequence[int], tmdb_id: int) -> bool:
    return tmdb_id >= HIGHEST_ID or bool(present[tmdb_id])


def _ahead(items: Iterable[T]) -> Iterator[T]:
    """Each item is made one step before it is asked for."""
    remaining = iter(items)
    for current in islice(remaining, 1):
        for following in remaining:
            yield current
            current = following
        yield current
