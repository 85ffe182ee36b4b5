"""Films that the people who like yours like too."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.cells import largest, only, widened
from apps.recommendations.engines.contract import Dataset, Engine, FloatArray, IntArray, Profiles, ReasonCode, Tier
from apps.recommendations.engines.neighbours import contributions, nearest_items, opinions


class CoFavorited(Engine):
    """Films by how many people like them together with a film of the profile, over popularity to the ``damping``.

    Zero ``damping`` leaves the bare counts, which favour what everybody likes; one makes them the share of a film's
    own audience. A like counts as one whatever its confidence, a dislike not at all.

    After ``fit``, ``neighbours`` is CSR (n_items, n_items) float32: in row j the damped counts of the films that go
    with j, the ``n_neighbours`` largest; ``audience`` (n_items,) int64 how many people like each film.
    """

    name = "co_favorited"
    tier = Tier.BASIC
    description = "Films that people who like yours like as well."
    reason_code = ReasonCode.LIKED_TOGETHER
    arrays = ("neighbours", "audience")

    neighbours: csr_matrix
    audience: IntArray

    def __init__(self, *, damping: float = 0.3, n_neighbours: int = 500) -> None:
        self.damping = damping
        self.n_neighbours = n_neighbours

    def fit(self, dataset: Dataset) -> Self:
        self.audience = dataset.profiles.like_counts
        self.neighbours = nearest_items(
            _each_as_one(dataset.profiles.likes),
            source_norms=np.ones(dataset.n_items, dtype=np.float32),
            target_norms=self._norms(self.audience),
            shrinkage=0.0,
            n_neighbours=self.n_neighbours,
        )
        return self

    def with_changes(self, before: Profiles, after: Profiles) -> CoFavorited:
        """One that counts some users as they are ``after`` and not as they were ``before``, when ``fit`` saw them.

        They may like films that are new, behind the others. It is as if fitted on all users anew, but that a count
        beyond the ``n_neighbours`` that were kept of a film begins at zero.
        """
        self.check_fitted()
        n_items = after.interactions.shape[1]
        counts = widened(self._counts(), n_items, n_items) + _moved(before, after)
        counts.setdiag(0)
        counts = only(counts, counts.data > 0)
        audience = np.pad(self.audience, (0, n_items - len(self.audience))) + after.like_counts - before.like_counts
        counts.data /= self._norms(audience)[counts.indices]
        neighbours = largest(counts, self.n_neighbours)
        return type(self)(**self.params()).restore({"neighbours": neighbours, "audience": audience})

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        return opinions(_each_as_one(profiles.likes) @ self.neighbours, self.can_score(profiles))

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        self.check_fitted()
        return contributions(self.neighbours, _each_as_one(profiles.likes), items)

    def _norms(self, audience: IntArray) -> FloatArray:
        """(n_items,) float32: what the counts of each film are divided by."""
        return np.asarray(np.maximum(audience, 1) ** self.damping, dtype=np.float32)

    def _counts(self) -> csr_matrix:
        """``neighbours`` before the damping: whole numbers again."""
        kept = self.neighbours
        counts = np.rint(kept.data * self._norms(self.audience)[kept.indices])
        return csr_matrix((counts, kept.indices, kept.indptr), shape=kept.shape)


def _moved(before: Profiles, after: Profiles) -> csr_matrix:
    """How many people more like each two films together: by the likes that changed alone, since few do."""
    old, new = _each_as_one(before.likes), _each_as_one(after.likes)
    changed = csr_matrix(new - old)
    moved = csr_matrix(changed.T @ new + old.T @ changed, dtype=np.float32)
    moved.sort_indices()
    return moved


def _each_as_one(likes: csr_matrix) -> csr_matrix:
    """The same cells, each of them 1."""
    return csr_matrix((np.ones_like(likes.data), likes.indices, likes.indptr), shape=likes.shape)
