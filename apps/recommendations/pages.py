"""Pages of lists: the films that may still be shown, as cards, each with the reasons of the engine that chose it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q

from apps.favorites.my_block import my_blocks
from apps.movies.cards import card_rows, cards_from
from apps.movies.models import Movie
from apps.movies.querysets import MovieFilter, MovieQuerySet
from apps.recommendations.answers import Cut, Provenance, Recommendation, Recommendations, Wish
from apps.recommendations.choosing import done_with
from apps.recommendations.models import RecommendationList
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import relevance_of
from apps.recommendations.serving import Model
from apps.recommendations.voice import Card, Cards, Voice
from utils.database import Among, listed

SPARE = 5  # films read beyond the page, to stand in for those that have gone or changed since the training
FILMS, UNCHECKED = "films", "unchecked"  # stand for ids while a statement is written


def pages_of(
    asked: Sequence[tuple[RecommendationList, Cut]], model: Model | None, caller: Caller
) -> list[Recommendations]:
    """A page of each list, which learns how much of it is shown now. What may not be shown any more is left out.

    One query for all of them, unless more than ``SPARE`` films of a page have gone or changed since the training. The
    filter of the first list holds in the others, too; what else they ask of films is asked of those on the page.
    """
    voice = Voice(model, caller)
    pages = [_Page(made, cut, caller) for made, cut in asked]
    unchecked = {film for page in pages if not page.fixed for film in page.films}
    filters = tuple(dict.fromkeys(page.wish.filter for page in pages))
    known: dict[int, tuple[Card, tuple[bool, ...]]] = {}
    asked_for: set[int] = set()
    while unread := {film for page in pages for film in voice.named_in(page.made, page.window)} - asked_for:
        known |= _read(unread, unchecked, filters, caller.limits)
        asked_for |= unread
        unchecked = set()
        for page in pages:
            own = filters.index(page.wish.filter)
            fitting = {film for film, (_, fits) in known.items() if fits[0] and fits[own]}
            page.drop((asked_for | known.keys()) - fitting)
    if caller.user:
        for film, block in my_blocks(caller.events, list(known)).items():
            known[film][0]["my"] = block
    return [page.answer(known, voice) for page in pages]


def _read(
    films: set[int], unchecked: set[int], filters: tuple[MovieFilter, ...], limits: MovieFilter
) -> dict[int, tuple[Card, tuple[bool, ...]]]:
    """These films, each with whether it passes each of the filters; and those of the unchecked that fail the first."""
    statement, params = _statement(connection.vendor, limits, filters)
    asked = {FILMS: listed(films), UNCHECKED: listed(unchecked)}
    with connection.cursor() as cursor:
        cursor.execute(statement, [asked.get(param, param) for param in params])
        cards = cards_from(cursor.fetchall(), len(filters))
    return {film: (card, tuple(map(bool, marks))) for film, (card, marks) in cards.items()}


@lru_cache(maxsize=256)
def _statement(vendor: str, limits: MovieFilter, filters: tuple[MovieFilter, ...]) -> tuple[str, tuple[Any, ...]]:
    """Written once for each filter: to put it together took Django longer than a database to answer it."""

    def among(ids: str) -> MovieQuerySet:
        return Movie.objects.filter(Among("pk", ids))

    def fits(ids: str, wanted: MovieFilter) -> Q:
        return Q(pk__in=among(ids).matching(limits).matching(wanted).values("pk"))

    marks = {
        f"fits_{number}": ExpressionWrapper(fits(FILMS, wanted), BooleanField())
        for number, wanted in enumerate(filters)
    }
    rows = card_rows(among(FILMS) | among(UNCHECKED).exclude(fits(UNCHECKED, filters[0])), **marks)
    statement, params = rows.query.sql_with_params()
    return statement, tuple(params)


class _Page:
    """One page being cut. What may not be shown makes room for what comes after it.

    Where the caller goes on with a list, the films that it was shown keep their places: else one that they put away
    would move the next page up, and a film would be missed.
    """

    def __init__(self, made: RecommendationList, cut: Cut, caller: Caller) -> None:
        self.made, self.cut = made, cut
        self.wish = Wish.of_told(made.told["wish"])
        self.films = list(made.movies)
        self.fixed = made.shown if cut.list_id else 0
        self.unfit: set[int] = set()
        self.drop(done_with(caller, self.wish))

    def drop(self, unfit: Collection[int]) -> None:
        """These may not be shown."""
        self.unfit.update(unfit)
        self.films[self.fixed :] = [film for film in self.films[self.fixed :] if film not in self.unfit]

    @property
    def window(self) -> list[int]:
        """The films of the page, and some more."""
        return self.films[self.cut.first : self.cut.end + SPARE]

    def answer(self, cards: Cards, voice: Voice) -> Recommendations:
        made = self.made
        scores = dict(zip(made.movies, made.scores, strict=True))
        made.movies, made.scores = self.films, [scores[film] for film in self.films]
        made.shown = max(made.shown, min(self.cut.end, len(self.films)))
        films = [film for film in self.window[: self.cut.per_page] if film not in self.unfit]
        fill = set(made.told["fill"])
        relevance = relevance_of(np.array([scores[film] for film in films]), *made.told["between"])
        items = [
            Recommendation(
                movie=cards[film][0],
                score=scores[film],
                relevance=0.0 if film in fill else round(float(near), 4),
                reasons=voice.reasons(made, film, cards),
                predicted_rating=voice.predicted_rating(film),
            )
            for film, near in zip(films, relevance, strict=True)
        ]
        return Recommendations(items, len(self.films), self._provenance(sum(film in fill for film in films)))

    def _provenance(self, filled: int) -> Provenance:
        made = self.made
        return Provenance(
            recommendation_id=made.pk,
            made_at=made.created_at,
            requested=made.requested or None,
            served=made.algorithm,
            fallback_reason=made.fallback_reason or None,
            personalised=made.told["personalised"],
            model_version=made.model_version or None,
            trained_at=made.told.get("trained_at"),
            learned_from=made.told.get("learned_from"),
            filtered_out=made.told["filtered_out"],
            filled=filled,
            exhausted=len(self.films) <= self.cut.end,
        )
