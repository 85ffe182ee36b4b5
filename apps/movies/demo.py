"""The demo catalogue: well-known films as facts, each with a one-sentence synopsis written for Marquee."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.movies.genres import genres_by_name
from apps.movies.models import Credit, Keyword, Movie, Person, Source

FILMS = Path(__file__).parent / "data" / "demo_films.jsonl"


def demo_films() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILMS.read_text(encoding="utf-8").splitlines()]


@transaction.atomic
def demo_catalogue_load() -> int:
    """Add the demo films that are not there yet; how many those were."""
    known = set(Movie.objects.values_list("tmdb_id", flat=True))
    films = [film for film in demo_films() if film["tmdb_id"] not in known]
    movies = {film["tmdb_id"]: _movie(film) for film in films}
    Movie.objects.bulk_create(movies.values())
    _link(Movie.genres.through, "genre", films, "genres", movies, genres_by_name())
    keywords = _by_name(Keyword, (name for film in films for name in film["keywords"]))
    _link(Movie.keywords.through, "keyword", films, "keywords", movies, keywords)
    people = _by_name(Person, (name for film in films for name, _, _ in _parts(film)))
    Credit.objects.bulk_create(
        Credit(movie=movies[film["tmdb_id"]], person=people[name], kind=kind, role=role, order=order)
        for film in films
        for order, (name, kind, role) in enumerate(_parts(film))
    )
    return len(films)


def _movie(film: dict[str, Any]) -> Movie:
    movie = Movie(
        tmdb_id=film["tmdb_id"],
        imdb_id=film["imdb_id"],
        title=film["title"],
        original_title=film["original_title"],
        overview=film["synopsis"],
        release_date=date.fromisoformat(film["release_date"]),
        runtime=film["runtime"],
        language=film["language"],
        countries=film["countries"],
        source=Source.DEMO,
    )
    movie.set_search_text()
    return movie


def _parts(film: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, kind, role) of the leading cast, then of the directors."""
    cast = [(name, Credit.Kind.CAST, role) for name, role in film["cast"]]
    return cast + [(name, Credit.Kind.CREW, "Director") for name in film["directors"]]


def _by_name(model: type[Any], names: Iterable[str]) -> dict[str, Any]:
    """Rows by name, made where they are missing. The demo knows no TMDb ids of people and keywords."""
    wanted = set(names)
    rows = {row.name: row for row in model.objects.filter(name__in=wanted)}
    made = model.objects.bulk_create(model(name=name) for name in sorted(wanted - rows.keys()))
    return rows | {row.name: row for row in made}


def _link(
    through: type[Any],
    column: str,
    films: list[dict[str, Any]],
    key: str,
    movies: dict[int, Movie],
    rows: dict[str, Any],
) -> None:
    through.objects.bulk_create(
        through(movie=movies[film["tmdb_id"]], **{column: rows[name]})
        for film in films
        for name in dict.fromkeys(film[key])
    )
