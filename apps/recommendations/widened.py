"""Engines of one training over a catalogue that has grown since."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import (
    NO_OPINION,
    BoolArray,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    Reason,
)
from apps.recommendations.engines.matrix_factorization import MatrixFactorization

FACTS = "name", "tier", "description", "personalised", "reads_content", "needs_training_requirements", "reason_code"


class Widened(Engine):
    """An engine that says of its own ``n_known`` films what it always did, and has no opinion on those behind them.

    What a profile did with the others it does not hear of.
    """

    arrays = ()  # the engine keeps its own

    def __init__(self, engine: Engine, *, n_known: int, n_items: int) -> None:
        self.engine = engine
        self.n_known = n_known
        self.n_items = n_items
        vars(self).update({fact: getattr(engine, fact) for fact in FACTS})

    def fit(self, dataset: Dataset) -> Self:
        raise TypeError("Only what is fitted can be widened.")

    def score(self, profiles: Profiles) -> FloatArray:
        return self._padded(self.engine.score(narrowed(profiles, self.n_known)))

    def score_held(self, profiles: Profiles, whole: Profiles) -> FloatArray:
        known, of_whole = narrowed(profiles, self.n_known), narrowed(whole, self.n_known)
        return self._padded(self.engine.score_held(known, of_whole))

    def can_score(self, profiles: Profiles) -> BoolArray:
        return self.engine.can_score(narrowed(profiles, self.n_known))

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        known = items[items < self.n_known]
        told = iter(self.engine.reasons(narrowed(profiles, self.n_known), known, limit=limit))
        return [next(told) if item < self.n_known else [] for item in items.tolist()]

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        liked = profiles.likes.indices
        added = np.zeros((len(items), len(liked)), dtype=np.float32)
        rows, columns = np.flatnonzero(items < self.n_known), np.flatnonzero(liked < self.n_known)
        added[np.ix_(rows, columns)] = self.engine.contributions(narrowed(profiles, self.n_known), items[rows])
        return added

    def _padded(self, scores: FloatArray) -> FloatArray:
        padding = (0, 0), (0, self.n_items - self.n_known)
        return np.pad(scores, padding, constant_values=NO_OPINION)


class WidenedFactors(Widened):
    """Matrix factorization: of a film that it does not know the vector is zero, and the stars are NaN."""

    engine: MatrixFactorization

    @cached_property
    def item_factors(self) -> FloatArray:
        """(n_items, n_factors) float32."""
        return np.pad(self.engine.item_factors, ((0, self.n_items - self.n_known), (0, 0)))

    def predicted_ratings(self, profiles: Profiles, items: IntArray) -> FloatArray:
        stars = np.full((len(profiles), len(items)), np.nan, dtype=np.float32)
        known = items < self.n_known
        stars[:, known] = self.engine.predicted_ratings(narrowed(profiles, self.n_known), items[known])
        return stars


def widened(engine: Engine, *, n_known: int, n_items: int) -> Widened:
    """The engine over ``n_items`` films, of which it has learned the first ``n_known``."""
    adapter = WidenedFactors if isinstance(engine, MatrixFactorization) else Widened
    return adapter(engine, n_known=n_known, n_items=n_items)


def narrowed(profiles: Profiles, n_items: int) -> Profiles:
    """What was done with the first ``n_items`` films alone."""
    known = profiles.only(profiles.interactions.indices < n_items)
    cells = known.interactions
    return replace(known, interactions=csr_matrix((cells.data, cells.indices, cells.indptr), (len(profiles), n_items)))
