"""Films of the genres that somebody leans to."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, diags_array

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
)
from apps.recommendations.engines.popular import standing


class GenreAffinity(Engine):
    """Films by the genres that a profile leans to, within them by popularity.

    The lean to a genre is its share of the films that the profile likes, less its share of those it dislikes, each
    measured against the whole catalogue, plus what the user said. ``caution`` is how many films' worth of
    indifference every profile starts with, so that one film is not yet a taste.

    After ``fit``, ``shares`` is CSR (n_items, n_genres) float32, each film one unit spread over its genres;
    ``average`` (n_genres,) float32 their mean over the catalogue; ``standing`` (n_items,) float32 as in ``popular``.
    """

    name = "genre_affinity"
    tier = Tier.BASIC
    description = "Well-liked films of the genres that you lean to."
    reads_content = True
    arrays = ("shares", "average", "standing")

    shares: csr_matrix
    average: FloatArray
    standing: FloatArray

    def __init__(self, *, caution: float = 5.0, said_weight: float = 1.0, popularity_weight: float = 0.3) -> None:
        self.caution = caution
        self.said_weight = said_weight
        self.popularity_weight = popularity_weight

    def fit(self, dataset: Dataset) -> Self:
        genres_of_film = np.maximum(dataset.item_genres.sum(axis=1).A1, 1)
        self.shares = csr_matrix(diags_array(1 / genres_of_film) @ dataset.item_genres, dtype=np.float32)
        self.average = np.asarray(self.shares.mean(axis=0), dtype=np.float32).ravel()
        self.standing = standing(dataset.profiles.like_counts, dataset.item_popularity)
        return self

    def can_score(self, profiles: Profiles) -> BoolArray:
        said = np.diff(profiles.genres.indptr) > 0
        return np.asarray(super().can_score(profiles) | said)

    def lean(self, profiles: Profiles) -> FloatArray:
        """(n_profiles, n_genres) float32, above zero where a genre draws, below where it repels."""
        films = profiles.interactions
        weight = np.asarray(films.sum(axis=1))
        evidence = np.asarray(abs(films).sum(axis=1)) + self.caution
        seen = (films @ self.shares).toarray() - weight * self.average
        return np.asarray(seen / evidence + self.said_weight * profiles.genres.toarray(), dtype=np.float32)

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        lean = self.lean(profiles)
        scores = np.ascontiguousarray((self.shares @ lean.T).T)
        scores += np.float32(self.popularity_weight) * self.standing
        drawn_to = (self.shares @ np.maximum(lean, 0).T).T > 0
        scores[~drawn_to] = NO_OPINION  # else a famous film of no genre that draws would come with no reason
        scores[~self.can_score(profiles)] = NO_OPINION
        return scores

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        self.check_fitted()
        contributions = self.shares[items].toarray() * self.lean(profiles)
        return reasons_from(ReasonCode.GENRES, np.arange(contributions.shape[1]), contributions, limit)
