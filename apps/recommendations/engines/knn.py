"""Neighbourhoods: of films that the same people like, and of people who like the same films."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_matrix, diags_array, vstack

from apps.recommendations.engines.contract import (
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    ReasonCode,
    Tier,
)
from apps.recommendations.engines.ease import ease
from apps.recommendations.engines.neighbours import contributions, nearest_items, opinions, strongest

FAINTEST = float(np.finfo(np.float32).tiny)  # nearness above zero

Member = Literal["ease", "item", "user"]


class Tuning(NamedTuple):
    """What suits a member best, on validation parts of MovieLens."""

    n_neighbours: int
    user_damping: float
    target_damping: float


TUNED: dict[Member, Tuning] = {
    "ease": Tuning(n_neighbours=500, user_damping=0.6, target_damping=0.2),
    "item": Tuning(n_neighbours=60, user_damping=1.0, target_damping=0.5),
    "user": Tuning(n_neighbours=300, user_damping=0.45, target_damping=0.3),
}


class KNN(Engine):
    """Three ways to score films by what goes together in everybody's likes; ``member`` chooses.

    ease: the weights between films that best rebuild everybody's likes from each other (Steck, 2019), as `ease.ease`
        says, with ``regularization``, ``max_dense`` and ``dust``. The best, and the default.
    item: each film with its nearest: how likely a walk from film j to somebody who likes it and on to another of their
        likes ends at film i, over what i gathers ``** target_damping``, away from popular films (RP3beta;
        Paudel et al., 2017); ``shrinkage``, added below, distrusts the few likes that two rare films share (Bell &
        Koren, 2007). What j gives its nearest sums to one, so that no like speaks louder than another; last, what i is
        given is divided by its sum ``** hub_damping``, since some films are near to too many. On the walk a user with
        n likes counts ``n ** -user_damping``.
    user: the users of the training who are nearest to the profile speak for what they like (Herlocker et al., 1999).
        A like is divided by its user's number of likes ``** user_damping`` and its film's ``** target_damping``; the
        nearness of a user is the product of profile and likes, and counts squared.

    A score is the sum over the profile of weight times what each film adds; dislikes are not learned from, but count
    against. ``n_neighbours`` bounds the films beside a film, or the users beside a profile.

    After ``fit``, ``neighbours`` is CSR (n_items, n_items) float32: in row j what a like of j adds to other films. It
    is empty for the member user, whose ``viewers`` is CSR (n_users, n_items) float32, the divided likes; for the others
    that has no row.
    """

    name = "knn"
    tier = Tier.ADVANCED
    description = "Films whose audience overlaps most with that of the films you like."
    reason_code = ReasonCode.LIKED_TOGETHER
    arrays = ("neighbours", "viewers")

    neighbours: csr_matrix
    viewers: csr_matrix

    def __init__(
        self,
        *,
        member: Member = "ease",
        n_neighbours: int | None = None,
        user_damping: float | None = None,
        target_damping: float | None = None,
        hub_damping: float = 0.35,
        shrinkage: float = 0.05,
        regularization: float = 80.0,
        max_dense: int = 15_000,
        dust: float = 0.001,
    ) -> None:
        self.member = member
        tuned = TUNED[member]
        self.n_neighbours = tuned.n_neighbours if n_neighbours is None else n_neighbours
        self.user_damping = tuned.user_damping if user_damping is None else user_damping
        self.target_damping = tuned.target_damping if target_damping is None else target_damping
        self.hub_damping = hub_damping
        self.shrinkage = shrinkage
        self.regularization = regularization
        self.max_dense = max_dense
        self.dust = dust

    def fit(self, dataset: Dataset) -> Self:
        likes = dataset.profiles.likes
        self.neighbours = csr_matrix((dataset.n_items, dataset.n_items), dtype=np.float32)
        self.viewers = csr_matrix((0, dataset.n_items), dtype=np.float32)
        match self.member:
            case "ease":
                self.neighbours = self._rebuilding_each_other(likes)
            case "item":
                self.neighbours = self._by_walks(likes)
            case "user":
                self.viewers = self._divided(likes, dataset.profiles.like_counts)
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        if self.member == "user":
            evidence = self._nearest_viewers(profiles.interactions).power(2) @ self.viewers
        else:
            evidence = profiles.interactions @ self.neighbours
        return opinions(evidence, self.can_score(profiles))

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what each like of the one profile adds to the score of each of ``items``.

        Of the member ``user`` the part of each like in what brought the viewers near. With dislikes counted as well,
        the parts sum to the score.
        """
        self.check_fitted()
        likes = profiles.likes
        if self.member != "user":
            return contributions(self.neighbours, likes, items)
        near = self._nearest_viewers(profiles.interactions)
        votes = self.viewers[near.indices]
        shared = votes[:, likes.indices].multiply(near.data[:, None]).tocsr()
        return np.asarray((votes[:, items].T @ shared).toarray() * likes.data)

    def _rebuilding_each_other(self, likes: csr_matrix) -> csr_matrix:
        return ease(
            likes,
            regularization=self.regularization,
            user_damping=self.user_damping,
            target_damping=self.target_damping,
            max_dense=self.max_dense,
            n_neighbours=self.n_neighbours,
            dust=self.dust,
        )

    def _by_walks(self, likes: csr_matrix) -> csr_matrix:
        activity = np.maximum(np.diff(likes.indptr), 1.0)
        weighted = csr_matrix(diags_array(activity ** (-self.user_damping / 2)) @ likes, dtype=np.float32)
        gathered = weighted.multiply(weighted).sum(axis=0).A1
        near = nearest_items(
            weighted,
            source_norms=np.ones(likes.shape[1], dtype=np.float32),
            target_norms=gathered**self.target_damping,
            shrinkage=self.shrinkage,
            n_neighbours=self.n_neighbours,
        )
        near.data /= np.repeat(near.sum(axis=1).A1, np.diff(near.indptr))
        near.data /= near.sum(axis=0).A1[near.indices] ** np.float32(self.hub_damping)
        return near

    def _divided(self, likes: csr_matrix, like_counts: IntArray) -> csr_matrix:
        """Likes over the activity of who likes and the audience of what is liked, each to its damping."""
        counts = np.diff(likes.indptr)
        activity = np.repeat(counts, counts) ** self.user_damping
        audience = like_counts[likes.indices] ** self.target_damping
        divided = (likes.data / (activity * audience)).astype(np.float32)
        return csr_matrix((divided, likes.indices, likes.indptr), shape=likes.shape)

    def _nearest_viewers(self, interactions: csr_matrix) -> csr_matrix:
        """CSR (n_profiles, n_users) float32: how near the ``n_neighbours`` nearest viewers are to each profile."""
        near = [csr_matrix((0, self.viewers.shape[0]), dtype=np.float32)]
        for row in interactions:  # one at a time: a product of two sparse matrices would turn `viewers` round each time
            nearness = np.maximum(self.viewers @ row.toarray().ravel(), 0)
            near.append(strongest(nearness[None], self.n_neighbours, floor=FAINTEST))
        return vstack(near, format="csr")
