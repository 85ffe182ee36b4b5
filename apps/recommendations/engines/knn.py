"""Item neighbourhoods: films that the same people like, each film with its nearest few."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from apps.recommendations.engines.contract import Dataset, Engine, FloatArray, IntArray, Profiles, Reason, Tier
from apps.recommendations.engines.neighbours import likes_together, nearest_items, opinions


class KNN(Engine):
    """Item-based nearest neighbours (Deshpande & Karypis, 2004), by a damped and shrunk cosine.

    The dot product of two films is summed over the users who like both, confidence times confidence, a user with n
    likes counting ``n ** -user_damping``, since who likes everything says little. The similarity of j to i is that over
    ``|j| ** (2 * source_damping) * |i| ** (2 * target_damping) + shrinkage``: halves make a cosine, other dampings
    move it towards or away from popular films (Paudel et al., 2017), and shrinkage distrusts the few likes that two
    rare films share (Bell & Koren, 2007). A score is the sum over the profile of weight times similarity; dislikes
    are not learned from, but count against.

    After ``fit``, ``neighbours`` is CSR (n_items, n_items) float32: in row j the similarities of film j to its
    ``n_neighbours`` nearest.
    """

    name = "knn"
    tier = Tier.ADVANCED
    description = "Films whose audience overlaps most with that of the films you like."
    arrays = ("neighbours",)

    neighbours: csr_matrix

    def __init__(
        self,
        *,
        n_neighbours: int = 100,
        user_damping: float = 1.0,
        source_damping: float = 0.7,
        target_damping: float = 0.6,
        shrinkage: float = 0.1,
    ) -> None:
        self.n_neighbours = n_neighbours
        self.user_damping = user_damping
        self.source_damping = source_damping
        self.target_damping = target_damping
        self.shrinkage = shrinkage

    def fit(self, dataset: Dataset) -> Self:
        likes = dataset.profiles.likes
        activity = np.maximum(np.diff(likes.indptr), 1.0)
        weighted = csr_matrix(diags_array(activity ** (-self.user_damping / 2)) @ likes, dtype=np.float32)
        squared_lengths = weighted.multiply(weighted).sum(axis=0).A1
        self.neighbours = nearest_items(
            weighted,
            source_norms=squared_lengths**self.source_damping,
            target_norms=squared_lengths**self.target_damping,
            shrinkage=self.shrinkage,
            n_neighbours=self.n_neighbours,
        )
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        return opinions(profiles.interactions @ self.neighbours, self.can_score(profiles))

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        self.check_fitted()
        return likes_together(self.neighbours, profiles.likes, items, limit)
