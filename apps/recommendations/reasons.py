"""Reasons in words. What is named was really in the caller's library, or really said by the caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from apps.movies.models import Genre, Movie
from apps.recommendations.catalogue import Catalogue
from apps.recommendations.engines.contract import Reason, ReasonCode

SENTENCES = {
    ReasonCode.SIMILAR_TO: "Similar to {name}",
    ReasonCode.LIKED_TOGETHER: "People who liked {name} liked this too",
    ReasonCode.GENRES: "You lean to {name}",
    ReasonCode.POPULAR: "Popular here",
    ReasonCode.TRENDING: "Trending here",
}


@dataclass(frozen=True)
class SpokenReason:
    """``refs`` are TMDb ids: of films, or of genres where the code is ``genres``."""

    code: ReasonCode
    weight: float
    refs: tuple[int, ...]
    text: str


def in_words(reasons: Sequence[Sequence[Reason]], catalogue: Catalogue) -> list[list[SpokenReason]]:
    """The same reasons with ids for positions and a sentence each; two queries for all of them.

    A reason whose film or genre is gone since the training is left out.
    """
    genres, films = set[int](), set[int]()
    for reason in chain.from_iterable(reasons):
        (genres if reason.code == ReasonCode.GENRES else films).update(reason.refs)
    genre_names, film_names = _genre_names(catalogue, genres), _film_names(catalogue, films)

    def speak(reason: Reason) -> SpokenReason | None:
        return _spoken(reason, genre_names if reason.code == ReasonCode.GENRES else film_names)

    return [[spoken for spoken in map(speak, each) if spoken] for each in reasons]


def popular_reason(weight: float) -> SpokenReason:
    """For films that no engine ranked."""
    return SpokenReason(ReasonCode.POPULAR, weight, (), SENTENCES[ReasonCode.POPULAR])


def _spoken(reason: Reason, names: dict[int, tuple[int, str]]) -> SpokenReason | None:
    named = [names[ref] for ref in reason.refs if ref in names]
    if reason.refs and not named:
        return None
    text = SENTENCES[reason.code].format(name=" and ".join(name for _, name in named))
    return SpokenReason(reason.code, round(reason.weight, 4), tuple(tmdb_id for tmdb_id, _ in named), text)


def _film_names(catalogue: Catalogue, places: set[int]) -> dict[int, tuple[int, str]]:
    place_of = {int(catalogue.item_ids[place]): place for place in places}
    films = Movie.objects.filter(pk__in=place_of).values_list("pk", "tmdb_id", "title") if places else []
    return {place_of[pk]: (tmdb_id, title) for pk, tmdb_id, title in films}


def _genre_names(catalogue: Catalogue, places: set[int]) -> dict[int, tuple[int, str]]:
    place_of = {int(catalogue.genre_ids[place]): place for place in places}
    genres = Genre.objects.filter(tmdb_id__in=place_of).values_list("tmdb_id", "name") if places else []
    return {place_of[tmdb_id]: (tmdb_id, name) for tmdb_id, name in genres}
