"""Which engine answers a wish, which films it may name, and the list that comes of it."""

from __future__ import annotations

import logging
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray
from prometheus_client import Counter, Histogram

from apps.movies.models import Movie, Source
from apps.movies.querysets import MovieQuerySet
from apps.recommendations import registry
from apps.recommendations.answers import FAILED, NO_SIGNAL, NOT_TRAINED, TMDB_TERMS, Wish
from apps.recommendations.catalogue import Catalogue
from apps.recommendations.engines.contract import BoolArray, Engine, FloatArray, Profiles
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.models import RecommendationList, Scenario
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import Ranking, ranked, relevance_of, spread
from apps.recommendations.serving import Model
from apps.recommendations.widened import WidenedFactors
from utils.observing import BOUNDS

logger = logging.getLogger(__name__)

LISTS = Counter("marquee_lists", "Lists made, by engine, and why it stands in for another.", ["engine", "fallback"])
SECONDS = Histogram("marquee_list_seconds", "That a list took to make.", ["engine"], buckets=BOUNDS)

LENGTH = 200  # films of a list: ten screens; who wants more asks for a new one


def engines_barred() -> frozenset[str]:
    """Engines that are not to be used: with TRAIN_ON_TMDB_CONTENT false, those that read what films are about.

    One film from TMDb is enough, since what they learn mixes all films; with none in the catalogue, none is barred.
    """
    if settings.TRAIN_ON_TMDB_CONTENT or not Movie.objects.shown().filter(source=Source.TMDB).exists():
        return frozenset()
    return registry.READ_CONTENT


def why_not(model: Model | None, profiles: Profiles | None, name: str, barred: frozenset[str]) -> str | None:
    """Why an engine cannot answer, None where it can."""
    if name in barred:
        return TMDB_TERMS
    if model is None or profiles is None or name not in model.engines:
        return NOT_TRAINED
    return None if model.engines[name].can_score(profiles)[0] else NO_SIGNAL


def engine_for(model: Model, profiles: Profiles, wish: Wish) -> tuple[Engine, str | None]:
    """The engine asked for; else the best of the tier asked for; else the best of all, and why it stands in."""
    barred = engines_barred()
    if wish.algorithm and why_not(model, profiles, wish.algorithm, barred) is None:
        return model.engines[wish.algorithm], None
    reasons = {name: why_not(model, profiles, name, barred) for name in registry.NAMES}
    usable = [name for name in registry.NAMES if reasons[name] is None]
    of_tier = [name for name in usable if wish.tier in (None, model.engines[name].tier)]
    best = model.best_of(of_tier or usable, n_likes=profiles.likes.nnz)
    if wish.algorithm:
        return model.engines[best], reasons[wish.algorithm]
    return model.engines[best], None if of_tier else _why_no_tier(reasons, wish)


def _why_no_tier(reasons: dict[str, str | None], wish: Wish) -> str | None:
    """Of a tier none of whose engines can answer, what keeps the most of them."""
    found = [reason for name, reason in reasons.items() if registry.ENGINES[name].tier == wish.tier]
    return max(set(found), key=found.count)


def list_of(model: Model | None, caller: Caller, wish: Wish, *, scenario: Scenario) -> RecommendationList:
    """The films that answer a wish, best first. Where an engine fails the popular films stand in, and are named."""
    started = perf_counter()
    if model is None:
        made = _list_of_tables(caller, wish)
    else:
        profiles = caller.profiles(model.catalogue)
        engine, reason = engine_for(model, profiles, wish)
        try:
            made = _list_of_model(model, engine, profiles, caller, wish)
        except Exception:  # whatever is wrong with one engine, the caller gets films, and is told whose they are
            logger.exception("engine %s of model %s failed", engine.name, model.name)
            made, reason = _list_of_model(model, model.engines[registry.POPULAR], profiles, caller, wish), FAILED
        made.fallback_reason = reason or ""
    made.user, made.scenario, made.requested = caller.user, scenario, wish.algorithm or ""
    made.told["wish"] = wish.as_told()
    seconds = perf_counter() - started
    made.latency_ms = round(seconds * 1000, 3)
    LISTS.labels(made.algorithm, made.fallback_reason).inc()
    SECONDS.labels(made.algorithm).observe(seconds)
    return made


def _list_of_model(model: Model, engine: Engine, profiles: Profiles, caller: Caller, wish: Wish) -> RecommendationList:
    allowed, filtered_out = allowed_films(model.catalogue, caller, wish)
    popular = model.engines[registry.POPULAR]
    ranking = ranked(engine, popular, profiles, allowed, k=LENGTH, min_relevance=wish.min_relevance)
    if wish.diversity > 0:
        ranking = spread(ranking, _vectors(model), wish.diversity)
    return list_from(model, engine, ranking, filtered_out | {"relevance": ranking.irrelevant})


def list_from(model: Model, engine: Engine, ranking: Ranking, filtered_out: dict[str, int]) -> RecommendationList:
    return RecommendationList(
        algorithm=engine.name,
        model_version=model.name,
        movies=model.catalogue.item_ids[ranking.items].tolist(),
        scores=six_digits(ranking.scores).tolist(),
        told={
            "personalised": engine.personalised,
            "trained_at": model.trained_at.isoformat().replace("+00:00", "Z"),
            "learned_from": model.learned_from,
            "filtered_out": filtered_out,
            "between": six_digits(np.array([ranking.least, ranking.best])).tolist(),
            "fill": model.catalogue.item_ids[ranking.items[ranking.own :]].tolist(),
        },
        created_at=timezone.now(),
    )


def six_digits(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Rounded to so many that count; what was less or more stays so."""
    exact = scores.astype(np.float64)
    places = 5 - np.floor(np.log10(np.abs(np.where(exact == 0, 1, exact))))
    return np.asarray(np.round(exact * 10**places) / 10**places)


def allowed_films(catalogue: Catalogue, caller: Caller, wish: Wish) -> tuple[BoolArray, dict[str, int]]:
    """(n_items,): the films that may be shown; and how many each ground kept out that those before it let pass."""
    named = np.zeros(len(catalogue.item_ids), dtype=bool)
    named[catalogue.called(wish.exclude_ids)] = True
    grounds = {
        "library": ~catalogue.among(done_with(caller, wish)),
        "preferences": catalogue.passing(caller.limits),
        "filters": catalogue.passing(wish.filter) & ~named,
    }
    allowed, filtered_out = np.ones(len(catalogue.item_ids), dtype=bool), {}
    for ground, passing in grounds.items():
        filtered_out[ground] = int((allowed & ~passing).sum())
        allowed &= passing
    return allowed, filtered_out


def passing(films: MovieQuerySet, caller: Caller, wish: Wish) -> MovieQuerySet:
    """What preferences and filters let pass, asked of the tables, which know more of today than a trained catalogue."""
    return films.matching(caller.limits).matching(wish.filter)


def done_with(caller: Caller, wish: Wish) -> set[int]:
    return caller.done_with(include_watched=wish.include_watched, include_watchlisted=wish.include_watchlisted)


def _vectors(model: Model) -> FloatArray:
    """(n_items, n_features): what tells films apart, for diversity: learned factors, or else genres."""
    engine = model.engines.get(MatrixFactorization.name)
    if isinstance(engine, MatrixFactorization | WidenedFactors):
        return np.asarray(engine.item_factors)
    return np.asarray(model.catalogue.item_genres.toarray())


def _list_of_tables(caller: Caller, wish: Wish) -> RecommendationList:
    """Before the first training: what is popular, by the same rules."""
    fresh = Movie.objects.exclude(pk__in=done_with(caller, wish))
    films = passing(fresh, caller, wish).exclude(tmdb_id__in=wish.exclude_ids)
    counts = [each.count() for each in (Movie.objects.all(), fresh, fresh.matching(caller.limits), films)]
    kept_out = [before - after for before, after in pairwise(counts)]
    best = list(films.order_by("-popularity", "tmdb_id").values_list("pk", "popularity")[:LENGTH])
    between = [best[-1][1], best[0][1]] if best else [0.0, 0.0]
    relevance = relevance_of(np.array([popularity for _, popularity in best]), *between)
    relevant = best[: int((relevance >= wish.min_relevance).sum())]
    told: dict[str, Any] = {
        "personalised": False,
        "filtered_out": dict(zip(("library", "preferences", "filters"), kept_out, strict=True))
        | {"relevance": len(best) - len(relevant)},
        "between": between,
        "fill": [],
    }
    return RecommendationList(
        algorithm=registry.POPULAR,
        fallback_reason=why_not(None, None, wish.algorithm or registry.POPULAR, engines_barred()) or "",
        movies=[pk for pk, _ in relevant],
        scores=[popularity for _, popularity in relevant],
        told=told,
        created_at=timezone.now(),
    )
