"""Matrix factorization of who likes what."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.linalg.blas import ssyrk
from scipy.linalg.lapack import sposv
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import (
    NO_OPINION,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    ReasonCode,
    Tier,
)
from apps.recommendations.engines.stars import Stars


class MatrixFactorization(Engine):
    """Implicit matrix factorization by alternating least squares (Hu, Koren & Volinsky, 2008).

    Loss and regularization as in Rendle, Krichene, Zhang & Koren (2021): with s = u . v, w the confidence of a like,

        sum over likes of w (1 - s)^2  +  a0 * sum over all cells of s^2
            +  regularization * sum over users and films of (n + a0 * N)^exponent * |factors|^2

    where n is a row's number of likes, N the size of the other side, a0 the ``unobserved_weight``.

    After ``fit``, ``item_factors`` is (n_items, n_factors) float32; ``gram`` (n_factors, n_factors) float32 their
    product with themselves; ``silence`` float32 (n_items,) is NO_OPINION for a film that nobody likes, of which nothing
    is known, and zero for the others. Users are not kept: a profile is folded in by the one solve that ``fit`` would
    give it.

    Beside it, with ``stars``, a head learns from ratings what somebody would rate a film; it never ranks. Its arrays,
    described in ``Stars``, are ``star_items``, ``star_centres``, ``star_ridges`` and ``star_scale``.
    """

    name = "matrix_factorization"
    tier = Tier.ADVANCED
    description = "Films that fit the tastes hidden in everybody's likes."
    reason_code = ReasonCode.LIKED_TOGETHER
    arrays = ("item_factors", "gram", "silence", "star_items", "star_centres", "star_ridges", "star_scale")

    item_factors: FloatArray
    gram: FloatArray
    silence: FloatArray
    star_items: FloatArray
    star_centres: FloatArray
    star_ridges: FloatArray
    star_scale: FloatArray

    def __init__(
        self,
        *,
        n_factors: int = 64,
        n_sweeps: int = 12,
        unobserved_weight: float = 0.3,
        regularization: float = 0.007,
        exponent: float = 1.0,
        stars: bool = True,
        star_factors: int = 10,
        star_sweeps: int = 100,
        star_samples: int = 16,
        random_state: int = 0,
    ) -> None:
        self.n_factors = n_factors
        self.n_sweeps = n_sweeps
        self.unobserved_weight = unobserved_weight
        self.regularization = regularization
        self.exponent = exponent
        self.stars = stars
        self.star_factors = star_factors
        self.star_sweeps = star_sweeps
        self.star_samples = star_samples
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
        self.silence = np.where(np.diff(item_users.indptr) > 0, np.float32(0), NO_OPINION)
        self._fit_stars(dataset.profiles)
        return self

    def fold_in(self, user_items: csr_matrix) -> FloatArray:
        """Factors (n_rows, n_factors) float32 of users who like the cells above zero: one solve each."""
        self.check_fitted()
        return self._solve(user_items, self.item_factors, self.gram)

    def score(self, profiles: Profiles) -> FloatArray:
        users = self.fold_in(profiles.interactions)
        scores = users @ self.item_factors.T
        scores += self.silence
        scores[~users.any(axis=1)] = NO_OPINION
        return scores

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what each like of the one profile adds to the score of each of ``items``.

        A row sums to the score.
        """
        pulls = self.pulls(profiles)
        return np.asarray(self.item_factors[items] @ pulls)

    def pulls(self, profiles: Profiles) -> FloatArray:
        """(n_factors, n_likes) float32: what each like of the one profile adds to its factors.

        Like j adds ``w_j A^-1 v_j``, A the profile's normal matrix (Hu, Koren & Volinsky, sec. 5).
        """
        self.check_fitted()
        rooted, roots = _rooted(profiles.interactions, 0, self.item_factors)
        return self._solve_row(rooted, rooted.T * roots, self.item_factors.shape[0], self.gram)

    def predicted_ratings(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_profiles, len(items)) float32: the stars each profile would give each of ``items``, on its own scale.

        NaN where the profile holds no rating, or nobody had rated anything when this was fitted.
        """
        self.check_fitted()
        return Stars(self.star_items, self.star_centres, self.star_ridges, self.star_scale).predict(profiles, items)

    def _fit_stars(self, profiles: Profiles) -> None:
        stars = Stars.unknown()
        if self.stars:
            stars = Stars.learn(
                profiles,
                n_factors=self.star_factors,
                n_sweeps=self.star_sweeps,
                n_samples=self.star_samples,
                random_state=self.random_state,
            )
        self.star_items, self.star_centres = stars.items, stars.centres
        self.star_ridges, self.star_scale = stars.ridges, stars.scale

    def _solve(self, cells: csr_matrix, others: FloatArray, gram: FloatArray) -> FloatArray:
        """The best factors (n_rows, n_factors) for the rows of ``cells``, the other side being fixed."""
        solved = np.zeros((cells.shape[0], others.shape[1]), dtype=np.float32)
        for row in range(len(solved)):
            rooted, roots = _rooted(cells, row, others)
            if len(roots):  # else zero is best
                solved[row] = self._solve_row(rooted, roots @ rooted, cells.shape[1], gram)
        return solved

    def _solve_row(self, rooted: FloatArray, target: FloatArray, n_others: int, gram: FloatArray) -> FloatArray:
        """A^-1 ``target`` with A the normal matrix of one row, overwriting ``target``: (n_factors,) or with columns."""
        strength = (len(rooted) + self.unobserved_weight * n_others) ** self.exponent
        normal = np.multiply(gram, np.float32(self.unobserved_weight), order="F")
        normal.ravel(order="K")[:: len(gram) + 1] += np.float32(self.regularization * strength)
        normal = ssyrk(1.0, rooted.T, beta=1.0, c=normal, overwrite_c=True)  # of the upper half, as sposv reads
        _, solution, failed = sposv(normal, target, overwrite_a=True, overwrite_b=True)
        if failed:
            raise np.linalg.LinAlgError("The normal equations are singular: regularization must be above zero.")
        return np.asarray(solution)


def _rooted(cells: csr_matrix, row: int, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The vectors (n, n_factors) that a row likes, times the roots (n,) of how much, and these."""
    place = slice(cells.indptr[row], cells.indptr[row + 1])
    weights, liked = cells.data[place], cells.indices[place]
    if len(weights) and weights.min() <= 0:
        liked, weights = liked[weights > 0], weights[weights > 0]
    roots = np.sqrt(weights)
    return others[liked] * roots[:, None], roots
