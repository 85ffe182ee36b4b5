"""What TMDb tells us, as rows: records in, bulk upserts out. Twice is the same as once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.movies.bulk import adopt, batches, link, upsert
from apps.movies.models import (
    Credit,
    Genre,
    Keyword,
    ListEntry,
    Movie,
    Person,
    Provider,
    Source,
)
from apps.movies.tmdb_facts import TMDB_GENRES
from apps.movies.tmdb_parts import JOBS_KEPT, parts_forget, parts_store
from utils.database import no_statement_timeout
from utils.tmdb_client.records import GenreRecord, MovieDetails, MovieSummary, PersonDetails

SUMMARY_COLUMNS = [
    "title",
    "original_title",
    "overview",
    "release_date",
    "only_year_known",
    "language",
    "popularity",
    "vote_average",
    "vote_count",
    "adult",
    "poster_path",
    "backdrop_path",
    "search_text",
    "source",
    "fetched_at",
    "missing_since",
    "gone_at",
    "updated_at",
]
DETAIL_COLUMNS = ["imdb_id", "runtime", "status", "tagline", "collection", "countries", "other_titles", "detailed_at"]


def genres_store(records: Iterable[GenreRecord]) -> None:
    """Upsert genres."""
    upsert(Genre, [Genre(tmdb_id=record.tmdb_id, name=record.name) for record in records], ["name"])


def summaries_store(summaries: Iterable[MovieSummary]) -> dict[int, int]:
    """Upsert films as lists tell of them; the primary key of each by TMDb id."""
    films = list(summaries)
    with transaction.atomic():
        return _films_store(films, [_film(summary) for summary in films], SUMMARY_COLUMNS)


def details_store(details: Sequence[MovieDetails]) -> dict[int, int]:
    """Upsert films with all that TMDb tells of them; the primary key of each by TMDb id.

    A part that an answer did not carry stays as it was.
    """
    with transaction.atomic():
        genres_store({genre.tmdb_id: genre for film in details for genre in film.genres}.values())
        rows = [_detailed_film(film) for film in details]
        pks = _films_store([film.summary for film in details], rows, SUMMARY_COLUMNS + DETAIL_COLUMNS)
        parts_store({pks[film.summary.tmdb_id]: film for film in details})
    return pks


def person_store(record: PersonDetails) -> Person:
    """Upsert a person, with films and parts of theirs that we had not heard of."""
    person = Person(
        tmdb_id=record.tmdb_id,
        name=record.name,
        biography=record.biography,
        birthday=record.birthday,
        deathday=record.deathday,
        place_of_birth=record.place_of_birth,
        known_for=record.known_for[:60],
        profile_path=record.profile_path,
        detailed_at=timezone.now(),
    )
    columns = [field.name for field in Person._meta.concrete_fields if field.name not in {"id", "tmdb_id"}]
    crew = [(film, job) for film, job in record.crew if job in JOBS_KEPT]
    with transaction.atomic():
        pks = summaries_store({film.tmdb_id: film for film, _ in (*record.cast, *crew)}.values())
        adopt(Person, {record.tmdb_id: record.name})
        upsert(Person, [person], columns)
        person = Person.objects.get(tmdb_id=record.tmdb_id)
        parts = [
            Credit(movie_id=pks[film.tmdb_id], person=person, kind=kind, role=role, order=999)
            for kind, films in ((Credit.Kind.CAST, record.cast), (Credit.Kind.CREW, crew))
            for film, role in films
        ]
        Credit.objects.bulk_create(parts, ignore_conflicts=True)
    return person


def mark_gone(tmdb_id: int) -> None:
    """TMDb has the film no more: lists leave it out, libraries keep it."""
    Movie.objects.filter(tmdb_id=tmdb_id, source=Source.TMDB, gone_at=None).update(gone_at=timezone.now())


def blank(*, before: datetime) -> int:
    """Forget what TMDb told before then and has not confirmed since: all but ids. How many films had to be blanked.

    A film that a list has named since keeps what lists tell. Favorites, ratings and history stay; whoever looks at a
    blanked film has it read anew. In small transactions, since a request may want the same rows.
    """
    of_tmdb = Movie.objects.filter(source=Source.TMDB)
    whole = list(of_tmdb.filter(fetched_at__lt=before).order_by("tmdb_id").values_list("pk", flat=True))
    parts = of_tmdb.filter(fetched_at__gte=before, detailed_at__lt=before).order_by("tmdb_id")
    for pks in batches(whole):
        with transaction.atomic():
            films = Movie.objects.filter(pk__in=pks).order_by("tmdb_id").select_for_update()
            for pk, tmdb_id in films.values_list("pk", "tmdb_id"):
                Movie(pk=pk, tmdb_id=tmdb_id, title=f"TMDb {tmdb_id}", gone_at=timezone.now()).save()
            parts_forget(pks)
            for links in (Movie.genres.through, ListEntry):
                links._default_manager.filter(movie__in=pks).delete()
    for pks in batches(list(parts.values_list("pk", flat=True))):
        with transaction.atomic():
            unknown = {column: getattr(Movie(), column) for column in DETAIL_COLUMNS}
            Movie.objects.filter(pk__in=pks).update(**unknown)
            parts_forget(pks)
    _people_forget(before)
    return len(whole)


def _people_forget(before: datetime) -> None:
    with no_statement_timeout():
        Person.objects.filter(detailed_at__lt=before).update(
            biography="",
            birthday=None,
            deathday=None,
            place_of_birth="",
            known_for="",
            profile_path="",
            detailed_at=None,
        )
        # Whom no film names any more:
        Person.objects.filter(movies=None).exclude(tmdb_id=None).delete()
        Keyword.objects.filter(movies=None).exclude(tmdb_id=None).delete()
        Provider.objects.filter(availabilities=None).delete()


def _film(summary: MovieSummary) -> Movie:
    return Movie(
        tmdb_id=summary.tmdb_id,
        title=summary.title,
        original_title=summary.original_title,
        overview=summary.overview,
        release_date=summary.release_date,
        language=summary.language,
        popularity=summary.popularity,
        vote_average=summary.vote_average,
        vote_count=summary.vote_count,
        adult=summary.adult,
        poster_path=summary.poster_path,
        backdrop_path=summary.backdrop_path,
        other_titles=None,
        source=Source.TMDB,
        fetched_at=timezone.now(),
    )


def _detailed_film(details: MovieDetails) -> Movie:
    film = _film(details.summary)
    film.imdb_id = details.imdb_id
    film.runtime = details.runtime
    film.status = details.status[:30]
    film.tagline = details.tagline
    film.collection = details.collection
    film.countries = list(details.countries)
    film.other_titles = None if details.other_titles is None else list(details.other_titles)
    film.detailed_at = film.fetched_at
    return film


def _films_store(summaries: Sequence[MovieSummary], rows: Sequence[Movie], columns: list[str]) -> dict[int, int]:
    """Films and their genres, but for genres of which an answer did not speak."""
    # Genres before films, here as in details_store, and films before people everywhere: two writers that took their
    # rows in different orders would wait for each other forever.
    genre_pks = _genre_pks({genre for film in summaries for genre in film.genre_ids or ()})
    ids = [row.tmdb_id for row in rows]
    known = dict(Movie.objects.filter(tmdb_id__in=ids).values_list("tmdb_id", "other_titles"))
    for row in rows:
        if row.other_titles is None:  # not told
            row.other_titles = known.get(row.tmdb_id, [])
        row.set_search_text()
    upsert(Movie, rows, columns)
    stored = dict(Movie.objects.filter(tmdb_id__in=ids).values_list("tmdb_id", "pk"))
    pks = {tmdb_id: stored[tmdb_id] for tmdb_id in ids}
    told = {pks[film.tmdb_id]: film.genre_ids for film in summaries if film.genre_ids is not None}
    link(Movie.genres.through, "genre_id", told, genre_pks)
    return pks


def _genre_pks(tmdb_ids: Collection[int]) -> dict[int, int]:
    """Primary keys by TMDb id; a genre that TMDb has not named yet gets its number for a name."""
    known = dict(Genre.objects.filter(tmdb_id__in=tmdb_ids).values_list("tmdb_id", "pk"))
    unnamed = sorted(set(tmdb_ids) - known.keys())
    if not unnamed:
        return known
    Genre.objects.bulk_create(
        [Genre(tmdb_id=id_, name=TMDB_GENRES.get(id_, f"Genre {id_}")) for id_ in unnamed], ignore_conflicts=True
    )
    return dict(Genre.objects.filter(tmdb_id__in=tmdb_ids).values_list("tmdb_id", "pk"))
