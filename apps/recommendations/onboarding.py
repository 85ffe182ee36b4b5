"""The first questions: which films to ask a newcomer about, and what their answers lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from numpy.typing import NDArray

from apps.authentication.models import User
from apps.favorites.bulk import entries_change
from apps.favorites.models import HiddenMovie
from apps.favorites.my_block import my_blocks
from apps.movies.cards import cards_of
from apps.movies.models import Movie
from apps.movies.querysets import MovieFilter
from apps.movies.services import movies_for_tmdb_ids
from apps.recommendations import registry
from apps.recommendations.answers import Recommendations, Wish
from apps.recommendations.catalogue import incidence
from apps.recommendations.choosing import list_of
from apps.recommendations.engines.co_favorited import CoFavorited
from apps.recommendations.engines.contract import NO_OPINION, Engine, IntArray
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.informative import most_informative, most_varied
from apps.recommendations.models import Scenario
from apps.recommendations.profile import Caller
from apps.recommendations.services import NEW, model_of, page_shown
from apps.recommendations.serving import Model
from apps.recommendations.sessions import favorites_add_in_order
from apps.recommendations.widened import Widened

RECOGNISABLE = 300  # the most popular films: a question about one that nobody has seen tells nothing


class Answer(StrEnum):
    LIKED = "liked"
    DISLIKED = "disliked"
    UNSEEN = "unseen"


class ChosenBy(StrEnum):
    INFORMATION = "information"
    GENRES = "genres"


@dataclass(frozen=True)
class Order:
    """Films to ask about by primary key, the most telling first, and what that is judged by."""

    films: list[int]
    chosen_by: ChosenBy


@dataclass(frozen=True)
class Questions:
    cards: list[dict[str, Any]]
    chosen_by: ChosenBy
    model_version: str | None


@dataclass(frozen=True)
class Answered:
    """What became of the answers, by TMDb id, and what there is to watch now."""

    liked: list[int]
    disliked: list[int]
    unseen: list[int]
    not_found: list[int]
    page: Recommendations


_order: tuple[str, Order] | None = None  # of the model that this process served last, under its name


def questions_for(user: User | AnonymousUser, *, n: int) -> Questions:
    """``n`` films to ask about, fewer only where the caller's limits leave fewer; none that they are done with."""
    caller = Caller.of(user)
    model = model_of(caller)
    order = _order_of(model) if model else _order_of_tables()
    done = caller.done_with(include_watched=False, include_watchlisted=True)
    fitting = Movie.objects.matching(caller.limits).exclude(pk__in=done)
    there = set(fitting.filter(pk__in=order.films).values_list("pk", flat=True))
    chosen = [film for film in order.films if film in there][:n]
    if len(chosen) < n:
        others = fitting.exclude(pk__in=chosen).order_by("-popularity", "tmdb_id")
        chosen += others.values_list("pk", flat=True)[: n - len(chosen)]
    cards = {film: card for film, (card, _) in cards_of(Movie.objects.filter(pk__in=chosen)).items()}
    if caller.user:
        for film, block in my_blocks(caller.events, list(cards)).items():
            cards[film]["my"] = block
    return Questions([cards[film] for film in chosen if film in cards], order.chosen_by, model.name if model else None)


def answers_take(*, user: User, answers: Mapping[int, Answer]) -> Answered:
    """Put what was liked among the favorites and what was not among the hidden films; then recommend.

    Of two answers about one film the later holds. Films that nobody knows are named, and change nothing.
    """
    films = movies_for_tmdb_ids(answers)  # network, before the transaction
    told = {answer: [film for film in answers if answers[film] == answer and film in films.known] for answer in Answer}
    liked, disliked = told[Answer.LIKED], told[Answer.DISLIKED]
    with transaction.atomic():
        favorites_add_in_order(user=user, tmdb_ids=liked, remove=disliked)
        entries_change(HiddenMovie, user=user, add={film: {} for film in disliked}, remove=liked)
    caller = Caller.of(user)
    model = model_of(caller)
    made = list_of(model, caller, Wish(), scenario=Scenario.ONBOARDING)
    return Answered(
        liked=liked,
        disliked=disliked,
        unseen=told[Answer.UNSEEN],
        not_found=[film for film in answers if film not in films.known],
        page=page_shown(made, NEW, model, caller),
    )


def _order_of(model: Model) -> Order:
    """Chosen once for each model that this process serves."""
    global _order
    if _order is None or _order[0] != model.name:
        _order = model.name, _chosen(model)
    return _order[1]


def _chosen(model: Model) -> Order:
    catalogue = model.catalogue
    standing = model.engines[registry.POPULAR].score(Caller().profiles(catalogue))[0]
    standing[~catalogue.matching(MovieFilter())] = NO_OPINION
    best = np.argsort(-standing, kind="stable")[:RECOGNISABLE]
    best = best[standing[best] > NO_OPINION]
    engine, counts = _as_trained(model, MatrixFactorization.name), _as_trained(model, CoFavorited.name)
    if isinstance(engine, MatrixFactorization) and isinstance(counts, CoFavorited):
        chances = counts.audience / max(sum(model.learned_from["users"].values()), 1)
        return Order(catalogue.item_ids[best[_by_information(engine, chances, best)]].tolist(), ChosenBy.INFORMATION)
    order = most_varied(catalogue.item_genres[best].toarray())
    return Order(catalogue.item_ids[best[order]].tolist(), ChosenBy.GENRES)


def _as_trained(model: Model, name: str) -> Engine | None:
    """Without what a fresh layer wraps around it."""
    engine = model.engines.get(name)
    return engine.engine if isinstance(engine, Widened) else engine


def _by_information(engine: MatrixFactorization, chances: NDArray[np.float64], films: IntArray) -> IntArray:
    """``films`` by place; a film is expected to be liked as often as it was, and matters as much."""
    factors = engine.item_factors
    n_items, n_factors = factors.shape
    ridge = engine.regularization * (engine.unobserved_weight * n_items) ** engine.exponent
    nobody = engine.unobserved_weight * engine.gram + ridge * np.eye(n_factors)  # what is solved for who likes nothing
    wanted = factors.T @ (factors * chances[:n_items, None])
    return most_informative(factors[films], chances[films], normal=nobody, wanted=wanted)


def _order_of_tables() -> Order:
    """Before the first training."""
    popular = Movie.objects.matching(MovieFilter()).order_by("-popularity", "tmdb_id")
    films = np.array(popular.values_list("pk", flat=True)[:RECOGNISABLE], dtype=np.int64)
    links = Movie.genres.through.objects.filter(movie_id__in=films.tolist()).values_list("movie_id", "genre_id")
    pairs = np.array(list(links), dtype=np.int64).reshape(-1, 2)
    by_pk = np.sort(films)
    genres = incidence(by_pk, np.unique(pairs[:, 1]), pairs[:, 0], pairs[:, 1])
    order = most_varied(genres[np.searchsorted(by_pk, films)].toarray())
    return Order(films[order].tolist(), ChosenBy.GENRES)
