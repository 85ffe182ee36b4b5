"""What most people like."""

from __future__ import annotations

from typing import Self

import numpy as np

from apps.recommendations.engines.contract import (
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    Reason,
    ReasonCode,
    Tier,
)


class Popular(Engine):
    """Films by how many people like them, equals by the catalogue's own measure.

    After ``fit``, ``standing`` is (n_items,) float32. There is an opinion on every film, even where nobody has liked
    anything yet.
    """

    name = "popular"
    tier = Tier.BASIC
    description = "Films that the most people like."
    personalised = False
    arrays = ("standing",)

    standing: FloatArray

    def fit(self, dataset: Dataset) -> Self:
        self.standing = standing(dataset.profiles.like_counts, dataset.item_popularity)
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        return np.tile(self.standing, (len(profiles), 1))

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        self.check_fitted()
        return [[Reason(ReasonCode.POPULAR, float(self.standing[item]))][:limit] for item in items]


def standing(likes: IntArray, popularity: FloatArray) -> FloatArray:
    """Float32 (n_items,), 1 for the first film by likes, then popularity, falling with the logarithm of rank towards 0.

    Likes are spread by Zipf's law, more or less; this keeps the few great favourites apart, as the bare rank would not.
    Films equal in both are equal in standing.
    """
    pairs = np.stack([likes, popularity], axis=1)
    _, group, sizes = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    n_better = len(pairs) - np.cumsum(sizes)
    return np.asarray(1 - np.log1p(n_better[group]) / np.log1p(len(pairs)), dtype=np.float32)
