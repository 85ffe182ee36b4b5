"""What all engines share between scores and a list: filter first, then rank, then fill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class Ranking:
    """Films best first. Those from ``own`` on are the fill: popular ones, where the engine had no more opinions.

    items: int64 (n,) positions; scores: float32 (n,), each in the units of the engine that gave it.
    """

    items: IntArray
    scores: FloatArray
    own: int


def ranked(engine: Engine, popular: Engine, profiles: Profiles, allowed: BoolArray, *, k: int) -> Ranking:
    """The best ``k`` of the allowed films, fewer only where fewer are allowed.

    ``allowed`` is (n_items,). The lists for a smaller k begin those for a larger one.
    """
    k = min(k, int(allowed.sum()))  # page 1,000,000 must not cost its length in memory
    items, scores = _best(engine, profiles, allowed, k)
    own = len(items)
    if own < k:
        rest = allowed.copy()
        rest[items] = False
        more_items, more_scores = _best(popular, profiles, rest, k - own)
        items, scores = np.concatenate((items, more_items)), np.concatenate((scores, more_scores))
    return Ranking(items, scores, own)


def _best(engine: Engine, profiles: Profiles, allowed: BoolArray, k: int) -> tuple[IntArray, FloatArray]:
    scores = engine.score(profiles)
    scores[:, ~allowed] = NO_OPINION
    items, values = top_k(scores, k)
    found = items[0] != NO_ITEM
    return items[0][found], values[0][found]
