"""The filters of discover/movie and the words of search/movie."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import numpy as np

from tests.fake_tmdb.columns import GENRE_IDS, UNKNOWN_DAY, Bools, Columns, Ints
from tests.fake_tmdb.orders import Orders, folded
from tests.fake_tmdb.words import CERTIFICATIONS, COUNTRIES, LANGUAGES, PROVIDERS

Query = dict[str, str]
Filter = Callable[[Columns, Query], Bools]
SORTABLE = {
    "popularity": "popularity",
    "vote_average": "vote_average",
    "vote_count": "vote_count",
    "primary_release_date": "day",
    "release_date": "day",
    "title": "title",
}


def discover(columns: Columns, orders: Orders, query: Query) -> Ints:
    """The ids that pass every filter known; an unknown parameter or value is ignored, as TMDb does."""
    keep = _suitable(columns, query)
    for name in FILTERS.keys() & {name for name, value in query.items() if value}:
        with suppress(ValueError):
            keep &= FILTERS[name](columns, query)
    field, _, direction = query.get("sort_by", "popularity.desc").rpartition(".")
    order = orders.sorted_by(SORTABLE.get(field, "popularity"), direction != "asc")
    return order[keep[order - 1]]


def search(columns: Columns, orders: Orders, query: Query) -> Ints:
    """Every word asked for begins a word of the title or of the original title; no tolerance for typos."""
    wanted = [f" {word}" for word in folded(query.get("query", "")).split()]
    titles = orders.titles()
    found = [film for film in orders.sorted_by("popularity", True) if all(word in titles[film - 1] for word in wanted)]
    ids = np.array(found if wanted else [], dtype=np.int64)
    keep = _suitable(columns, query)
    year = query.get("year") or query.get("primary_release_year")
    if year:
        with suppress(ValueError):
            first, last = date(int(year), 1, 1), date(int(year), 12, 31)
            keep &= (columns.day >= first.toordinal()) & (columns.day <= last.toordinal())
    return ids[keep[ids - 1]]


def _all(columns: Columns) -> Bools:
    return np.ones(len(columns.alive), dtype=np.bool_)


def _suitable(columns: Columns, query: Query) -> Bools:
    return _all(columns) if query.get("include_adult", "false").lower() == "true" else ~columns.adult


def _with_genres(columns: Columns, query: Query) -> Bools:
    """Comma is AND, pipe is OR."""
    text = query["with_genres"]
    if "|" in text:
        return _has_any(columns, text.split("|"))
    keep = _all(columns)
    for genre_id in text.split(","):
        keep &= _has_any(columns, [genre_id])
    return keep


def _without_genres(columns: Columns, query: Query) -> Bools:
    return ~_has_any(columns, query["without_genres"].replace("|", ",").split(","))


def _has_any(columns: Columns, genre_ids: list[str]) -> Bools:
    wanted = sum(1 << place for place, genre_id in enumerate(GENRE_IDS) if str(genre_id) in genre_ids)
    return (columns.genres & wanted).astype(np.bool_)


def _from_day(name: str) -> Filter:
    return lambda columns, query: (columns.day >= _ordinal(query[name])) & (columns.day != UNKNOWN_DAY)


def _to_day(name: str) -> Filter:
    return lambda columns, query: (columns.day <= _ordinal(query[name])) & (columns.day != UNKNOWN_DAY)


def _at_least(column: str, name: str) -> Filter:
    return lambda columns, query: getattr(columns, column) >= float(query[name])


def _at_most(column: str, name: str) -> Filter:
    return lambda columns, query: getattr(columns, column) <= float(query[name])


def _original_language(columns: Columns, query: Query) -> Bools:
    wanted = [LANGUAGES.index(code) for code in query["with_original_language"].split("|") if code in LANGUAGES]
    return np.isin(columns.language, wanted).astype(np.bool_)


def _certification_at_most(columns: Columns, query: Query) -> Bools:
    """Filters nothing without a country; a film without a certification is not among the answers."""
    marks = CERTIFICATIONS.get(query.get("certification_country", ""), ())
    if query["certification.lte"] not in marks:
        return _all(columns)
    level = marks.index(query["certification.lte"])
    certified: Bools = (columns.certification >= 0) & (columns.certification <= level)
    return certified & np.not_equal(columns.day, UNKNOWN_DAY).astype(np.bool_)


def _watch_providers(columns: Columns, query: Query) -> Bools:
    """Filters nothing without a watch_region."""
    region = query.get("watch_region")
    if region not in COUNTRIES:
        return _all(columns)
    asked = query["with_watch_providers"].replace(",", "|").split("|")
    wanted = sum(1 << place for place, provider_id in enumerate(PROVIDERS) if str(provider_id) in asked)
    offered_there = (columns.regions >> list(COUNTRIES).index(region) & 1).astype(np.bool_)
    return offered_there & (columns.providers & wanted).astype(np.bool_)


def _ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()


FILTERS: dict[str, Filter] = {
    "with_genres": _with_genres,
    "without_genres": _without_genres,
    "primary_release_date.gte": _from_day("primary_release_date.gte"),
    "primary_release_date.lte": _to_day("primary_release_date.lte"),
    "with_runtime.gte": _at_least("runtime", "with_runtime.gte"),
    "with_runtime.lte": _at_most("runtime", "with_runtime.lte"),
    "vote_average.gte": _at_least("vote_average", "vote_average.gte"),
    "vote_count.gte": _at_least("vote_count", "vote_count.gte"),
    "with_original_language": _original_language,
    "certification.lte": _certification_at_most,
    "with_watch_providers": _watch_providers,
}
