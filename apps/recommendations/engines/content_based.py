"""Films that are about what your films are about, and made by the same people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array, hstack, issparse, vstack

from apps.recommendations.engines import text
from apps.recommendations.engines.cells import largest, widened
from apps.recommendations.engines.contract import (
    NO_OPINION,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    ReasonCode,
    Tier,
    top_k,
)
from apps.recommendations.engines.neighbours import nearest_items

TINY = 1e-12
BATCH = 256  # profiles scored at once: 40 MiB of float32 at 40,000 terms
FILMS_AT_ONCE = 64  # set beside all others: 12 MiB of float32 at 50,000 films
BETWEEN_TERMS, BETWEEN_FIELDS = "\x1e", "\x1d"  # the separators of records and of groups, which no word has


class Field(NamedTuple):
    """What one field tells of each film: tags as CSR (n_items, n_tags) float32, or terms; and what it weighs.

    Terms that fewer than ``min_films`` films have are not learned.
    """

    weight: float
    told: csr_matrix | Sequence[Sequence[str]]
    min_films: int = 1


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
    the mean film; ``alike`` CSR (n_items, n_items) float32 the cosines of each film's ``n_similar`` most similar;
    ``rarity`` (n_terms,) float32 the inverse document frequencies; ``vocabulary`` (uint8, the bytes of a text) the
    names of the terms that are not tags.
    """

    name = "content_based"
    tier = Tier.ADVANCED
    description = "Films whose story, genres and people are those of the films you like."
    reads_content = True
    reason_code = ReasonCode.SIMILAR_TO
    arrays = ("features", "common", "alike", "rarity", "vocabulary")

    features: csr_matrix
    common: FloatArray
    alike: csr_matrix
    rarity: FloatArray
    vocabulary: NDArray[np.uint8]

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
        fields = self._fields(dataset)
        names, counts = zip(*map(_learned, fields), strict=True)
        self.vocabulary = _as_bytes(names)
        self.rarity = np.concatenate([text.rarity(table) for table in counts])
        self.features = self._weighted(fields, counts)
        self.common = self._in_common(self.features)
        lengths = _lengths(self.features)
        self.alike = nearest_items(
            self.features.T.tocsr(),
            source_norms=lengths,
            target_norms=lengths,
            shrinkage=0.0,
            n_neighbours=self.n_similar,
        )
        return self

    def with_items(self, newer: Dataset) -> ContentBased:
        """One that knows these films besides, behind its own; of the dataset's users nothing is read.

        They are described in the terms that ``fit`` has learned, their tags in the columns that it was given. What is
        rare, and the mean film, stay as they were: nothing changes for the others, but that these may be like them.
        """
        self.check_fitted()
        fields, names = self._fields(newer), _as_names(self.vocabulary)
        counts = [
            field.told if _is_tags(field) else text.count_known(field.told, known)
            for field, known in zip(fields, names, strict=True)
        ]
        added = self._weighted(fields, counts)
        features = csr_matrix(vstack([self.features, added], format="csr"))
        state = {
            "features": features,
            "common": np.concatenate((self.common, self._in_common(added))),
            "alike": _with_newer(self.alike, features, self.n_similar),
        }
        return type(self)(**self.params()).restore({**self.state(), **state})

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

    def _fields(self, dataset: Dataset) -> list[Field]:
        return [
            Field(self.title, [text.words(title) for title in dataset.item_titles]),
            Field(self.overview, [text.telling_words(told) for told in dataset.item_texts], min_films=2),
            Field(self.keywords, dataset.item_keywords),
            Field(self.genres, dataset.item_genres),
            Field(self.genre_pairs, text.paired(dataset.item_genres)),
            Field(self.directors, dataset.item_directors),
            Field(self.cast, dataset.item_cast),
            Field(self.decade, text.spans(dataset.item_years)),
            Field(self.language, [[code] if code else [] for code in dataset.item_languages]),
        ]

    def _weighted(self, fields: Sequence[Field], counts: Sequence[csr_matrix]) -> csr_matrix:
        """The features of films with these counts of terms, field by field."""
        bounds = np.cumsum([table.shape[1] for table in counts])[:-1]
        rarities = np.split(self.rarity, bounds)
        weighted = [
            field.weight * text.tf_idf(table, rarity)
            for field, table, rarity in zip(fields, counts, rarities, strict=True)
        ]
        terms = hstack(weighted, format="csr")
        return _over(terms, _lengths(terms) ** self.length_damping)

    def _in_common(self, features: csr_matrix) -> FloatArray:
        """(n_rows,) float32: what each has of the mean film."""
        mean = np.asarray(self.features.mean(axis=0)).ravel()
        return np.asarray(features @ (mean / max(np.linalg.norm(mean), TINY)), dtype=np.float32)


def _is_tags(field: Field) -> bool:
    return bool(issparse(field.told))


def _learned(field: Field) -> tuple[list[str], csr_matrix]:
    """The field's terms by name, and how often each film has each; tags have no names."""
    if _is_tags(field):
        return [], field.told
    return text.named_terms(field.told, min_films=field.min_films)


def _as_bytes(names: Sequence[Sequence[str]]) -> NDArray[np.uint8]:
    """The terms of each field as one array, far shorter than numpy's own of so many texts."""
    told = BETWEEN_FIELDS.join(BETWEEN_TERMS.join(terms) for terms in names)
    return np.frombuffer(told.encode(), dtype=np.uint8)


def _as_names(vocabulary: NDArray[np.uint8]) -> list[list[str]]:
    fields = vocabulary.tobytes().decode().split(BETWEEN_FIELDS)
    return [terms.split(BETWEEN_TERMS) if terms else [] for terms in fields]


def _with_newer(alike: csr_matrix, features: csr_matrix, n_similar: int) -> csr_matrix:
    """The most similar films of all that ``features`` tells of, from those of the first, as ``fit`` found them."""
    n_known, n_items = alike.shape[0], features.shape[0]
    lengths = np.maximum(_lengths(features), TINY)
    least = _least(alike, n_similar)
    known = widened(alike, n_items, n_items).tocoo()
    cells = [(known.row, known.col, known.data)]
    for start in range(n_known, n_items, FILMS_AT_ONCE):
        films = np.arange(start, min(start + FILMS_AT_ONCE, n_items))
        cosines = (features[films] @ features.T).toarray() / np.outer(lengths[films], lengths)
        cosines[np.arange(len(films)), films] = 0  # none is like itself
        rows, columns = np.nonzero(cosines[:, :n_known] > least)
        cells.append((columns, films[rows], cosines[rows, columns]))
        nearest, values = top_k(np.where(cosines > 0, cosines, NO_OPINION), n_similar)
        rows, places = np.nonzero(nearest >= 0)
        cells.append((films[rows], nearest[rows, places], values[rows, places]))
    rows, columns, values = (np.concatenate(parts) for parts in zip(*cells, strict=True))
    return largest(csr_matrix((values.astype(np.float32), (rows, columns)), shape=(n_items, n_items)), n_similar)


def _least(alike: csr_matrix, n_similar: int) -> FloatArray:
    """(n_items,) float32: what a cosine must be above to be among the most similar films of each."""
    sizes = np.diff(alike.indptr)
    least = np.zeros(len(sizes), dtype=np.float32)
    least[sizes > 0] = np.minimum.reduceat(alike.data, alike.indptr[:-1][sizes > 0]) if alike.nnz else 0
    least[sizes < n_similar] = 0
    return least


def _lengths(rows: csr_matrix) -> FloatArray:
    """(n_rows,) float32: the Euclidean length of each."""
    return np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float32).ravel())


def _over(rows: csr_matrix, lengths: FloatArray) -> csr_matrix:
    """Each row over its length, columns in order; empty rows stay empty."""
    divided = csr_matrix(diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows, dtype=np.float32)
    divided.sort_indices()
    return divided
