"""A page of films, from TMDb where it can be asked and from our tables elsewhere.

Every function here takes ``waiting``: where somebody waits, what we have is better than what we could have; where
nobody does, CatalogueUnavailable leaves the cached answer as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from apps.movies import upstream
from apps.movies.lists import IN_TABLES, PAGES, TRENDING, list_refresh, snapshot
from apps.movies.models import ListEntry, Movie
from apps.movies.queries import MovieFilterQuery
from apps.movies.querysets import MovieQuerySet
from apps.movies.search import find, vocabulary_keeper
from apps.movies.services import CatalogueUnavailable, MovieNotFound
from utils.cached_views import LOCAL
from utils.pagination import page_of
from utils.tmdb_client import TMDbClient, TMDbError, TMDbGone, tmdb
from utils.tmdb_client.records import Page

TMDB, TABLES = "tmdb", LOCAL
SOON = 10  # seconds until a list that we saw one page of is looked at whole

Query = Mapping[str, Any]


@dataclass(frozen=True)
class Films:
    """One page of a list, the length of the list, and where it is from; ``about`` is more for the answer's ``meta``."""

    page: Sequence[Movie]
    total: int
    source: str
    as_of: datetime | None = None
    ttl: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def in_tables(query: Query) -> Films:
    """Films of our tables."""
    return _ours(Movie.objects.matching(MovieFilterQuery.filter_of(query)).in_order(query["ordering"]), query)


def discover(query: Query, *, waiting: bool) -> Films:
    """All that TMDb has, filtered and ordered."""
    client = _client()
    if client is None:
        return in_tables(query)
    fetch = partial(client.discover, upstream.discover_filters(query))
    return _theirs_or(lambda: in_tables(query), fetch, query, waiting=waiting)


def named_list(name: ListEntry.Name, query: Query, *, waiting: bool) -> Films:
    """A list of TMDb's as we last saw it whole; before we did, a page of it."""
    client = _client() if waiting else tmdb()  # a whole list takes more calls than one answer may
    if client is None:
        return _local_list(name, query)
    if not waiting:
        try:
            list_refresh(name, client)
        except TMDbError as failure:
            raise CatalogueUnavailable(failure) from failure
    seen = snapshot(name)
    if seen and seen.source == TMDB:
        films = Movie.objects.shown().filter(adult=False).on_list(name)
        page, total = page_of(films.for_cards(), query)
        return Films(page, total, TMDB, as_of=seen.made_at, about={"computed_at": seen.made_at})
    return _first_sight(name, client, query)


def search(query: Query, *, waiting: bool) -> Films:
    """Films by title: TMDb's, asked again for the nearest spelling that we know where it finds none."""
    client = _client()
    if client is None:
        return _found_here(query)
    fetch = partial(client.search, query["query"], include_adult=query["include_adult"])
    films = _theirs_or(lambda: _found_here(query), fetch, query, waiting=waiting, searched_for=query["query"])
    if films.source != TMDB or films.total:
        return films
    meant = vocabulary_keeper.vocabulary().corrected(query["query"])
    if meant is None:
        return films
    fetch = partial(client.search, meant, include_adult=query["include_adult"])
    return _theirs_or(lambda: _found_here(query), fetch, query, waiting=waiting, searched_for=meant)


def similar(tmdb_id: int, query: Query, *, waiting: bool) -> Films:
    """Films like this one. Raises MovieNotFound."""
    client = _client()
    if client is None:
        if not Movie.objects.shown().filter(tmdb_id=tmdb_id).exists():
            raise MovieNotFound
        return _similar_here(tmdb_id, query)
    fetch = partial(client.similar, tmdb_id)
    try:
        return _theirs_or(lambda: _similar_here(tmdb_id, query), fetch, query, waiting=waiting)
    except TMDbGone as gone:
        raise MovieNotFound from gone


def _client() -> TMDbClient | None:
    """TMDb, for as many calls as an answer needs: together they take no longer than one may."""
    client = tmdb()
    return client.for_one_answer() if client else None


def _ours(films: MovieQuerySet, query: Query, **about: Any) -> Films:
    page, total = page_of(films.for_cards(), query)
    return Films(page, total, TABLES, about=about)


def _theirs(fetch: Callable[[int], Page], query: Query, reach: int = upstream.REACH, **about: Any) -> Films:
    page, total = upstream.films_at(
        fetch,
        page=query["page"],
        per_page=query["per_page"],
        reach=reach,
        include_adult=query.get("include_adult", False),
    )
    return Films(page, total, TMDB, about=about)


def _theirs_or(
    ours: Callable[[], Films], fetch: Callable[[int], Page], query: Query, *, waiting: bool, **about: Any
) -> Films:
    """TMDb's films; while it does not answer somebody who waits, ours, if there are any."""
    try:
        return _theirs(fetch, query, **about)
    except TMDbGone:
        raise
    except TMDbError as failure:
        instead = ours() if waiting else None
        if instead is None or not instead.total:
            raise CatalogueUnavailable(failure) from failure
        return instead


def _first_sight(name: ListEntry.Name, client: TMDbClient, query: Query) -> Films:
    try:
        films = _theirs(partial(client.listing, name), query, reach=PAGES * upstream.PER_PAGE, computed_at=None)
        return Films(films.page, films.total, TMDB, ttl=SOON, about=films.about)
    except TMDbError as failure:
        instead = _local_list(name, query)
        if not instead.total:
            raise CatalogueUnavailable(failure) from failure
        return instead


def _local_list(name: ListEntry.Name, query: Query) -> Films:
    seen = snapshot(name) if name in TRENDING else None
    films = IN_TABLES[name]().shown().filter(adult=False)
    return _ours(films, query, computed_at=seen and seen.made_at)


def _found_here(query: Query) -> Films:
    films = Movie.objects.shown() if query["include_adult"] else Movie.objects.shown().filter(adult=False)
    found = find(films, query["query"])
    return _ours(found.films, query, searched_for=found.searched_for)


def _similar_here(tmdb_id: int, query: Query) -> Films:
    movie = Movie.objects.shown().filter(tmdb_id=tmdb_id).first()
    return _ours(Movie.objects.similar_to(movie) if movie else Movie.objects.none(), query)
