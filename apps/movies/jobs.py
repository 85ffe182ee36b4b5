"""What keeps the catalogue in step by itself; where there is no TMDb, nothing is to be done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from apps.movies.genres import genres_store_all
from apps.movies.lists import TRENDING, list_refresh
from apps.movies.models import ListEntry
from apps.movies.sync import catalogue_refresh, changes_sync, details_sync, ids_check
from apps.movies.warming import cache_warm
from utils.cache import Busy
from utils.jobs import job
from utils.tmdb_client import TMDbClient, TMDbError, tmdb_for_jobs

logger = logging.getLogger(__name__)

DETAILS_AN_HOUR = 2000


def _with_tmdb(work: Callable[[TMDbClient], Any]) -> None:
    """A failure is for the log: the next run goes on from here."""
    client = tmdb_for_jobs()
    if client is None:
        return
    try:
        logger.info("%s: %s", work.__name__, work(client))
    except (TMDbError, Busy) as failure:
        logger.warning("%s stopped: %s", work.__name__, failure)


@job("movies.sync_trending")
def sync_trending() -> None:
    def trending(client: TMDbClient) -> list[int]:
        return [list_refresh(name, client) for name in TRENDING]

    _with_tmdb(trending)
    cache_warm(films=0)


@job("movies.sync_lists")
def sync_lists() -> None:
    def lists(client: TMDbClient) -> list[int]:
        return [list_refresh(name, client) for name in ListEntry.Name if name not in TRENDING]

    _with_tmdb(lists)
    cache_warm()


@job("movies.sync_genres")
def sync_genres() -> None:
    _with_tmdb(genres_store_all)


@job("movies.sync_details")
def sync_details() -> None:
    def details(client: TMDbClient) -> dict[str, int]:
        return details_sync(client, limit=DETAILS_AN_HOUR)

    _with_tmdb(details)


@job("movies.sync_changes")
def sync_changes() -> None:
    _with_tmdb(changes_sync)


@job("movies.sync_ids")
def sync_ids() -> None:
    _with_tmdb(ids_check)


@job("movies.refresh_catalogue")
def refresh_catalogue() -> None:
    """Also where there is no TMDb any more: what it told us expires all the same."""
    try:
        catalogue_refresh(tmdb_for_jobs())
    except (TMDbError, Busy) as failure:
        logger.warning("the catalogue is not refreshed: %s", failure)
