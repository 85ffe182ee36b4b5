"""What ensemble and hybrid share: the scores of several engines, brought to one scale and added up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from apps.recommendations.engines.content_based import ContentBased
from apps.recommendations.engines.contract import (
    NO_OPINION,
    BoolArray,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    ReasonCode,
)
from apps.recommendations.engines.genre_affinity import GenreAffinity
from apps.recommendations.engines.knn import KNN
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.engines.neural_cf import NeuralCF
from apps.recommendations.engines.sequential import Sequential

MEMBERS: dict[str, type[Engine]] = {
    engine.name: engine for engine in (MatrixFactorization, KNN, NeuralCF, Sequential, ContentBased, GenreAffinity)
}


class Voice(NamedTuple):
    """What one member says of every film to some profiles, on the scale that all members share.

    scores: float32 (n_profiles, n_items), z-scores over the films that it has an opinion on. The others get its lowest,
        and all get zero where it has no opinion at all.
    spread: float32 (n_profiles, 1), what the scores were divided by.
    heard: bool (n_profiles, n_items), where it has an opinion.
    """

    scores: FloatArray
    spread: FloatArray
    heard: BoolArray


def voice_of(scores: FloatArray) -> Voice:
    """The scores (n_profiles, n_items) of one engine as its voice; they are changed in place."""
    heard = scores != NO_OPINION
    counts = np.maximum(heard.sum(axis=1, keepdims=True), 1).astype(np.float32)
    np.copyto(scores, 0, where=~heard)
    scores -= scores.sum(axis=1, keepdims=True) / counts
    np.copyto(scores, 0, where=~heard)
    spread = np.sqrt(np.einsum("ij,ij->i", scores, scores)[:, None] / counts)
    spread[spread == 0] = 1
    scores /= spread
    np.copyto(scores, scores.min(axis=1, keepdims=True, initial=0), where=~heard)
    return Voice(scores, spread, heard)


class Blend(Engine):
    """An engine made of others: its score is a weighted sum of the z-scores of its parts.

    ``members`` names the parts and holds the hyperparameters of each that are not its defaults. A subclass says in
    ``weights`` how much each counts. Parts are engines in their own right: ``fit`` makes them, ``fit_on`` takes those
    that are fitted already, and an artifact keeps each under its own name.
    """

    reason_code: ClassVar[ReasonCode] = ReasonCode.LIKED_TOGETHER

    members: Mapping[str, Mapping[str, Any]]
    parts: dict[str, Engine]

    @abstractmethod
    def weights(self, profiles: Profiles) -> dict[str, FloatArray]:
        """How much each part counts, by name: float32 that broadcasts to (n_profiles, n_items)."""

    @abstractmethod
    def learn(self, dataset: Dataset) -> None:
        """Leave behind the ``arrays`` of the blend itself, the parts being fitted on ``dataset``."""

    def fit(self, dataset: Dataset) -> Self:
        return self.fit_on(dataset, {})

    def fit_on(self, dataset: Dataset, fitted: Mapping[str, Engine]) -> Self:
        """Learn from ``dataset``, but for the parts that are among ``fitted``, which learned from the same."""
        self.parts = {name: self._part(name, dataset, fitted) for name in self.members}
        self.learn(dataset)
        return self

    def _part(self, name: str, dataset: Dataset, fitted: Mapping[str, Engine]) -> Engine:
        blank = self.build_member(name)
        known = fitted.get(name)
        return known if known is not None and known.params() == blank.params() else blank.fit(dataset)

    def build_member(self, name: str) -> Engine:
        """An unfitted part. Raises KeyError for an engine that cannot be one."""
        return MEMBERS[name](**self.members[name])

    def join(self, engines: Mapping[str, Engine]) -> None:
        """Take the parts from these, after ``restore``; raises KeyError if one is missing."""
        self.parts = {name: engines[name] for name in self.members}

    def can_score(self, profiles: Profiles) -> BoolArray:
        self.check_fitted()
        able = np.stack([part.can_score(profiles) for part in self.parts.values()])
        return np.asarray(able.any(axis=0))

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        total = np.zeros(profiles.interactions.shape, dtype=np.float32)
        heard = np.zeros(total.shape, dtype=bool)
        for name, weight in self.weights(profiles).items():
            if weight.any():
                voice = voice_of(self.said(name, profiles, profiles))
                total += weight * voice.scores
                heard |= voice.heard & (weight > 0)
        total[~heard] = NO_OPINION
        return total

    def score_held(self, profiles: Profiles, whole: Profiles) -> FloatArray:
        """The weights are those of ``whole``, too. Where a part has no opinion left, it adds nothing."""
        self.check_fitted()
        total = np.zeros(profiles.interactions.shape, dtype=np.float32)
        for name, weight in self.weights(whole).items():
            if weight.any():
                said, voice = self.said(name, profiles, whole), voice_of(self.said(name, whole, whole))
                total += weight * np.where(said == NO_OPINION, 0, said) / voice.spread
        return total

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """Those of the parts, weighted, each over the spread of its scores, which is held."""
        self.check_fitted()
        added = np.zeros((len(items), profiles.likes.nnz), dtype=np.float32)
        for name, weight in self.weights(profiles).items():
            if weight.any():
                voice = voice_of(self.said(name, profiles, profiles))
                share = np.broadcast_to(weight / voice.spread, voice.heard.shape)[0, items]
                added += (share * voice.heard[0, items])[:, None] * self.added(name, profiles, items)
        return added

    def said(self, name: str, profiles: Profiles, whole: Profiles) -> FloatArray:
        """The scores of one part, as ``score_held`` has them."""
        return self.parts[name].score_held(profiles, whole)

    def added(self, name: str, profiles: Profiles, items: IntArray) -> FloatArray:
        """What each like adds to the scores of one part, as ``contributions`` has them."""
        return self.parts[name].contributions(profiles, items)
