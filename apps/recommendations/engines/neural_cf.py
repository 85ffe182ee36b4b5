"""Neural collaborative filtering: learned vectors, matched by a product and by a small network."""

from __future__ import annotations

from collections.abc import Callable
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
    ReasonCode,
    Tier,
    reasons_from,
    top_k,
)
from apps.recommendations.engines.matrix_factorization import MatrixFactorization

NEAREST = 3  # likes left out for the reasons of a film
LEFT_OUT = 64  # likes left out in all
PER_FACTOR = 4  # users, or films, that it takes to learn a factor: a world of twelve has three
LEARNED = (
    "item_factors",
    "history_factors",
    "item_biases",
    "gmf_weights",
    "user_layer",
    "second_layer",
    "second_biases",
    "output",
)


class NeuralCF(Engine):
    """Neural collaborative filtering (He, Liao, Zhang, Nie, Hu & Chua, 2017), with users computed from their likes.

    A profile with likes j of confidence w_j gets the vector

        p = fold_in(likes) + sum_j w_j h_j / sqrt(sum_j w_j)

    by the solve of implicit matrix factorization against ``anchors`` and by learned vectors h. Film i is scored

        sum_k g_k p_k q_ik + b_i  +  mlp_weight * c . relu(W relu(U p + V q_i + a) + e)

    generalized matrix factorization (GMF) and a multi-layer perceptron (MLP) over the same vectors; V q_i + a is kept.
    All but the anchors is learned by hiding a tenth to a half of each user's likes and asking for them, by a softmax of
    each against 99 films of the unseen. A hidden like counts ``popularity ** -popularity_discount``, since what people
    come to next is less popular than what they have. With ``warm_start`` the q begin as the film vectors of a matrix
    factorization, which are the anchors, too, and move ``vector_pace`` times as fast as the rest; else they begin at
    random, there is no fold-in, and it takes a pace of 1 and more epochs. Rendle, Krichene, Zhang & Anderson (2020)
    found that a well fitted product is hard to beat by an MLP: with ``mlp_weight`` 0 there is none.

    After ``fit``, float32 all, d factors and h hidden units: ``item_factors``, ``history_factors`` (n_items, d) and
    ``item_biases`` (n_items,); ``gmf_weights`` (d,); ``anchors`` (n_items, d) and ``gram`` (d, d), their product with
    themselves; ``item_hidden`` (n_items, h), ``user_layer`` (d, h), ``second_layer`` (h, h // 2), ``second_biases`` and
    ``output`` (h // 2,). ``unliked`` (int64) are the films that nobody likes, about which nothing is known. d is less
    than ``n_factors`` where there are fewer than four users or films for each. Users are not kept.
    """

    name = "neural_cf"
    tier = Tier.ADVANCED
    description = "Films that a small neural network, taught on everybody's likes, matches with yours."
    needs_training_requirements = True
    arrays = (*LEARNED, "item_hidden", "anchors", "gram", "unliked")

    item_factors: FloatArray
    history_factors: FloatArray
    item_biases: FloatArray
    gmf_weights: FloatArray
    anchors: FloatArray
    gram: FloatArray
    item_hidden: FloatArray
    user_layer: FloatArray
    second_layer: FloatArray
    second_biases: FloatArray
    output: FloatArray
    unliked: IntArray

    progress: Callable[[int, int], None] | None = None  # told the steps done and their total while ``fit`` learns

    def __init__(
        self,
        *,
        n_factors: int = 192,
        n_hidden: int = 16,
        n_epochs: int = 2,
        learning_rate: float = 0.0005,
        vector_pace: float = 0.05,
        popularity_discount: float = 0.5,
        batch_size: int = 256,
        n_candidates: int = 1024,
        mlp_weight: float = 1.0,
        warm_start: bool = True,
        n_sweeps: int = 12,
        unobserved_weight: float = 0.3,
        regularization: float = 0.007,
        random_state: int = 0,
    ) -> None:
        self.n_factors = n_factors
        self.n_hidden = n_hidden
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.vector_pace = vector_pace
        self.popularity_discount = popularity_discount
        self.batch_size = batch_size
        self.n_candidates = n_candidates
        self.mlp_weight = mlp_weight
        self.warm_start = warm_start
        self.n_sweeps = n_sweeps
        self.unobserved_weight = unobserved_weight
        self.regularization = regularization
        self.random_state = random_state

    def fit(self, dataset: Dataset) -> Self:
        """Learn from ``dataset``; ValueError for a parameter out of its range, ImportError without JAX and optax."""
        self._check_params()
        from apps.recommendations.engines.training import neural_cf as learner

        likes = dataset.profiles.likes
        like_counts = dataset.profiles.like_counts
        self.unliked = np.flatnonzero(like_counts == 0)
        n_factors = min(self.n_factors, int(np.count_nonzero(like_counts)) // PER_FACTOR, dataset.n_users // PER_FACTOR)
        plan = learner.Plan(
            n_factors=max(1, n_factors),
            n_hidden=self.n_hidden,
            n_epochs=self.n_epochs,
            learning_rate=self.learning_rate,
            vector_pace=self.vector_pace,
            popularity_discount=self.popularity_discount,
            batch_size=self.batch_size,
            n_candidates=self.n_candidates,
            mlp_weight=self.mlp_weight,
        )
        rng = np.random.default_rng(self.random_state)
        self.anchors = np.zeros((dataset.n_items, plan.n_factors if self.warm_start else 0), dtype=np.float32)
        if self.warm_start:
            self.anchors = self._factorization(plan.n_factors).fit(dataset).item_factors
        self.gram = self.anchors.T @ self.anchors
        self._keep(learner.train(likes, plan, rng, anchors=self.anchors, fold_in=self._fold_in, progress=self.progress))
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        scores = self._scores(self.towers(profiles.likes), slice(None))
        scores[:, self.unliked] = NO_OPINION
        scores[~self.can_score(profiles)] = NO_OPINION
        return scores

    def can_score(self, profiles: Profiles) -> BoolArray:
        """(n_profiles,): whether the profile likes any film that somebody liked in training."""
        return np.asarray(np.diff(self._known(profiles.likes).indptr) > 0)

    def towers(self, likes: csr_matrix) -> FloatArray:
        """(n_rows, d) float32: the vectors of users with these likes; zeros where none is known."""
        known = self._known(likes)
        mass = np.maximum(np.asarray(known.sum(axis=1)), np.float32(1e-6))
        return np.asarray(known @ self.history_factors / np.sqrt(mass) + self._fold_in(known), dtype=np.float32)

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        """What each score loses without each of the likes whose vectors are nearest to those of ``items``."""
        likes = self._known(profiles.likes)
        nearest = self._nearest(likes.indices, items)
        refs = likes.indices[nearest]
        score = self._scores(self.towers(likes), items)
        lost = (score - self._scores(self.towers(_each_left_out(likes, nearest)), items)).T
        lost[items[:, None] == refs] = 0  # a film is no reason for itself
        lost[np.isin(items, self.unliked)] = 0
        return reasons_from(ReasonCode.SIMILAR_TO, refs, lost, limit)

    def _nearest(self, likes: IntArray, items: IntArray) -> IntArray:
        """Places among ``likes`` of the few nearest, by cosine, to any of ``items``, at most LEFT_OUT."""
        lengths = np.maximum(np.linalg.norm(self.item_factors[likes], axis=1), np.float32(1e-12))
        alike = self.item_factors[items] @ (self.item_factors[likes] / lengths[:, None]).T
        alike[items[:, None] == likes] = NO_OPINION
        near, _ = top_k(alike, NEAREST)
        votes = np.bincount(near[near >= 0], minlength=len(likes))
        order = np.argsort(-votes, kind="stable")[:LEFT_OUT]
        return order[votes[order] > 0]

    def _scores(self, towers: FloatArray, items: IntArray | slice) -> FloatArray:
        """(n_rows, n_items) float32: GMF and MLP of these users and films."""
        scores = (towers * self.gmf_weights) @ self.item_factors[items].T + self.item_biases[items]
        if self.mlp_weight:
            hidden = self.item_hidden[items]
            for row, of_user in enumerate(towers @ self.user_layer):  # one by one: a batch's would fill the memory
                first = np.maximum(hidden + of_user, 0)
                second = np.maximum(first @ self.second_layer + self.second_biases, 0)
                scores[row] += np.float32(self.mlp_weight) * (second @ self.output)
        return np.asarray(scores, dtype=np.float32)

    def _known(self, likes: csr_matrix) -> csr_matrix:
        """The likes of films that somebody liked in training."""
        self.check_fitted()
        known = likes.copy()
        known.data[np.isin(known.indices, self.unliked)] = 0
        known.eliminate_zeros()
        return known

    def _fold_in(self, likes: csr_matrix) -> FloatArray:
        """(n_rows, d) float32: the solve against the anchors; from a random start, (n_rows, 1) zeros."""
        n_factors = self.anchors.shape[1]
        if not n_factors:
            return np.zeros((likes.shape[0], 1), dtype=np.float32)
        factorization = self._factorization(n_factors)
        nothing = dict.fromkeys(factorization.arrays, np.zeros(0))
        return factorization.restore({**nothing, "item_factors": self.anchors, "gram": self.gram}).fold_in(likes)

    def _factorization(self, n_factors: int) -> MatrixFactorization:
        return MatrixFactorization(
            n_factors=n_factors,
            n_sweeps=self.n_sweeps,
            unobserved_weight=self.unobserved_weight,
            regularization=self.regularization,
            stars=False,
            random_state=self.random_state,
        )

    def _keep(self, learned: dict[str, FloatArray]) -> None:
        """The learned weights as they are served: what the MLP's first layer makes of a film is known beforehand."""
        self.item_hidden = learned["item_factors"] @ learned["item_layer"] + learned["first_biases"]
        for name in LEARNED:
            setattr(self, name, learned[name])

    def _check_params(self) -> None:
        least = {
            "n_factors": 1,
            "n_hidden": 2,
            "n_epochs": 1,
            "batch_size": 1,
            "n_candidates": 2,
            "n_sweeps": 1,
            "mlp_weight": 0,
            "popularity_discount": 0,
        }
        for name, value in least.items():
            if getattr(self, name) < value:
                raise ValueError(f"{name} must be at least {value}, not {getattr(self, name)}")
        for name in ("learning_rate", "vector_pace", "unobserved_weight", "regularization"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")


def _each_left_out(likes: csr_matrix, places: IntArray) -> csr_matrix:
    """Of the one row given as many copies as ``places``, each without the like at its place."""
    kept = np.ones((len(places), likes.nnz), dtype=bool)
    kept[np.arange(len(places)), places] = False
    indices, data = (np.broadcast_to(part, kept.shape)[kept] for part in (likes.indices, likes.data))
    indptr = np.arange(len(places) + 1) * max(0, likes.nnz - 1)
    return csr_matrix((data, indices, indptr), shape=(len(places), likes.shape[1]))
