"""Films like the ones that somebody likes, by what they are about and who made them."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, diags_array, hstack

from apps.recommendations.engines.contract import (
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    Tier,
)
from apps.recommendations.engines.neighbours import opinions

DUST = 1e-6  # what float32 leaves of a film's similarity to itself, taken from itself


class Similar(Engine):
    """Films by the genres, keywords and people that they share with the profile's films.

    Two films are as similar as the cosine between their features, a rare one weighing more than a common one (inverse
    document frequency). A score is the sum over the profile of weight times similarity, so dislikes count against.

    After ``fit``, ``features`` is CSR (n_items, n_genres + n_tags) float32, rows of length one.
    """

    name = "similar"
    tier = Tier.BASIC
    description = "Films that share genres, keywords or people with yours."
    reads_content = True
    arrays = ("features",)

    features: csr_matrix

    def fit(self, dataset: Dataset) -> Self:
        features = hstack([dataset.item_genres, dataset.item_tags], format="csr", dtype=np.float32)
        films_with = np.maximum(features.getnnz(axis=0), 1)
        self.features = _unit_rows(features @ diags_array(np.log1p(dataset.n_items / films_with)))
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        films = profiles.interactions
        alike = (self.features @ (films @ self.features).T).T.tocsr()
        alike -= films @ diags_array(self.features.multiply(self.features).sum(axis=1).A1)  # not to itself
        alike.data[np.abs(alike.data) < DUST] = 0
        return opinions(alike, self.can_score(profiles))

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what each like of the one profile adds to the score of each of ``items``."""
        self.check_fitted()
        likes = profiles.likes
        alike = (self.features[items] @ self.features[likes.indices].T).toarray()
        return np.asarray(alike * likes.data)


def _unit_rows(features: csr_matrix) -> csr_matrix:
    """Each row over its length; empty rows stay empty."""
    lengths = np.sqrt(features.multiply(features).sum(axis=1).A1)
    return csr_matrix(diags_array(1 / np.where(lengths > 0, lengths, 1)) @ features, dtype=np.float32)
