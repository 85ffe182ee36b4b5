"""Named lists: what is trending, popular and so on, as TMDb has it or, without TMDb, as our tables tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.movies.caches import CACHES, is_old
from apps.movies.models import ListEntry, Movie, SyncState
from apps.movies.querysets import MovieQuerySet
from apps.movies.tmdb_store import summaries_store
from utils.cache import flight
from utils.database import one_at_a_time
from utils.progress import Progress, silent
from utils.tmdb_client import TMDbClient, TMDbUnavailable

PAGES = 25  # of TMDb's, 20 films each: nobody leafs further

TRENDING = {ListEntry.Name.TRENDING_DAY, ListEntry.Name.TRENDING_WEEK}  # made now and then, also where there is no TMDb


@dataclass(frozen=True)
class Snapshot:
    """When a list was last swapped, and who told it."""

    made_at: datetime
    source: str


def cache_of(name: ListEntry.Name) -> str:
    return "trending" if name in TRENDING else "lists"


def snapshot(name: ListEntry.Name) -> Snapshot | None:
    """None where the list was never made."""
    first = ListEntry.objects.filter(name=name).values_list("created_at", "source").first()
    return Snapshot(*first) if first else None


def list_swap(name: ListEntry.Name, movie_pks: Sequence[int], *, source: str = "local") -> None:
    """Replace a named list by these films, in this order."""
    entries = [
        ListEntry(name=name, position=place, movie_id=pk, source=source) for place, pk in enumerate(movie_pks, start=1)
    ]
    with transaction.atomic():
        one_at_a_time(f"list {name}")
        ListEntry.objects.filter(name=name).delete()
        ListEntry.objects.bulk_create(entries, batch_size=2000)


def list_refresh(name: ListEntry.Name, client: TMDbClient, *, pages: int = PAGES, progress: Progress = silent) -> int:
    """Swap a list for what TMDb says now, unless somebody just did; the number of pages asked for.

    Raises TMDbError, and then leaves the list be; what was read so far is kept for the next try.
    """
    with flight(f"list {name}"):
        kept = snapshot(name)
        if kept and kept.source == "tmdb" and not is_old(kept.made_at, cache_of(name)) and pages <= PAGES:
            return 0
        state = SyncState.objects.resume(f"list {name}", within=timedelta(seconds=CACHES[cache_of(name)].ttl))
        begun = state.cursor if state.cursor.get("pages") == pages else {}
        pks: list[int] = begun.get("pks", [])
        asked = 0
        for number in progress(range(begun.get("page", 0) + 1, pages + 1)):
            page = client.listing(name, number)
            asked += 1
            pks = list(dict.fromkeys([*pks, *summaries_store(page.results).values()]))
            state.advance(page=number, pages=pages, pks=pks)
            if number >= page.total_pages:
                break
        if not pks:
            raise TMDbUnavailable(f"TMDb's list {name} is empty")
        list_swap(name, pks, source="tmdb")
        state.finish({"films": len(pks)})
    return asked


def _top_rated() -> MovieQuerySet:
    return Movie.objects.by_weighted_vote()


def _now_playing() -> MovieQuerySet:
    today = timezone.localdate()
    return Movie.objects.filter(release_date__range=(today - timedelta(days=42), today)).order_by(
        "-popularity", "tmdb_id"
    )


def _upcoming() -> MovieQuerySet:
    return Movie.objects.filter(release_date__gt=timezone.localdate()).order_by("release_date", "tmdb_id")


IN_TABLES: dict[ListEntry.Name, Callable[[], MovieQuerySet]] = {
    ListEntry.Name.TRENDING_DAY: lambda: Movie.objects.on_list(ListEntry.Name.TRENDING_DAY),
    ListEntry.Name.TRENDING_WEEK: lambda: Movie.objects.on_list(ListEntry.Name.TRENDING_WEEK),
    ListEntry.Name.POPULAR: lambda: Movie.objects.order_by("-popularity", "tmdb_id"),
    ListEntry.Name.TOP_RATED: _top_rated,
    ListEntry.Name.NOW_PLAYING: _now_playing,
    ListEntry.Name.UPCOMING: _upcoming,
}
