"""Our pages out of TMDb's: theirs have 20 films and end at 500."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from apps.movies.models import Movie
from apps.movies.querysets import GenreChoice
from apps.movies.tmdb_store import summaries_store
from utils.tmdb_client.records import MAX_PAGE, Page

PER_PAGE = 20
REACH = PER_PAGE * MAX_PAGE
VOTES_TO_RANK = 200  # else the best voted film is one with a single vote of 10

SORT_BY = {
    "popularity": "popularity",
    "vote_average": "vote_average",
    "release_date": "primary_release_date",
    "title": "title",
}


class FilmsAt(NamedTuple):
    """The films of one of our pages, and how many there are in all."""

    films: list[Movie]
    total: int


def films_at(
    fetch: Callable[[int], Page], *, page: int, per_page: int, reach: int = REACH, include_adult: bool = False
) -> FilmsAt:
    """One of our pages, put together from as many of TMDb's as it takes, and stored. Raises TMDbError."""
    start = (page - 1) * per_page
    first = start // PER_PAGE + 1
    last = min(-(-(start + per_page) // PER_PAGE), MAX_PAGE)
    told = [fetch(first if start < reach else 1)]  # past the end: for the total alone
    told += _fetched(fetch, range(first + 1, min(last, told[0].total_pages) + 1))
    total = min(told[0].total_results, reach)
    if start >= reach:
        return FilmsAt([], total)
    films = (film for page_told in told for film in page_told.results)
    summaries = {film.tmdb_id: film for film in films if include_adult or not film.adult}
    pks = summaries_store(summaries.values())
    skipped = start - (first - 1) * PER_PAGE
    wanted = [pks[tmdb_id] for tmdb_id in list(summaries)[skipped : skipped + per_page]]
    stored = Movie.objects.for_cards().in_bulk(wanted)
    return FilmsAt([stored[pk] for pk in wanted], total)


def _fetched(fetch: Callable[[int], Page], numbers: range) -> list[Page]:
    if not numbers:
        return []
    with ThreadPoolExecutor(len(numbers)) as pool:  # one after another they could take a deadline each
        return list(pool.map(fetch, numbers))


def discover_filters(query: Mapping[str, object]) -> dict[str, str]:
    """Our filters in TMDb's words; those left out are left out."""
    ordering = str(query["ordering"])
    column, way = SORT_BY[ordering.lstrip("-")], "desc" if ordering.startswith("-") else "asc"
    filters = {
        "with_genres": _genres(query["genres"]),
        "without_genres": _joined(query["without_genres"], ","),
        "primary_release_date.gte": query["year_gte"] and f"{query['year_gte']}-01-01",
        "primary_release_date.lte": query["year_lte"] and f"{query['year_lte']}-12-31",
        "with_runtime.gte": query["runtime_gte"],
        "with_runtime.lte": query["runtime_lte"],
        "vote_average.gte": query["vote_gte"],
        "vote_count.gte": VOTES_TO_RANK if column == "vote_average" else None,
        "with_original_language": _joined(query["language"], "|"),
        "certification.lte": query["certification_lte"],
        "certification_country": query["certification_lte"] and query["region"],
        "with_watch_providers": _joined(query["providers"], "|"),
        "with_watch_monetization_types": query["providers"] and "flatrate|free|ads",
        "watch_region": query["providers"] and query["region"],
        "include_adult": "true" if query["include_adult"] else "false",
        "sort_by": f"{column}.{way}",
    }
    return {name: str(value) for name, value in filters.items() if value not in (None, "", ())}


def _genres(choice: object) -> str:
    return _joined(choice.tmdb_ids, "," if choice.match_all else "|") if isinstance(choice, GenreChoice) else ""


def _joined(values: object, separator: str) -> str:
    return separator.join(map(str, values)) if isinstance(values, tuple) else ""
