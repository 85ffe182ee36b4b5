"""The one adapter from tables to arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from apps.authentication.models import User
from apps.movies.models import Movie
from apps.preferences.models import UserPreference
from apps.recommendations.catalogue import Catalogue, incidence
from apps.recommendations.engines.contract import Dataset, FloatArray, IntArray, Profiles
from apps.recommendations.news import events
from apps.recommendations.signals import Signal, as_cells, signals_of
from apps.recommendations.tags import tags_of_films


@dataclass(frozen=True)
class TrainingData:
    """What a training run reads: the arrays, the catalogue they speak of, and whose doings they are.

    user_ids: int64 (n_users,), of the rows.
    """

    dataset: Dataset
    catalogue: Catalogue
    user_ids: IntArray
    users_by_kind: dict[str, int]

    @property
    def fingerprint(self) -> str:
        """Of all that a model holds of the tables: equal data, equal fingerprint."""
        dataset, films = self.dataset, self.catalogue
        cells = dataset.profiles.interactions
        tables = (
            *(dataset.profiles.genres, dataset.item_genres),
            *(dataset.item_keywords, dataset.item_directors, dataset.item_cast),
        )
        digest = hashlib.sha256()
        for array in (
            dataset.item_ids,
            dataset.item_popularity,
            dataset.profiles.timestamps,
            dataset.profiles.ratings,
            *(cells.indptr, cells.indices, cells.data),
            *(part for table in tables for part in (table.indptr, table.indices)),
            *(films.genre_ids, films.year, films.runtime, films.vote, films.adult, films.language),
        ):
            digest.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        digest.update(repr((dataset.item_titles, dataset.item_texts)).encode())
        return digest.hexdigest()


def training_data() -> TrainingData:
    """All users who did something, all films, in a fixed number of queries."""
    catalogue = Catalogue.from_tables()
    films = set(catalogue.item_ids.tolist())  # those that arrived since are the next run's
    signals = {key: signal for key, signal in signals_of(events()).items() if key[1] in films}
    user_ids = np.unique(np.array([user_id for user_id, _ in signals], dtype=np.int64))
    item_ids = catalogue.item_ids
    popularity, titles, texts = _told_of(item_ids)
    tags = tags_of_films()
    dataset = Dataset(
        profiles=_profiles(signals, user_ids, catalogue),
        item_genres=catalogue.item_genres,
        item_keywords=incidence(item_ids, catalogue.keyword_ids, *tags.keywords.T),
        item_directors=incidence(item_ids, catalogue.crew_ids, *tags.crew.T),
        item_cast=incidence(item_ids, catalogue.lead_ids, *tags.leads.T),
        item_titles=titles,
        item_texts=texts,
        item_years=catalogue.year,
        item_languages=catalogue.language.tolist(),
        item_popularity=popularity,
        item_ids=item_ids,
    )
    return TrainingData(dataset, catalogue, user_ids, User.objects.count_by_kind(user_ids.tolist()))


def _profiles(signals: dict[tuple[int, int], Signal], user_ids: IntArray, catalogue: Catalogue) -> Profiles:
    keys = np.array(list(signals), dtype=np.int64).reshape(-1, 2)
    rows, columns = np.searchsorted(user_ids, keys[:, 0]), np.searchsorted(catalogue.item_ids, keys[:, 1])
    confidence, moments, ratings = as_cells(signals.values())
    order = np.lexsort((columns, rows))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(user_ids)))))
    shape = (len(user_ids), len(catalogue.item_ids))
    return Profiles(
        interactions=csr_matrix((confidence[order], columns[order], indptr), shape=shape),
        timestamps=moments[order],
        ratings=ratings[order],
        genres=_said_of_genres(user_ids, catalogue),
    )


def _said_of_genres(user_ids: IntArray, catalogue: Catalogue) -> csr_matrix:
    liked = UserPreference.liked_genres.through.objects.filter(userpreference_id__in=user_ids.tolist())
    pairs = np.array(list(liked.values_list("userpreference_id", "genre__tmdb_id")), dtype=np.int64).reshape(-1, 2)
    order = np.argsort(catalogue.genre_ids)
    said = incidence(user_ids, catalogue.genre_ids[order], pairs[:, 0], pairs[:, 1])
    return said[:, np.argsort(order)]


def _told_of(item_ids: IntArray) -> tuple[FloatArray, list[str], list[str]]:
    """Popularity, title and overview of each film."""
    rows = Movie.objects.values_list("pk", "popularity", "title", "overview")
    films = {pk: (popularity, title, overview) for pk, popularity, title, overview in rows}
    told = [films.get(pk, (0.0, "", "")) for pk in item_ids.tolist()]
    popularity = np.array([popularity for popularity, _, _ in told], dtype=np.float32)
    return popularity, [title for _, title, _ in told], [overview for _, _, overview in told]
