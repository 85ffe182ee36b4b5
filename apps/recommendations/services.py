"""The door for views: who is asking, which engine answers, which films, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from apps.authentication.models import User
from apps.movies.models import Movie, Source
from apps.movies.querysets import MovieQuerySet
from apps.recommendations import registry
from apps.recommendations.answers import (
    FAILED,
    NO_SIGNAL,
    NOT_TRAINED,
    TMDB_TERMS,
    AlgorithmState,
    Provenance,
    Recommendation,
    Recommendations,
    Wish,
)
from apps.recommendations.catalogue import Catalogue
from apps.recommendations.engines.contract import BoolArray, Engine, IntArray, Profiles
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import Ranking, ranked
from apps.recommendations.reasons import in_words, popular_reason
from apps.recommendations.serving import Model, active_model

logger = logging.getLogger(__name__)

SPARE = 10  # films ranked beyond the page, to stand in for those that have gone or changed since the training


def recommend_for(user: User | AnonymousUser, wish: Wish) -> Recommendations:
    """A page of what to watch next. It is read from the tables, so that any write shows in the very next call."""
    caller = Caller.of(user)
    model = active_model()
    return _from_tables(caller, wish) if model is None else _from_model(model, caller, wish)


def algorithms_for(user: User | AnonymousUser) -> list[AlgorithmState]:
    """Every engine, and whether it can answer this caller now."""
    model = active_model()
    caller = Caller.of(user)
    profiles = caller.profiles(model.catalogue) if model else None
    barred = engines_barred()
    states = []
    for name, engine in registry.ENGINES.items():
        why_not = _why_not(model, profiles, name, barred)
        metrics = model.metrics.get(name) if model else None
        states.append(AlgorithmState(name, engine.tier, engine.description, why_not is None, why_not, metrics))
    return states


def engines_barred() -> frozenset[str]:
    """Engines that are not to be used: with TRAIN_ON_TMDB_CONTENT false, those that read what films are about.

    One film from TMDb is enough, since what they learn mixes all films; with none in the catalogue, none is barred.
    """
    if settings.TRAIN_ON_TMDB_CONTENT or not Movie.objects.shown().filter(source=Source.TMDB).exists():
        return frozenset()
    return registry.READ_CONTENT


def _from_model(model: Model, caller: Caller, wish: Wish) -> Recommendations:
    profiles = caller.profiles(model.catalogue)
    engine, fallback_reason = _choose(model, profiles, wish.algorithm)
    try:
        return _answer(model, engine, fallback_reason, profiles, caller, wish)
    except Exception:  # whatever is wrong with one engine, the caller gets films, and is told whose they are
        logger.exception("engine %s of model %s failed", engine.name, model.name)
        return _answer(model, model.engines[registry.POPULAR], FAILED, profiles, caller, wish)


def _answer(
    model: Model, engine: Engine, fallback_reason: str | None, profiles: Profiles, caller: Caller, wish: Wish
) -> Recommendations:
    allowed, filtered_out = _allowed(model.catalogue, caller, wish)
    ranking, present = _rank(model, engine, profiles, allowed, caller, wish)
    page = present[wish.first : wish.first + wish.per_page]
    provenance = Provenance(
        requested=wish.algorithm,
        served=engine.name,
        fallback_reason=fallback_reason,
        personalised=engine.personalised,
        model_version=model.name,
        trained_at=model.trained_at,
        learned_from=model.learned_from,
        filtered_out=filtered_out,
        filled=sum(place >= ranking.own for place in page),
        exhausted=len(present) <= wish.first + wish.per_page,
    )
    total = int(allowed.sum()) - (len(ranking.items) - len(present))
    return Recommendations(_explained(model, engine, profiles, ranking, page), total, provenance)


def _choose(model: Model, profiles: Profiles, requested: str | None) -> tuple[Engine, str | None]:
    """The engine asked for; else the one that did best of those that can answer, and why it stands in."""
    barred = engines_barred()
    why_not = _why_not(model, profiles, requested, barred) if requested else None
    if requested and why_not is None:
        return model.engines[requested], None
    usable = [name for name in registry.NAMES if _why_not(model, profiles, name, barred) is None]
    best = max(usable, key=lambda name: model.metrics[name]["ndcg"])
    return model.engines[best], why_not


def _why_not(model: Model | None, profiles: Profiles | None, name: str, barred: frozenset[str]) -> str | None:
    """Why an engine cannot answer, None where it can."""
    if name in barred:
        return TMDB_TERMS
    if model is None or profiles is None or name not in model.engines:
        return NOT_TRAINED
    return None if model.engines[name].can_score(profiles)[0] else NO_SIGNAL


def _allowed(catalogue: Catalogue, caller: Caller, wish: Wish) -> tuple[BoolArray, dict[str, int]]:
    """(n_items,): the films that may be shown; and how many each ground kept out that those before it let pass."""
    grounds = {
        "library": ~catalogue.among(_done(caller, wish)),
        "preferences": catalogue.passing(caller.limits),
        "filters": catalogue.passing(wish.filter),
    }
    allowed, filtered_out = np.ones(len(catalogue.item_ids), dtype=bool), {}
    for ground, passing in grounds.items():
        filtered_out[ground] = int((allowed & ~passing).sum())
        allowed &= passing
    return allowed, filtered_out


def _rank(
    model: Model, engine: Engine, profiles: Profiles, allowed: BoolArray, caller: Caller, wish: Wish
) -> tuple[Ranking, list[int]]:
    """The best films to the end of the page, and the places of those in it that the tables still let pass."""
    wanted, spare = wish.first + wish.per_page, SPARE
    while True:
        ranking = ranked(engine, model.engines[registry.POPULAR], profiles, allowed, k=wanted + spare)
        pks = model.catalogue.item_ids[ranking.items].tolist()
        passing = set(_passing(caller, wish).filter(pk__in=pks).values_list("pk", flat=True))
        present = [place for place, pk in enumerate(pks) if pk in passing]
        if len(present) > wanted or len(ranking.items) < wanted + spare:
            return ranking, present
        spare *= 4


def _explained(
    model: Model, engine: Engine, profiles: Profiles, ranking: Ranking, page: Sequence[int]
) -> list[Recommendation]:
    """The films at these places of the ranking, each with the reasons of the engine that put it there."""
    items = ranking.items[list(page)] if page else ranking.items[:0]
    own = sum(place < ranking.own for place in page)
    reasons = engine.reasons(profiles, items[:own]) + model.engines[registry.POPULAR].reasons(profiles, items[own:])
    pks = model.catalogue.item_ids[items].tolist()
    films = Movie.objects.for_cards().in_bulk(pks)
    spoken, stars = in_words(reasons, model.catalogue), _predicted_ratings(model, profiles, items)
    return [
        Recommendation(films[pk], float(ranking.scores[place]), why, rating)
        for pk, place, why, rating in zip(pks, page, spoken, stars, strict=True)
        if pk in films
    ]


def _predicted_ratings(model: Model, profiles: Profiles, items: IntArray) -> list[float | None]:
    """What the caller would rate these films, whichever engine chose them."""
    engine = model.engines.get(MatrixFactorization.name)
    if not isinstance(engine, MatrixFactorization):
        return [None] * len(items)
    stars = engine.predicted_ratings(profiles, items)[0]
    return [None if np.isnan(rating) else round(float(rating), 1) for rating in stars]


def _from_tables(caller: Caller, wish: Wish) -> Recommendations:
    """Before the first training: what is popular, by the same rules."""
    fresh = Movie.objects.exclude(pk__in=_done(caller, wish))
    films = _passing(caller, wish)
    counts = [Movie.objects.count(), fresh.count(), fresh.matching(caller.limits).count(), films.count()]
    kept_out = [before - after for before, after in pairwise(counts)]
    end = wish.first + wish.per_page
    page = films.for_cards().order_by("-popularity", "tmdb_id")[wish.first : end]
    provenance = Provenance(
        requested=wish.algorithm,
        served=registry.POPULAR,
        fallback_reason=_why_not(None, None, wish.algorithm or registry.POPULAR, engines_barred()),
        filtered_out=dict(zip(("library", "preferences", "filters"), kept_out, strict=True)),
        exhausted=counts[-1] <= end,
    )
    items = [Recommendation(film, film.popularity, [popular_reason(film.popularity)]) for film in page]
    return Recommendations(items, counts[-1], provenance)


def _passing(caller: Caller, wish: Wish) -> MovieQuerySet:
    """What ``_allowed`` says, asked of the tables."""
    return Movie.objects.matching(caller.limits).matching(wish.filter).exclude(pk__in=_done(caller, wish))


def _done(caller: Caller, wish: Wish) -> set[int]:
    return caller.done_with(include_watched=wish.include_watched, include_watchlisted=wish.include_watchlisted)
