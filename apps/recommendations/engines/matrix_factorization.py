"""Matrix factorization of who likes what."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import (
    NO_OPINION,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    Reason,
    ReasonCode,
    Tier,
    reasons_from,
)

BATCH = 1024  # rows solved at once: 16 MiB of normal matrices at 64 factors


class MatrixFactorization(Engine):
    """Implicit matrix factorization by alternating least squares (Hu, Koren & Volinsky, 2008).

    Loss and regularization as in Rendle, Krichene, Zhang & Koren (2021): with s = u . v, w the confidence of a like,

        sum over likes of w (1 - s)^2  +  a0 * sum over all cells of s^2
            +  regularization * sum over users and films of (n + a0 * N)^exponent * |factors|^2

    where n is a row's number of likes, N the size of the other side, a0 the ``unobserved_weight``.

    After ``fit``, ``item_factors`` is (n_items, n_factors) float32; ``gram`` (n_factors, n_factors) float32 their
    product with themselves; ``unliked`` int64 the films that nobody likes, about which nothing is known. Users are not
    kept: a profile is folded in by the one solve that ``fit`` would give it.
    """

    name = "matrix_factorization"
    tier = Tier.ADVANCED
    description = "Films that fit the tastes hidden in everybody's likes."
    arrays = ("item_factors", "gram", "unliked")

    item_factors: FloatArray
    gram: FloatArray
    unliked: IntArray

    def __init__(
        self,
        *,
        n_factors: int = 64,
        n_sweeps: int = 12,
        unobserved_weight: float = 0.3,
        regularization: float = 0.007,
        exponent: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.n_factors = n_factors
        self.n_sweeps = n_sweeps
        self.unobserved_weight = unobserved_weight
        self.regularization = regularization
        self.exponent = exponent
        self.random_state = random_state

    def fit(self, dataset: Dataset) -> Self:
        user_items = dataset.profiles.likes
        item_users = user_items.T.tocsr()
        rng = np.random.default_rng(self.random_state)
        items = rng.standard_normal((dataset.n_items, self.n_factors), dtype=np.float32)
        items *= 0.1 / np.sqrt(self.n_factors)
        for _ in range(self.n_sweeps):
            users = self._solve(user_items, items, items.T @ items)
            items = self._solve(item_users, users, users.T @ users)
        self.item_factors = items
        self.gram = items.T @ items
        self.unliked = np.flatnonzero(np.diff(item_users.indptr) == 0)
        return self

    def fold_in(self, user_items: csr_matrix) -> FloatArray:
        """Factors (n_rows, n_factors) float32 of users with these likes: one solve each against ``item_factors``."""
        self.check_fitted()
        return self._solve(user_items, self.item_factors, self.gram)

    def score(self, profiles: Profiles) -> FloatArray:
        scores = self.fold_in(profiles.likes) @ self.item_factors.T
        scores[:, self.unliked] = NO_OPINION
        scores[~self.can_score(profiles)] = NO_OPINION
        return scores

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what each like of the one profile adds to the score of each of ``items``.

        Like j adds ``w_j v_i' A^-1 v_j`` to film i, A the profile's normal matrix (Hu, Koren & Volinsky, sec. 5): a row
        sums to the score.
        """
        self.check_fitted()
        likes = profiles.likes
        normal, _ = self._normal_equations(likes, np.arange(1), self.item_factors, self.gram)
        weighted = self.item_factors[likes.indices] * likes.data[:, None]
        return np.asarray(self.item_factors[items] @ np.linalg.solve(normal[0], weighted.T))

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        refs = profiles.likes.indices
        added = self.contributions(profiles, items)
        added[items[:, None] == refs] = 0  # a film is no reason for itself
        return reasons_from(ReasonCode.LIKED_TOGETHER, refs, added, limit)

    def _solve(self, cells: csr_matrix, others: FloatArray, gram: FloatArray) -> FloatArray:
        """The best factors (n_rows, n_factors) for the rows of ``cells``, the other side being fixed."""
        solved = np.zeros((cells.shape[0], others.shape[1]), dtype=np.float32)
        touched = np.flatnonzero(np.diff(cells.indptr))  # the others' solution is zero
        for start in range(0, len(touched), BATCH):
            rows = touched[start : start + BATCH]
            normals, targets = self._normal_equations(cells, rows, others, gram)
            solved[rows] = np.linalg.solve(normals, targets[:, :, None])[:, :, 0]
        return solved

    def _normal_equations(
        self, cells: csr_matrix, rows: IntArray, others: FloatArray, gram: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """For each of ``rows`` the A (n_factors, n_factors) and b (n_factors,) whose A^-1 b are its factors."""
        starts, stops = cells.indptr[rows], cells.indptr[rows + 1]
        strength = (stops - starts + self.unobserved_weight * cells.shape[1]) ** self.exponent
        base = np.float32(self.unobserved_weight) * gram
        normals = np.empty((len(rows), *gram.shape), dtype=np.float32)
        targets = np.empty((len(rows), len(gram)), dtype=np.float32)
        for place, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            weights = cells.data[start:stop]
            vectors = others[cells.indices[start:stop]]
            rooted = vectors * np.sqrt(weights)[:, None]
            np.add(base, rooted.T @ rooted, out=normals[place])
            targets[place] = weights @ vectors
        diagonal = np.arange(len(gram))
        normals[:, diagonal, diagonal] += (self.regularization * strength).astype(np.float32)[:, None]
        return normals, targets
