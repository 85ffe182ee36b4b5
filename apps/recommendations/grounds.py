"""What keeps one film from one caller: every limit that fails, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db.models import CharField, Value

from apps.favorites.events import EventKind
from apps.movies.models import Movie
from apps.movies.querysets import MovieFilter
from apps.recommendations.answers import Wish
from apps.recommendations.profile import Caller


class Ground(StrEnum):
    LIBRARY = "library"
    PREFERENCES = "preferences"
    FILTERS = "filters"
    GONE = "gone"
    NOT_TRAINED = "not_trained"
    NO_OPINION = "no_opinion"
    BELOW_RELEVANCE = "below_relevance"
    RANK = "rank"


@dataclass(frozen=True)
class HeldBack:
    """detail: the shelf, the preference or the parameter that it is about; else another stable word."""

    ground: Ground
    detail: str
    text: str


@dataclass(frozen=True)
class Limit:
    """A field of ``MovieFilter`` as preferences and parameters call it, and what it means that a film fails it."""

    preference: str
    parameter: str
    text: str


LIMITS = {
    "genres": Limit("genres", "genres", "it does not have the genres"),
    "without_genres": Limit("muted_genres", "without_genres", "it has a genre that is to be left out"),
    "year_gte": Limit("year_gte", "year_gte", "it is not known to be as new as that"),
    "year_lte": Limit("year_lte", "year_lte", "it is not known to be as old as that"),
    "runtime_gte": Limit("runtime_gte", "runtime_gte", "it is not known to be as long as that"),
    "runtime_lte": Limit("runtime_lte", "runtime_lte", "it is not known to be as short as that"),
    "vote_gte": Limit("vote_gte", "vote_gte", "its vote average is below that"),
    "languages": Limit("languages", "language", "its original language is another"),
    "certifications": Limit("certification_lte", "certification_lte", "it is not known to be rated as mild as that"),
    "without_certifications": Limit("certification_lte", "certification_lte", "it has a stricter rating as well"),
    "providers": Limit("providers", "providers", "none of these providers has it without paying for the film itself"),
    "include_adult": Limit("include_adult", "include_adult", "it is for adults only"),
}
SHELVES = {
    EventKind.FAVORITE: ("favorite", "It is among your favorites."),
    EventKind.RATING: ("rated", "You have rated it."),
    EventKind.HIDDEN: ("hidden", "You are not interested in it; take it off the hidden films to see it again."),
    EventKind.VIEWING: ("watched", "You have watched it, and `include_watched` is false."),
    EventKind.WATCHLIST: ("watchlisted", "It is on your watchlist, and `include_watchlisted` is false."),
}


def grounds_of(movie: Movie, caller: Caller, wish: Wish) -> list[HeldBack]:
    """What library, preferences and filters have against a film, as the tables are now; at most one query."""
    grounds = list(_of_library(movie, caller, wish))
    if movie.tmdb_id in wish.exclude_ids:
        grounds.append(HeldBack(Ground.FILTERS, "exclude_ids", "This question leaves it out by its id."))
    if movie.gone_at:
        return [HeldBack(Ground.GONE, "gone", "TMDb has it no more, or it may not be shown."), *grounds]
    return [*grounds, *_of_limits(movie, caller, wish)]


def _of_library(movie: Movie, caller: Caller, wish: Wish) -> Iterator[HeldBack]:
    kinds = {event.kind for event in caller.events if event.movie_id == movie.pk}
    for kind in (kind for kind in SHELVES if kind in kinds):
        alone = replace(caller, events=tuple(event for event in caller.events if event.kind == kind))
        if movie.pk in alone.done_with(
            include_watched=wish.include_watched, include_watchlisted=wish.include_watchlisted
        ):
            yield HeldBack(Ground.LIBRARY, *SHELVES[kind])


def _of_limits(movie: Movie, caller: Caller, wish: Wish) -> list[HeldBack]:
    asked = {
        (ground, name): narrow
        for ground, wanted in ((Ground.PREFERENCES, caller.limits), (Ground.FILTERS, wish.filter))
        for name, narrow in _one_by_one(wanted)
    }
    passed = _passed(movie, list(asked.values()))
    failed = [_told(*key) for place, key in enumerate(asked) if place not in passed]
    return list({(each.ground, each.detail): each for each in failed}.values())


def _one_by_one(wanted: MovieFilter) -> Iterator[tuple[str, MovieFilter]]:
    """Each limit that is set, by its field, as a filter of its own."""
    anything = MovieFilter(include_adult=True, region=wanted.region)
    for name in LIMITS:
        value = getattr(wanted, name)
        if value is not None and value is not True and value != ():
            yield name, replace(anything, **{name: value})


def _passed(movie: Movie, filters: list[MovieFilter]) -> set[int]:
    """The places of the filters that let the film pass, in one query."""
    parts = [
        Movie.objects.filter(pk=movie.pk)
        .matching(wanted)
        .order_by()
        .annotate(place=Value(str(place), CharField()))
        .values_list("place", flat=True)
        for place, wanted in enumerate(filters)
    ]
    return {int(place) for place in parts[0].union(*parts[1:], all=True)} if parts else set()


def _told(ground: Ground, name: str) -> HeldBack:
    limit = LIMITS[name]
    if ground == Ground.PREFERENCES:
        return HeldBack(ground, limit.preference, f"Your preferences limit `{limit.preference}`, and {limit.text}.")
    return HeldBack(ground, limit.parameter, f"This question limits `{limit.parameter}`, and {limit.text}.")
