"""Why one film is recommended to one caller, or why not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, Max, Min, Q

from apps.authentication.models import User
from apps.favorites.my_block import my_blocks
from apps.movies.cards import cards_of
from apps.movies.models import Movie
from apps.movies.services import MovieNotFound
from apps.recommendations import registry
from apps.recommendations.answers import FAILED, Wish
from apps.recommendations.catalogue import UNKNOWN
from apps.recommendations.choosing import (
    LENGTH,
    allowed_films,
    done_with,
    engine_for,
    engines_barred,
    passing,
    why_not,
)
from apps.recommendations.engines.contract import BoolArray, Engine, Profiles
from apps.recommendations.grounds import Ground, HeldBack, grounds_of
from apps.recommendations.models import RecommendationList
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import Ranking, ranked, relevance_of
from apps.recommendations.reasons import SpokenReason
from apps.recommendations.services import model_of
from apps.recommendations.serving import Model
from apps.recommendations.voice import Voice

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """Where a film stands among all that may be shown and itself, 1 being the best.

    rank, score: None where the engine has no place for it, or no opinion. relevance: as in a list, 0 without opinion.
    """

    served: str
    fallback_reason: str | None
    of: int
    rank: int | None = None
    score: float | None = None
    relevance: float = 0.0
    held_back: list[HeldBack] = field(default_factory=list)


@dataclass(frozen=True)
class Explanation:
    movie: dict[str, Any]
    standing: Standing
    reasons: list[SpokenReason]
    predicted_rating: float | None
    held_back: list[HeldBack]
    requested: str | None
    model_version: str | None
    trained_at: datetime | None

    @property
    def would_show(self) -> bool:
        """Without an opinion a film may still fill a page, where it has a place among the popular ones."""
        return self.standing.rank is not None and all(each.ground == Ground.NO_OPINION for each in self.held_back)


def explanation_for(user: User, tmdb_id: int, wish: Wish) -> Explanation:
    """What a list for this wish would do with the film. Raises MovieNotFound."""
    movie = Movie.objects.filter(tmdb_id=tmdb_id).first()
    if movie is None:
        raise MovieNotFound
    caller = Caller.of(user)
    model = model_of(caller)
    grounds = grounds_of(movie, caller, wish)
    standing = _in_model(model, caller, wish, movie, grounds) if model else _in_tables(caller, wish, movie)
    voice = Voice(model, caller)
    made = RecommendationList(
        algorithm=standing.served, told={"fill": [] if standing.score is not None else [movie.pk]}
    )
    named = voice.named_in(made, [movie.pk])
    cards = {pk: (card, True) for pk, (card, _) in cards_of(Movie.objects.filter(pk__in=named)).items()}
    card = cards[movie.pk][0] | {"my": my_blocks(caller.events, [movie.pk])[movie.pk]}
    return Explanation(
        movie=card,
        standing=standing,
        reasons=voice.reasons(made, movie.pk, cards),
        predicted_rating=voice.predicted_rating(movie.pk),
        held_back=[*grounds, *standing.held_back],
        requested=wish.algorithm,
        model_version=model.name if model else None,
        trained_at=model.trained_at if model else None,
    )


def _in_model(model: Model, caller: Caller, wish: Wish, movie: Movie, grounds: list[HeldBack]) -> Standing:
    profiles = caller.profiles(model.catalogue)
    engine, reason = engine_for(model, profiles, wish)
    allowed, _ = allowed_films(model.catalogue, caller, wish)
    place = int(model.catalogue.positions(np.array([movie.pk]))[0])
    if place == UNKNOWN:
        text = "It is newer than what the engines have learned from: wait for the next training."
        return Standing(engine.name, reason, int(allowed.sum()), held_back=[HeldBack(Ground.NOT_TRAINED, "new", text)])
    changed = not allowed[place] and not grounds
    allowed[place] = True
    try:
        ranking = _ranking(model, engine, profiles, allowed)
    except Exception:  # as in a list: the popular films stand in, and are named
        logger.exception("engine %s of model %s failed", engine.name, model.name)
        engine, reason = model.engines[registry.POPULAR], FAILED
        ranking = _ranking(model, engine, profiles, allowed)
    rank = next((int(found) + 1 for found in np.flatnonzero(ranking.items == place)), None)
    own = rank is not None and rank <= ranking.own
    score = ranking.scores[rank - 1] if rank and own else None
    relevance = 0.0 if score is None else float(relevance_of(np.array([score]), ranking.least, ranking.best)[0])
    held_back = list(_held_back(engine, rank, own, relevance, wish))
    if changed:
        text = (
            "It may be shown by what is known of it now, but not by what the model knows: wait for the next training."
        )
        held_back.append(HeldBack(Ground.NOT_TRAINED, "changed", text))
    return Standing(
        served=engine.name,
        fallback_reason=reason,
        of=int(allowed.sum()),
        rank=rank,
        score=None if score is None else float(f"{score:.6g}"),
        relevance=round(relevance, 4),
        held_back=held_back,
    )


def _ranking(model: Model, engine: Engine, profiles: Profiles, allowed: BoolArray) -> Ranking:
    return ranked(engine, model.engines[registry.POPULAR], profiles, allowed, k=len(allowed))


def _held_back(engine: Engine, rank: int | None, own: bool, relevance: float, wish: Wish) -> Iterator[HeldBack]:
    if not own:
        place = "It can only fill a page." if rank else "It is too new to fill a page."
        yield HeldBack(Ground.NO_OPINION, engine.name, f"{_missing_evidence(engine)} {place}")
    if relevance < wish.min_relevance:
        text = f"Its relevance is {relevance:.2f}, and this question wants {wish.min_relevance:g}."
        yield HeldBack(Ground.BELOW_RELEVANCE, "min_relevance", text)
    if rank and rank > LENGTH:
        yield HeldBack(Ground.RANK, "list_ends", f"It would be number {rank:,}, and a list ends after {LENGTH} films.")


def _missing_evidence(engine: Engine) -> str:
    if not engine.personalised:
        return f"Nobody here turned to it of late, which is what `{engine.name}` goes by."
    if engine.reads_content:
        return f"It has nothing in common with your films that `{engine.name}` knows of."
    return f"`{engine.name}` goes by who likes what, and nobody yet liked it, or none who like your films."


def _in_tables(caller: Caller, wish: Wish, movie: Movie) -> Standing:
    """Before the first training, when popular films answer."""
    reason = why_not(None, None, wish.algorithm or registry.POPULAR, engines_barred())
    shown = passing(Movie.objects.exclude(pk__in=done_with(caller, wish)), caller, wish)
    ahead = Q(popularity__gt=movie.popularity) | Q(popularity=movie.popularity, tmdb_id__lt=movie.tmdb_id)
    told = shown.exclude(Q(tmdb_id__in=wish.exclude_ids) | Q(pk=movie.pk)).aggregate(
        others=Count("pk"), ahead=Count("pk", filter=ahead), least=Min("popularity"), best=Max("popularity")
    )
    ends = [movie.popularity, *(told[end] for end in ("least", "best") if told[end] is not None)]
    rank = told["ahead"] + 1
    relevance = float(relevance_of(np.array([movie.popularity], dtype=np.float32), min(ends), max(ends))[0])
    popular = registry.ENGINES[registry.POPULAR]()
    held_back = list(_held_back(popular, rank, own=True, relevance=relevance, wish=wish))
    score = movie.popularity
    return Standing(popular.name, reason, told["others"] + 1, rank, score, round(relevance, 4), held_back)
