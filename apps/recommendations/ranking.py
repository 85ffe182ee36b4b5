"""What all engines share between scores and a list: filter first, then rank, then fill, then spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.recommendations.engines.contract import (
    NO_ITEM,
    NO_OPINION,
    BoolArray,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    top_k,
)

SPREAD = 200  # of the best films, those that diversity puts in another order


@dataclass(frozen=True)
class Ranking:
    """Films best first. Those from ``own`` on are the fill: popular ones, where the engine had no more opinions.

    items: int64 (n,) positions; scores: float32 (n,), each in the units of the engine that gave it.
    least, best: the engine's of all allowed films. irrelevant: how many of these were left out as not relevant enough.
    """

    items: IntArray
    scores: FloatArray
    own: int
    least: float = 0.0
    best: float = 0.0
    irrelevant: int = 0


def relevance_of(scores: NDArray[Any], least: float, best: float) -> FloatArray:
    """Float32, 0 for the least of an engine's scores, 1 for the best; 1 for each where all are equal."""
    if best <= least:
        return np.ones(len(scores), dtype=np.float32)
    return np.clip((scores - least) / (best - least), 0, 1).astype(np.float32)


def ranked(
    engine: Engine,
    popular: Engine,
    profiles: Profiles,
    allowed: BoolArray,
    *,
    k: int,
    min_relevance: float = 0.0,
) -> Ranking:
    """The best ``k`` of the allowed films, fewer only where fewer are allowed, or relevant enough.

    ``allowed`` is (n_items,). The lists for a smaller k begin those for a larger one.
    """
    n_allowed = int(allowed.sum())
    scores = _opinions(engine, profiles, allowed)
    known = scores > NO_OPINION
    best = float(scores.max(initial=NO_OPINION))
    least, best = (float(scores.min(where=known, initial=np.inf)), best) if best > NO_OPINION else (0.0, 0.0)
    if min_relevance > 0:
        known[known] = relevance_of(scores[known], least, best) >= min_relevance
        scores[~known] = NO_OPINION
        irrelevant, k = n_allowed - int(known.sum()), min(k, int(known.sum()))
    else:
        irrelevant, k = 0, min(k, n_allowed)  # page 1,000,000 must not cost its length in memory
    items, found = _best(scores, k)
    own = len(items)
    if own < k:
        rest = allowed.copy()
        rest[items] = False
        more_items, more_found = _best(_opinions(popular, profiles, rest), k - own)
        rest[more_items] = False
        unheard_of = np.flatnonzero(rest)[: k - own - len(more_items)]  # what came since the training
        items = np.concatenate((items, more_items, unheard_of))
        found = np.concatenate((found, more_found, np.zeros(len(unheard_of), dtype=np.float32)))
    return Ranking(items, found, own, least, best, irrelevant)


def spread(ranking: Ranking, vectors: FloatArray, diversity: float) -> Ranking:
    """The same films in an order of maximal marginal relevance (Carbonell & Goldstein, 1998).

    Of the first ``SPREAD`` of the engine's own, each next is the one with the most of (1 - diversity) * relevance -
    diversity * its likeness to the most alike film before it. ``vectors`` is (n_items, n_features); likeness is the
    cosine. The first film stays the first.
    """
    n = min(ranking.own, SPREAD)
    if diversity <= 0 or n < 3:
        return ranking
    unit = vectors[ranking.items[:n]]
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
    alike = unit @ unit.T
    worth = (1 - diversity) * relevance_of(ranking.scores[:n], ranking.least, ranking.best)
    order, nearest, left = [0], alike[0].copy(), np.ones(n, dtype=bool)
    left[0] = False
    while len(order) < n:
        best = int(np.argmax(np.where(left, worth - diversity * nearest, -np.inf)))
        order.append(best)
        left[best] = False
        nearest = np.maximum(nearest, alike[best])
    places = np.concatenate((np.array(order), np.arange(n, len(ranking.items))))
    return replace(ranking, items=ranking.items[places], scores=ranking.scores[places])


def _opinions(engine: Engine, profiles: Profiles, allowed: BoolArray) -> FloatArray:
    """(n_items,): the engine's scores, NO_OPINION for what is not allowed."""
    scores: FloatArray = engine.score(profiles)[0]
    scores[~allowed] = NO_OPINION
    return scores


def _best(scores: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    items, values = top_k(scores[None, :], k)
    found = items[0] != NO_ITEM
    return items[0][found], values[0][found]
