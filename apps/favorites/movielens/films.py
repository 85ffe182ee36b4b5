"""The films of a download into the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from django.db import transaction

from apps.favorites.movielens.files import Download
from apps.favorites.movielens.report import Report
from apps.favorites.movielens.rows import FilmRow, read_films, read_links
from apps.favorites.movielens.titles import parse_title
from apps.movies.genres import genres_by_name
from apps.movies.models import Genre, Movie, Source

BATCH = 2_000
TMDB_NAMES = {"Children's": "Family", "Children": "Family", "Sci-Fi": "Science Fiction", "Musical": "Music"}


class Film(NamedTuple):
    row: FilmRow
    tmdb_id: int
    imdb_id: str


def films_load(download: Download, report: Report, read: Callable[[int], None]) -> dict[int, int]:
    """See that the catalogue has every film with a TMDb id; primary keys by MovieLens id, those of doubles too."""
    links = {link.movielens_id: link for link in read_links(download.links, report.pass_over)}
    genres = genres_by_name()
    listed: dict[int, list[int]] = {}  # TMDb id -> MovieLens ids
    pks: dict[int, int] = {}
    for batch in read_films(download.movies, report.pass_over).batches(BATCH, read):
        films = []
        for row in batch:
            link = links.get(row.movielens_id)
            if link is None or link.tmdb_id is None:
                report.leave_out(row)
            elif link.tmdb_id in listed:
                report.double(row, first=listed[link.tmdb_id][0], tmdb_id=link.tmdb_id)
                listed[link.tmdb_id].append(row.movielens_id)
            else:
                listed[link.tmdb_id] = [row.movielens_id]
                films.append(Film(row, link.tmdb_id, link.imdb_id))
        pks |= _batch_load(films, genres, report)
    return {movielens_id: pks[tmdb_id] for tmdb_id, ids in listed.items() for movielens_id in ids}


def _batch_load(films: Sequence[Film], genres: dict[str, Genre], report: Report) -> dict[int, int]:
    """Add what the catalogue lacks, with its genres; a film that it has keeps its own data. Keys by TMDb id."""
    with transaction.atomic():
        known = _pks(films)
        missing = [film for film in films if film.tmdb_id not in known]
        Movie.objects.bulk_create([_movie(film) for film in missing], ignore_conflicts=True)
        pks = _pks(films)
        Movie.genres.through.objects.bulk_create(
            [
                Movie.genres.through(movie_id=pks[film.tmdb_id], genre_id=pk)
                for film in missing
                for pk in _genre_pks(film, genres, report)
            ],
            ignore_conflicts=True,
        )
    report.films_known += len(known)
    report.films_added += len(missing)
    return pks


def _pks(films: Sequence[Film]) -> dict[int, int]:
    return dict(Movie.objects.filter(tmdb_id__in=[film.tmdb_id for film in films]).values_list("tmdb_id", "pk"))


def _movie(film: Film) -> Movie:
    title = parse_title(film.row.title)
    movie = Movie(
        tmdb_id=film.tmdb_id,
        imdb_id=film.imdb_id,
        title=title.main[:300],
        release_date=date(title.year, 1, 1) if title.year else None,
        only_year_known=title.year is not None,
        # None of them is called the original one: of those in ml-latest-small 580 of 1,066 are, the others are
        # translations, transliterations and working titles.
        other_titles=[other[:300] for other in title.others],
        source=Source.MOVIELENS,
    )
    movie.set_search_text()
    return movie


def _genre_pks(film: Film, genres: dict[str, Genre], report: Report) -> set[int]:
    found = {label: genres.get(TMDB_NAMES.get(label, label)) for label in film.row.genres}
    report.genres_unknown.update(label for label, genre in found.items() if genre is None)
    return {genre.pk for genre in found.values() if genre}
