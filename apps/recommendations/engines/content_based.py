"""Films that are about what your films are about, and made by the same people."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, diags_array, hstack

from apps.recommendations.engines import text
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
from apps.recommendations.engines.neighbours import nearest_items

TINY = 1e-12
BATCH = 256  # profiles scored at once: 40 MiB of float32 at 40,000 terms


class ContentBased(Engine):
    """TF-IDF over the fields of a film, each with its weight, and a profile set off against the mean film.

    A film is the vector f of its terms: a term's weight is that of its field, times (1 + log count), times inverse
    document frequency (Salton & Buckley, 1988); then the whole over its length to the ``length_damping``, so that who
    is told of at length gains something by it, but not all. A profile is the sum of confidence times f over its films,
    so that dislikes subtract. A score is

        (profile / its length  -  centring * mean film / its length) . f

    The mean film is taken off because else everybody would be shown what most films are: drama, of the nineties.
    A film that shares no term with the profile's likes gets no opinion.

    After ``fit``, ``features`` is CSR (n_items, n_terms) float32; ``common`` (n_items,) float32 what each film has of
    the mean film; ``alike`` CSR (n_items, n_items) float32 the cosines of each film's ``n_similar`` most similar.
    """

    name = "content_based"
    tier = Tier.ADVANCED
    description = "Films whose story, genres and people are those of the films you like."
    reads_content = True
    reason_code = ReasonCode.SIMILAR_TO
    arrays = ("features", "common", "alike")

    features: csr_matrix
    common: FloatArray
    alike: csr_matrix

    def __init__(
        self,
        *,
        title: float = 1.0,
        overview: float = 0.3,
        keywords: float = 0.6,
        genres: float = 0.8,
        genre_pairs: float = 0.7,
        directors: float = 1.5,
        cast: float = 1.0,
        decade: float = 0.9,
        language: float = 0.5,
        length_damping: float = 0.25,
        centring: float = 0.7,
        n_similar: int = 50,
    ) -> None:
        self.title = title
        self.overview = overview
        self.keywords = keywords
        self.genres = genres
        self.genre_pairs = genre_pairs
        self.directors = directors
        self.cast = cast
        self.decade = decade
        self.language = language
        self.length_damping = length_damping
        self.centring = centring
        self.n_similar = n_similar

    def fit(self, dataset: Dataset) -> Self:
        terms = hstack([weight * text.tf_idf(counts) for weight, counts in self._fields(dataset)], format="csr")
        self.features = _over(terms, _lengths(terms) ** self.length_damping)
        mean = np.asarray(self.features.mean(axis=0)).ravel()
        self.common = (self.features @ (mean / max(np.linalg.norm(mean), TINY))).astype(np.float32)
        lengths = _lengths(self.features)
        self.alike = nearest_items(
            self.features.T.tocsr(),
            source_norms=lengths,
            target_norms=lengths,
            shrinkage=0.0,
            n_neighbours=self.n_similar,
        )
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        return self.score_held(profiles, profiles)

    def score_held(self, profiles: Profiles, whole: Profiles) -> FloatArray:
        self.check_fitted()
        scores = np.full(profiles.interactions.shape, NO_OPINION, dtype=np.float32)
        able = np.flatnonzero(self.can_score(profiles))
        for start in range(0, len(able), BATCH):
            rows = able[start : start + BATCH]
            tastes = profiles.interactions[rows] @ self.features
            lengths = _lengths(tastes if whole is profiles else whole.interactions[rows] @ self.features)
            shared = (self.features @ tastes.toarray().T).T
            centred = shared / np.maximum(lengths, TINY)[:, None] - self.centring * self.common
            scores[rows] = np.where(shared > 0, centred, NO_OPINION)
        return scores

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what each like adds to the score of each of ``items``, the profile's length held.

        With what dislikes take away, a row sums to the score before the mean film is taken off.
        """
        self.check_fitted()
        likes = profiles.likes
        length = max(float(_lengths(profiles.interactions @ self.features)[0]), TINY)
        shared = (self.features[items] @ self.features[likes.indices].T).toarray()
        return np.asarray(shared * likes.data / length, dtype=np.float32)

    def similar_to(self, item: int) -> tuple[IntArray, FloatArray]:
        """The films most like this one and their cosines, (at most ``n_similar``,), most alike first, ties by place."""
        self.check_fitted()
        start, stop = self.alike.indptr[item], self.alike.indptr[item + 1]
        order = np.argsort(-self.alike.data[start:stop], kind="stable")
        return self.alike.indices[start:stop][order].astype(np.int64), self.alike.data[start:stop][order]

    def _fields(self, dataset: Dataset) -> list[tuple[float, csr_matrix]]:
        """The weight of each field and its counts of terms, CSR (n_items, n_terms of the field)."""
        languages = [[code] if code else [] for code in dataset.item_languages]
        return [
            (self.title, text.count_terms(map(text.words, dataset.item_titles))),
            (self.overview, text.count_terms(map(text.telling_words, dataset.item_texts), min_films=2)),
            (self.keywords, dataset.item_keywords),
            (self.genres, dataset.item_genres),
            (self.genre_pairs, text.pairs(dataset.item_genres)),
            (self.directors, dataset.item_directors),
            (self.cast, dataset.item_cast),
            (self.decade, text.decades(dataset.item_years)),
            (self.language, text.count_terms(languages)),
        ]


def _lengths(rows: csr_matrix) -> FloatArray:
    """(n_rows,) float32: the Euclidean length of each."""
    return np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float32).ravel())


def _over(rows: csr_matrix, lengths: FloatArray) -> csr_matrix:
    """Each row over its length, columns in order; empty rows stay empty."""
    divided = csr_matrix(diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows, dtype=np.float32)
    divided.sort_indices()
    return divided
