"""The one adapter from tables to arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.sparse import csr_matrix

from apps.authentication.models import User
from apps.favorites.events import Event, EventKind, library_events
from apps.movies.models import Credit, Movie
from apps.preferences.models import UserPreference
from apps.recommendations.catalogue import Catalogue, incidence
from apps.recommendations.engines.contract import Dataset, FloatArray, IntArray, Profiles
from apps.recommendations.models import Feedback
from apps.recommendations.signals import Signal, as_cells, signals_of

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
    told = chain(library_events(), opened_events())
    signals = {key: signal for key, signal in signals_of(told).items() if key[1] in films}
    user_ids = np.unique(np.array([user_id for user_id, _ in signals], dtype=np.int64))
    item_ids = catalogue.item_ids
    popularity, titles, texts = _told_of(item_ids)
    crew, leads = _credits()
    dataset = Dataset(
        profiles=_profiles(signals, user_ids, catalogue),
        item_genres=catalogue.item_genres,
        item_keywords=_tags(item_ids, Movie.keywords.through.objects.values_list("movie_id", "keyword_id")),
        item_directors=_tags(item_ids, crew),
        item_cast=_tags(item_ids, leads),
        item_titles=titles,
        item_texts=texts,
        item_years=catalogue.year,
        item_languages=catalogue.language.tolist(),
        item_popularity=popularity,
        item_ids=item_ids,
    )
    return TrainingData(dataset, catalogue, User.objects.count_by_kind(user_ids.tolist()))


def opened_events() -> Iterator[Event]:
    """The films that people opened from a list, which says a little of what they like."""
    opened = Feedback.objects.filter(kind=Feedback.Kind.OPENED, user__isnull=False)
    for user_id, movie_id, at in opened.values_list("user_id", "movie_id", "created_at").iterator():
        yield Event(user_id, movie_id, EventKind.OPENED, 1.0, at)


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


def _credits() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(film, person) of the crew, and of the leading cast, in one query."""
    told = Credit.objects.filter(kind=Credit.Kind.CREW) | Credit.objects.filter(order__lt=LEADS)
    rows = list(told.values_list("kind", "movie_id", "person_id"))
    crew = [(film, person) for kind, film, person in rows if kind == Credit.Kind.CREW]
    return crew, [(film, person) for kind, film, person in rows if kind == Credit.Kind.CAST]


def _tags(item_ids: IntArray, pairs: Iterable[tuple[int, int]]) -> csr_matrix:
    """CSR (n_items, n_tags) from (film, tag) pairs, a column for each tag that any film has."""
    films, tags = np.array(list(pairs), dtype=np.int64).reshape(-1, 2).T
    return incidence(item_ids, np.unique(tags), films, tags)
