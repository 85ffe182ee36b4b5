"""The genres of films, by name from TMDb."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from apps.movies.caches import is_old
from apps.movies.models import Genre, SyncState
from apps.movies.services import CatalogueUnavailable
from apps.movies.tmdb_facts import TMDB_GENRES
from apps.movies.tmdb_store import genres_store
from utils.tmdb_client import TMDbClient, TMDbError, tmdb

SYNC = "genres"  # the name of its SyncState


def genres_by_name() -> dict[str, Genre]:
    """All genres, those of TMDb made where they are missing."""
    Genre.objects.bulk_create(
        [Genre(tmdb_id=tmdb_id, name=name) for tmdb_id, name in TMDB_GENRES.items()], ignore_conflicts=True
    )
    return {genre.name: genre for genre in Genre.objects.all()}


def genres_store_all(client: TMDbClient) -> int:
    """Read TMDb's genres anew; how many there are. Raises TMDbError."""
    told = client.genres()
    genres_store(told)
    SyncState.objects.get_or_create(name=SYNC)[0].finish({"genres": len(told)})
    return len(told)


def genres_sync() -> str:
    """Read TMDb's genres anew, or make sure of its nineteen where there is no TMDb; where they came from.

    Raises CatalogueUnavailable.
    """
    client = tmdb()
    if client is None:
        genres_by_name()
        return "local"
    try:
        genres_store_all(client)
    except TMDbError as failure:
        raise CatalogueUnavailable(failure) from failure
    return "tmdb"


def genres_current(*, waiting: bool) -> tuple[str, datetime | None]:
    """Where our genres are from, and as of when; read anew first where that is long ago and nobody waits."""
    if tmdb() is None:
        return "local", None
    state = SyncState.objects.filter(name=SYNC).first()
    synced_at = state.finished_at if state else None
    if synced_at is None or (is_old(synced_at, "genres") and not waiting):
        try:
            genres_sync()
            return "tmdb", timezone.now()
        except CatalogueUnavailable:
            if not waiting or not Genre.objects.exists():
                raise
    return ("tmdb", synced_at) if synced_at else ("local", None)
