"""One model for every regime: what people like, what films are about, what comes after what, and what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import LinearOperator, cg

from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.content_based import ContentBased
from apps.recommendations.engines.contract import (
    NO_OPINION,
    Dataset,
    FloatArray,
    IntArray,
    Profiles,
    Reason,
    Tier,
)
from apps.recommendations.engines.histories import histories
from apps.recommendations.engines.matrix_factorization import MatrixFactorization

COLLABORATIVE, NEIGHBOURS, SEQUENCE = "matrix_factorization", "knn", "sequential"
CONTENT, CONTEXT = "content_based", "genre_affinity"
DEFAULT_WEIGHTS = {COLLABORATIVE: 1.0, NEIGHBOURS: 1.0, SEQUENCE: 8.0, CONTENT: 1.0, CONTEXT: 1.0}


class Hybrid(Blend):
    """Five engines, each counting by the evidence that there is for it.

    - collaborative: matrix factorization, in which the vector of a film with n likes is ``n / (n + prior_likes)`` parts
      its own and for the rest what its content foretells, by a ridge regression from the TF-IDF features of
      ``content_based`` to the factors (Gantner et al., 2010). So a film that nobody has rated has a place among the
      others;
    - neighbours: ``knn``;
    - sequence: ``sequential``, where the profile's likes have an order;
    - content: ``content_based``, counting ``prior_likes / (n + prior_likes)`` for a film with n likes;
    - context: ``genre_affinity`` - stated genres and popularity -, counting ``1 - n / short_history`` for a profile
      with n likes, so that it alone speaks before the first like and is silent from ``short_history`` on.

    After ``fit``, ``item_vectors`` is (n_items, n_factors) float32, as said above; ``experience`` (n_items,) float32,
    ``n / (n + prior_likes)``; ``unknown`` (int64) the films without a like and without content.
    """

    name = "hybrid"
    tier = Tier.ADVANCED
    description = "All there is to go by - people, order, content and what you said - weighed by the evidence."
    reads_content = True
    needs_training_requirements = True  # as its sequence does
    arrays: ClassVar[tuple[str, ...]] = ("item_vectors", "experience", "unknown")

    item_vectors: FloatArray
    experience: FloatArray
    unknown: IntArray

    def __init__(
        self,
        *,
        members: Mapping[str, Mapping[str, Any]] | None = None,
        member_weights: Mapping[str, float] | None = None,
        prior_likes: float = 10.0,
        ridge: float = 3.0,
        short_history: float = 10.0,
    ) -> None:
        self.members = {name: {} for name in DEFAULT_WEIGHTS} if members is None else members
        self.member_weights = DEFAULT_WEIGHTS if member_weights is None else member_weights
        self.prior_likes = prior_likes
        self.ridge = ridge
        self.short_history = short_history

    def learn(self, dataset: Dataset) -> None:
        likes = dataset.profiles.like_counts
        self.experience = (likes / (likes + self.prior_likes)).astype(np.float32)
        factors, features = self._collaborative.item_factors, self._content.features
        foretold = features @ _ridge(features, factors, self.experience, self.ridge)
        own = self.experience[:, None]
        self.item_vectors = np.ascontiguousarray(own * factors + (1 - own) * foretold, dtype=np.float32)
        self.unknown = np.flatnonzero((likes == 0) & (features.getnnz(axis=1) == 0))

    def weights(self, profiles: Profiles) -> dict[str, FloatArray]:
        n_likes = np.diff(profiles.likes.indptr).astype(np.float32)[:, None]
        evidence = {
            SEQUENCE: histories(profiles).ordered[:, None].astype(np.float32),
            CONTENT: 1 - self.experience[None, :],
            CONTEXT: np.maximum(0, 1 - n_likes / self.short_history),
        }
        return {
            name: np.float32(weight) * evidence.get(name, np.ones((1, 1), dtype=np.float32))
            for name, weight in sorted(self.member_weights.items())
        }

    def said(self, name: str, profiles: Profiles, whole: Profiles) -> FloatArray:
        if name != COLLABORATIVE:
            return super().said(name, profiles, whole)
        scores = self._collaborative.fold_in(profiles.likes) @ self.item_vectors.T
        scores[:, self.unknown] = NO_OPINION
        scores[~self._collaborative.can_score(profiles)] = NO_OPINION
        return scores

    def added(self, name: str, profiles: Profiles, items: IntArray) -> FloatArray:
        if name != COLLABORATIVE:
            return super().added(name, profiles, items)
        return np.asarray(self.item_vectors[items] @ self._collaborative.pulls(profiles))

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        if profiles.likes.nnz:
            return super().reasons(profiles, items, limit=limit)
        return self.parts[CONTEXT].reasons(profiles, items, limit=limit)  # nothing but what was said

    @property
    def _collaborative(self) -> MatrixFactorization:
        part = self.parts[COLLABORATIVE]
        assert isinstance(part, MatrixFactorization)
        return part

    @property
    def _content(self) -> ContentBased:
        part = self.parts[CONTENT]
        assert isinstance(part, ContentBased)
        return part


def _ridge(features: csr_matrix, targets: FloatArray, weights: FloatArray, strength: float) -> FloatArray:
    """The W (n_features, n_targets) with least ``sum_i weights_i |targets_i - features_i W|^2 + strength |W|^2``."""
    weighted = csr_matrix(diags_array(weights) @ features, dtype=np.float32)
    n_features = features.shape[1]
    normal = LinearOperator(
        (n_features, n_features), lambda w: features.T @ (weighted @ w) + strength * w, dtype=np.float32
    )
    wanted = weighted.T @ targets
    return np.stack([cg(normal, column, rtol=1e-4, maxiter=100)[0] for column in wanted.T], axis=1)
