"""The one adapter from tables to arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from apps.authentication.models import User
from apps.favorites.events import library_events
from apps.movies.models import Credit, Movie
from apps.preferences.models import UserPreference
from apps.recommendations.catalogue import Catalogue, incidence
from apps.recommendations.engines.contract import Dataset, FloatArray, IntArray, Profiles
from apps.recommendations.signals import Signal, signals_of

LEADS = 5  # billed cast that tells films apart; beyond it come people who are in everything


@dataclass(frozen=True)
class TrainingData:
    """What a training run reads: the arrays, the catalogue they speak of, and whose doings they are."""

    dataset: Dataset
    catalogue: Catalogue
    users_by_kind: dict[str, int]

    @property
    def fingerprint(self) -> str:
        """Of all that a model holds of the tables: equal data, equal fingerprint."""
        dataset, films = self.dataset, self.catalogue
        cells = dataset.profiles.interactions
        tables = dataset.profiles.genres, dataset.item_genres, dataset.item_tags
        digest = hashlib.sha256()
        for array in (
            dataset.item_ids,
            dataset.item_popularity,
            dataset.profiles.timestamps,
            *(cells.indptr, cells.indices, cells.data),
            *(part for table in tables for part in (table.indptr, table.indices)),
            *(films.genre_ids, films.year, films.runtime, films.vote, films.adult, films.language),
        ):
            digest.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        digest.update(repr(dataset.item_texts).encode())
        return digest.hexdigest()


def training_data() -> TrainingData:
    """All users who did something, all films, in a fixed number of queries."""
    catalogue = Catalogue.from_tables()
    films = set(catalogue.item_ids.tolist())  # those that arrived since are the next run's
    signals = {key: signal for key, signal in signals_of(library_events()).items() if key[1] in films}
    user_ids = np.unique(np.array([user_id for user_id, _ in signals], dtype=np.int64))
    popularity, texts = _popularity_and_texts(catalogue.item_ids)
    dataset = Dataset(
        profiles=_profiles(signals, user_ids, catalogue),
        item_genres=catalogue.item_genres,
        item_tags=_item_tags(catalogue.item_ids),
        item_popularity=popularity,
        item_texts=texts,
        item_ids=catalogue.item_ids,
    )
    return TrainingData(dataset, catalogue, User.objects.count_by_kind(user_ids.tolist()))


def _profiles(signals: dict[tuple[int, int], Signal], user_ids: IntArray, catalogue: Catalogue) -> Profiles:
    keys = np.array(list(signals), dtype=np.int64).reshape(-1, 2)
    rows, columns = np.searchsorted(user_ids, keys[:, 0]), np.searchsorted(catalogue.item_ids, keys[:, 1])
    confidence = np.array([signal.confidence for signal in signals.values()], dtype=np.float32)
    moments = np.array([signal.at.timestamp() for signal in signals.values()], dtype=np.float64)
    order = np.lexsort((columns, rows))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(user_ids)))))
    shape = (len(user_ids), len(catalogue.item_ids))
    return Profiles(
        interactions=csr_matrix((confidence[order], columns[order], indptr), shape=shape),
        timestamps=moments[order],
        genres=_said_of_genres(user_ids, catalogue),
    )


def _said_of_genres(user_ids: IntArray, catalogue: Catalogue) -> csr_matrix:
    liked = UserPreference.liked_genres.through.objects.filter(userpreference_id__in=user_ids.tolist())
    pairs = np.array(list(liked.values_list("userpreference_id", "genre__tmdb_id")), dtype=np.int64).reshape(-1, 2)
    order = np.argsort(catalogue.genre_ids)
    said = incidence(user_ids, catalogue.genre_ids[order], pairs[:, 0], pairs[:, 1])
    return said[:, np.argsort(order)]


def _popularity_and_texts(item_ids: IntArray) -> tuple[FloatArray, list[str]]:
    rows = Movie.objects.values_list("pk", "popularity", "overview")
    films = {pk: (popularity, overview) for pk, popularity, overview in rows}
    told = [films.get(pk, (0.0, "")) for pk in item_ids.tolist()]
    return np.array([popularity for popularity, _ in told], dtype=np.float32), [text for _, text in told]


def _item_tags(item_ids: IntArray) -> csr_matrix:
    """Keywords, directors and leading cast, side by side."""
    people = Credit.objects.filter(kind=Credit.Kind.CREW) | Credit.objects.filter(order__lt=LEADS)
    pairs = sorted(
        (film, f"{kind} {tag}")
        for kind, rows in (
            ("keyword", Movie.keywords.through.objects.values_list("movie_id", "keyword_id")),
            ("person", people.values_list("movie_id", "person_id").distinct()),
        )
        for film, tag in rows
    )
    names = sorted({name for _, name in pairs})
    place = {name: column for column, name in enumerate(names)}
    rows = np.array([film for film, _ in pairs], dtype=np.int64)
    columns = np.array([place[name] for _, name in pairs], dtype=np.int64)
    return incidence(item_ids, np.arange(len(names)), rows, columns)
