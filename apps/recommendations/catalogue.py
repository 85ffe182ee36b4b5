"""The catalogue as arrays: which films a caller may be shown, before any engine ranks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from apps.movies.models import Genre, Movie
from apps.movies.querysets import MovieFilter
from apps.recommendations.engines.contract import Array, BoolArray, FloatArray, IntArray
from apps.recommendations.tags import tags_of_films

UNKNOWN = -1
TOLD_OF_EACH_FILM = ("item_ids", "tmdb_ids", "year", "runtime", "vote", "adult", "language")


@dataclass(frozen=True)
class Catalogue:
    """The films of one training run by position, and what filters ask of them.

    item_ids: int64 (n_items,), our primary keys, ascending; tmdb_ids: the same films' TMDb ids.
    genre_ids: int64 (n_genres,), TMDb's; item_genres: CSR (n_items, n_genres) float32, 0 or 1.
    year, runtime: int64 (n_items,), UNKNOWN where TMDb does not say; vote: float32; adult: bool.
    language: (n_items,) of unicode.
    keyword_ids, crew_ids, lead_ids: int64, ours, ascending: the columns of a dataset's tags.
    """

    item_ids: IntArray
    tmdb_ids: IntArray
    genre_ids: IntArray
    item_genres: csr_matrix
    year: IntArray
    runtime: IntArray
    vote: FloatArray
    adult: BoolArray
    language: NDArray[np.str_]
    keyword_ids: IntArray
    crew_ids: IntArray
    lead_ids: IntArray

    @classmethod
    def from_tables(cls, *, after: int = 0, at_most: int | None = None) -> Self:
        """Of all films, or of the first so many whose key is above ``after``."""
        columns = ("pk", "tmdb_id", "release_date", "runtime", "vote_average", "adult", "language")
        films = list(Movie.objects.shown().filter(pk__gt=after).order_by("pk").values_list(*columns)[:at_most])
        ids, tmdb_ids, dates, runtimes, votes, adult, languages = (
            zip(*films, strict=True) if films else ((),) * len(columns)
        )
        item_ids = np.array(ids, dtype=np.int64)
        genre_pks, genre_ids = _columns(Genre.objects.order_by("pk").values_list("pk", "tmdb_id"))
        pairs = _columns(Movie.genres.through.objects.filter(movie_id__gt=after).values_list("movie_id", "genre_id"))
        keyword_ids, crew_ids, lead_ids = (np.unique(tagged[:, 1]) for tagged in tags_of_films(after=after))
        return cls(
            item_ids=item_ids,
            tmdb_ids=np.array(tmdb_ids, dtype=np.int64),
            genre_ids=genre_ids,
            item_genres=incidence(item_ids, genre_pks, *pairs),
            year=np.array([date.year if date else UNKNOWN for date in dates], dtype=np.int64),
            runtime=np.array([UNKNOWN if minutes is None else minutes for minutes in runtimes], dtype=np.int64),
            vote=np.array(votes, dtype=np.float32),
            adult=np.array(adult, dtype=bool),
            language=np.array(languages, dtype="U8"),
            keyword_ids=keyword_ids,
            crew_ids=crew_ids,
            lead_ids=lead_ids,
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def to_arrays(self) -> dict[str, Array]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def followed_by(self, newer: Catalogue) -> Self:
        """With these films, of higher keys, behind its own. Genres and tags that it does not know are passed over."""
        same_genre = csr_matrix((newer.genre_ids[:, None] == self.genre_ids).astype(np.float32))
        told = {name: np.concatenate((getattr(self, name), getattr(newer, name))) for name in TOLD_OF_EACH_FILM}
        item_genres = vstack([self.item_genres, newer.item_genres @ same_genre], format="csr")
        return replace(self, item_genres=item_genres, **told)

    def positions(self, movie_pks: NDArray[Any]) -> IntArray:
        """Where these films are, UNKNOWN for those that came later than the training."""
        return positions(self.item_ids, movie_pks)

    def among(self, movie_pks: Iterable[int]) -> BoolArray:
        """(n_items,): whether each film is one of these; they may hold others."""
        places = self.positions(np.fromiter(movie_pks, dtype=np.int64))
        found = np.zeros(len(self.item_ids), dtype=bool)
        found[places[places != UNKNOWN]] = True
        return found

    def called(self, tmdb_ids: Sequence[int]) -> IntArray:
        """The positions of the films with these TMDb ids, in no order; those that it does not have are left out."""
        return np.flatnonzero(np.isin(self.tmdb_ids, np.array(tmdb_ids, dtype=np.int64)))

    def passing(self, wanted: MovieFilter) -> BoolArray:
        """(n_items,): the films that ``MovieQuerySet.matching`` would find.

        Ratings and offers change every day: they are asked of the tables, in one query, where the filter limits them.
        """
        kept = self.matching(wanted)
        if wanted.limits_watching:
            kept &= self.among(Movie.objects.watchable(wanted).values_list("pk", flat=True))
        return kept

    def matching(self, wanted: MovieFilter) -> BoolArray:
        """(n_items,): the same without a look at the tables, which for ratings and offers is not enough."""
        kept = np.ones(len(self.item_ids), dtype=bool) if wanted.include_adult else ~np.asarray(self.adult)
        for values, least, most in (
            (self.year, wanted.year_gte, wanted.year_lte),
            (self.runtime, wanted.runtime_gte, wanted.runtime_lte),
            (self.vote, wanted.vote_gte, None),
        ):
            if least is not None:
                kept &= (values >= np.float32(least)) & (values != UNKNOWN)
            if most is not None:
                kept &= (values <= most) & (values != UNKNOWN)
        if wanted.languages:
            kept &= np.isin(self.language, wanted.languages)
        if wanted.without_genres:
            kept &= self._genre_counts(wanted.without_genres) == 0
        if wanted.genres:
            needed = len(wanted.genres.tmdb_ids) if wanted.genres.match_all else 1
            kept &= self._genre_counts(wanted.genres.tmdb_ids) >= needed
        return kept

    def genre_row(self, tmdb_ids: list[int]) -> csr_matrix:
        """(1, n_genres) float32 with a one for each of these genres."""
        places = np.flatnonzero(np.isin(self.genre_ids, tmdb_ids))
        ones = np.ones(len(places), dtype=np.float32)
        return csr_matrix((ones, places, [0, len(places)]), shape=(1, len(self.genre_ids)))

    def _genre_counts(self, tmdb_ids: tuple[int, ...]) -> FloatArray:
        return np.asarray(self.item_genres @ self.genre_row(list(tmdb_ids)).toarray()[0], dtype=np.float32)


def positions(ids: IntArray, wanted: NDArray[Any]) -> IntArray:
    """Where ``wanted`` are in ``ids``, which ascend; UNKNOWN for those that are not there."""
    if not len(ids):
        return np.full(len(wanted), UNKNOWN, dtype=np.int64)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[places] == wanted, places, UNKNOWN)


def incidence(row_ids: IntArray, column_ids: IntArray, rows: IntArray, columns: IntArray) -> csr_matrix:
    """CSR (n_rows, n_columns) float32 with a one for each (row id, column id) pair; both id lists ascend.

    A pair of ids that are not in the lists is left out: a film can arrive while the tables are being read.
    """
    places = np.stack([positions(row_ids, rows), positions(column_ids, columns)])
    places = places[:, (places != UNKNOWN).all(axis=0)]
    ones = np.ones(places.shape[1], dtype=np.float32)
    cells = csr_matrix((ones, tuple(places)), shape=(len(row_ids), len(column_ids)))
    cells.data[:] = 1  # a pair told twice is told once
    return cells


def _columns(rows: Any) -> tuple[IntArray, IntArray]:
    table = np.array(list(rows), dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
