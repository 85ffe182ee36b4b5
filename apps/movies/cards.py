"""Cards of films straight from their columns: through the fields of a serializer each took many times as long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Expression, QuerySet

from apps.movies.images import BACKDROP_SIZE, POSTER_SIZE, image_url
from apps.movies.models import Movie
from apps.movies.querysets import MovieQuerySet

COLUMNS = (
    *("tmdb_id", "title", "original_title", "overview", "release_date", "only_year_known", "runtime", "language"),
    *("popularity", "vote_average", "vote_count", "adult", "source", "poster_path", "backdrop_path"),
)


def card_of(movie: Movie) -> dict[str, Any]:
    """The card of a film that has been read; its genres are asked for where nobody has prefetched them."""
    genres = [{"id": genre.tmdb_id, "name": genre.name} for genre in movie.genres.all()]
    return _card(genres, *(getattr(movie, column) for column in COLUMNS)) | {"my": movie.my}


def cards_of(films: MovieQuerySet, **marks: Expression) -> dict[int, tuple[dict[str, Any], tuple[Any, ...]]]:
    """By primary key the card of each film and the values of ``marks``, in one query; ``my`` is null in all of them."""
    return cards_from(card_rows(films, **marks), len(marks))


def card_rows(films: MovieQuerySet, **marks: Expression) -> QuerySet[Any, Any]:
    """The query behind ``cards_of``: a row for each genre of each film."""
    wanted = ("pk", "genres__tmdb_id", "genres__name", *marks, *COLUMNS)
    rows: QuerySet[Any, Any] = films.annotate(**marks).order_by("pk", "genres__name").values_list(*wanted)
    return rows


def cards_from(rows: Iterable[tuple[Any, ...]], n_marks: int) -> dict[int, tuple[dict[str, Any], tuple[Any, ...]]]:
    """What its rows say."""
    cards = {}
    for pk, told in groupby(rows, key=itemgetter(0)):
        same = list(told)
        genres = [{"id": row[1], "name": row[2]} for row in same if row[1] is not None]
        values = same[0][3:]
        cards[pk] = _card(genres, *values[n_marks:]), values[:n_marks]
    return cards


def _card(
    genres: list[dict[str, Any]],
    tmdb_id: int,
    title: str,
    original_title: str,
    overview: str,
    release_date: Any,
    only_year_known: bool,
    runtime: int | None,
    language: str,
    popularity: float,
    vote_average: float,
    vote_count: int,
    adult: bool,
    source: str,
    poster_path: str,
    backdrop_path: str,
) -> dict[str, Any]:
    if isinstance(release_date, str):  # SQLite, where the rows are not Django's own, tells dates and truths its way
        release_date = date.fromisoformat(release_date)
    return {
        "tmdb_id": tmdb_id,
        "title": title,
        "original_title": original_title,
        "overview": overview,
        "year": release_date.year if release_date else None,
        "release_date": None if only_year_known or not release_date else release_date.isoformat(),
        "runtime": runtime,
        "language": language,
        "genres": genres,
        "popularity": popularity,
        "vote_average": vote_average,
        "vote_count": vote_count,
        "adult": bool(adult),
        "source": source,
        "poster_url": image_url(poster_path, POSTER_SIZE),
        "backdrop_url": image_url(backdrop_path, BACKDROP_SIZE),
        "my": None,
    }
