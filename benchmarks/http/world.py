"""A large catalogue, a crowd with tastes to learn from, and callers with a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from django.db import connection, models

from apps.authentication.models import User
from apps.authentication.sessions import session_open
from apps.favorites.models import Favorite
from apps.movies.models import Genre, Movie
from apps.recommendations.training import train
from benchmarks.http.callers import CALLER_LIKES, ENGINE
from benchmarks.http.vocabulary import GENRES, WORDS

TASTES = 40  # each film is of one, each person of three
CROWD_LIKES = 50
BATCH = 5_000


def world_build(*, n_films: int, n_crowd: int, n_callers: int) -> list[str]:
    """Fill an empty database and train two engines; the access tokens of the callers."""
    rng = np.random.default_rng(0)
    films = _films(n_films, rng)
    crowd, callers = _crowd(n_crowd), _callers(n_callers)
    likes = [*_likes(crowd, CROWD_LIKES, films, rng), *_likes(callers, CALLER_LIKES, films, rng)]
    Favorite.objects.bulk_create(likes, batch_size=BATCH)
    train(names=("popular", ENGINE), say=print)
    _analyze(Movie, Movie.genres.through, Favorite)
    return [session_open(caller).access for caller in callers]


def _films(n_films: int, rng: np.random.Generator) -> list[int]:
    """Their primary keys, the most popular first."""
    genres = [Genre(tmdb_id=place + 1, name=name) for place, name in enumerate(GENRES)]
    genre_pks = [genre.pk for genre in Genre.objects.bulk_create(genres)]
    films = [_film(place, rng) for place in range(n_films)]
    for film in films:
        film.set_search_text()
    pks = [film.pk for film in Movie.objects.bulk_create(films, batch_size=BATCH)]
    links = Movie.genres.through
    of_each = (rng.choice(genre_pks, size=rng.integers(1, 5), replace=False).tolist() for _ in pks)
    marks = [links(movie_id=pk, genre_id=genre) for pk, chosen in zip(pks, of_each, strict=True) for genre in chosen]
    links.objects.bulk_create(marks, batch_size=BATCH)
    return pks


def _film(place: int, rng: np.random.Generator) -> Movie:
    title = f"{' '.join(rng.choice(WORDS, 3)).capitalize()} {place}"
    return Movie(
        tmdb_id=100_000 + place,
        title=title,
        original_title=title,
        overview=" ".join(rng.choice(WORDS, rng.integers(30, 70))).capitalize() + ".",
        release_date=date(1950, 1, 1) + timedelta(days=int(rng.integers(0, 27_000))),
        runtime=int(rng.integers(70, 190)),
        language="en",
        popularity=round(500 / (place + 1) ** 0.6, 3),
        vote_average=round(float(rng.uniform(4, 9)), 1),
        vote_count=int(rng.integers(10, 20_000)),
        poster_path=f"/poster{place}abcdefghijklmnop.jpg",
        backdrop_path=f"/backdrop{place}abcdefghijklmn.jpg",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _crowd(count: int) -> list[User]:
    kind = User.Kind.SIMULATED
    return User.objects.bulk_create(
        User(kind=kind, alias=f"crowd:{number}", is_active=False) for number in range(count)
    )


def _callers(count: int) -> list[User]:
    """Without a password: their sessions are opened for them."""
    emails = [f"caller{number}@example.org" for number in range(count)]
    return User.objects.bulk_create(User(email=email, email_key=email) for email in emails)


def _likes(users: Sequence[User], each: int, films: Sequence[int], rng: np.random.Generator) -> Iterator[Favorite]:
    """Favourites, mostly of the user's tastes and mostly popular ones, an hour apart."""
    appeal = 1 / (np.arange(len(films)) + 20)
    tastes = np.arange(len(films)) % TASTES
    for user in users:
        drawn = appeal * np.where(np.isin(tastes, rng.choice(TASTES, 3, replace=False)), 1, 0.01)
        chosen = rng.choice(films, each, replace=False, p=drawn / drawn.sum())
        for hours, film in enumerate(chosen.tolist()):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
            yield Favorite(user=user, movie_id=film, created_at=at)


def _analyze(*tables: type[models.Model]) -> None:
    """What autovacuum does in a while."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table._meta.db_table}")
