"""Films that the people who like yours like too."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import Dataset, Engine, FloatArray, IntArray, Profiles, ReasonCode, Tier
from apps.recommendations.engines.neighbours import contributions, nearest_items, opinions


class CoFavorited(Engine):
    """Films by how many people like them together with a film of the profile, over popularity to the ``damping``.

    Zero ``damping`` leaves the bare counts, which favour what everybody likes; one makes them the share of a film's
    own audience. A like counts as one whatever its confidence, a dislike not at all.

    After ``fit``, ``neighbours`` is CSR (n_items, n_items) float32: in row j the damped counts of the films that go
    with j, the ``n_neighbours`` largest.
    """

    name = "co_favorited"
    tier = Tier.BASIC
    description = "Films that people who like yours like as well."
    reason_code = ReasonCode.LIKED_TOGETHER
    arrays = ("neighbours",)

    neighbours: csr_matrix

    def __init__(self, *, damping: float = 0.3, n_neighbours: int = 500) -> None:
        self.damping = damping
        self.n_neighbours = n_neighbours

    def fit(self, dataset: Dataset) -> Self:
        self.neighbours = nearest_items(
            _each_as_one(dataset.profiles.likes),
            source_norms=np.ones(dataset.n_items, dtype=np.float32),
            target_norms=(dataset.profiles.like_counts**self.damping).astype(np.float32),
            shrinkage=0.0,
            n_neighbours=self.n_neighbours,
        )
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        return opinions(_each_as_one(profiles.likes) @ self.neighbours, self.can_score(profiles))

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        self.check_fitted()
        return contributions(self.neighbours, _each_as_one(profiles.likes), items)


def _each_as_one(likes: csr_matrix) -> csr_matrix:
    """The same cells, each of them 1."""
    return csr_matrix((np.ones_like(likes.data), likes.indices, likes.indptr), shape=likes.shape)
