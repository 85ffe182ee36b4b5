"""Two camps of films and the people who like them, in the tables: the same rows with the same keys every time."""

import random
from datetime import UTC, date, datetime, timedelta

import numpy as np

from apps.authentication.models import User
from apps.favorites.models import Favorite, HiddenMovie
from apps.movies.models import Availability, Genre, Keyword, Movie, Provider, Release

N_FILMS = 80
N_USERS = 24
LIKES_EACH = 8
UNLIKED = (70, 71, 72, 73, 74, 75, 76, 77, 78, 79)  # films that nobody in the community has touched
FIRST_PK = 1_000_000  # out of the way of the sequences
GENRES = {18: "Drama", 28: "Action", 35: "Comedy", 878: "Science Fiction"}
RATINGS = {"US": ("G", "PG", "PG-13", "R", "NC-17"), "DE": ("0", "6", "12", "16", "18")}  # the mildest first
PROVIDERS = (8, 9, 337)
CAMP_GENRES = (18, 28)  # by camp: film n and user n belong to camp n % 2
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def tmdb_id_of(film):
    return film + 1


def settle():
    """Write the community; returns its films in order."""
    rng = np.random.default_rng(7)
    films = [_film(number, rng) for number in range(N_FILMS)]
    Movie.objects.bulk_create(films)
    genres = Genre.objects.bulk_create(
        [Genre(pk=FIRST_PK + tmdb_id, tmdb_id=tmdb_id, name=name) for tmdb_id, name in GENRES.items()]
    )
    _tag(films, {genre.tmdb_id: genre for genre in genres}, rng)
    _like(films, rng)
    _sell(films, random.Random(7))
    return films


def _film(number, rng):
    film = Movie(
        pk=FIRST_PK + number,
        tmdb_id=tmdb_id_of(number),
        title=f"Film {number}",
        release_date=date(int(rng.integers(1950, 2026)), 6, 15) if number % 11 else None,
        runtime=int(rng.integers(60, 200)) if number % 7 else None,
        vote_average=round(float(rng.uniform(3, 9.5)), 1),
        popularity=float(rng.uniform(0, 100)),
        language=str(rng.choice(["en", "fr", "ja", ""], p=[0.5, 0.3, 0.15, 0.05])),
        adult=number % 13 == 5,
    )
    film.set_search_text()
    return film


def _tag(films, genres, rng):
    """The camp's genre for every film but the last, and now and then another; a keyword for each camp."""
    told = {
        (film.pk, genres[genre].pk)
        for number, film in enumerate(films[:-1])
        for genre in {CAMP_GENRES[number % 2], *rng.choice([35, 878], size=rng.integers(0, 3), replace=False).tolist()}
    }
    through = Movie.genres.through
    through.objects.bulk_create([through(movie_id=film, genre_id=genre) for film, genre in sorted(told)])
    keywords = Keyword.objects.bulk_create(
        [Keyword(pk=FIRST_PK + number, name=name) for number, name in enumerate(("quiet", "loud"))]
    )
    through = Movie.keywords.through
    through.objects.bulk_create(
        [through(movie=film, keyword=keywords[number % 2]) for number, film in enumerate(films[:-1])]
    )


def _sell(films, rng):
    """In each country at most two ratings and a few offers for a film, some of them for money."""
    providers = Provider.objects.bulk_create([Provider(tmdb_id=tmdb_id, name=str(tmdb_id)) for tmdb_id in PROVIDERS])
    releases, offers = [], []
    for film in films:
        for country, ratings in RATINGS.items():
            told = rng.choices([*ratings, "NR", ""], k=rng.choice([0, 1, 1, 1, 2]))
            releases += [Release(movie=film, country=country, kind=3, certification=rating) for rating in told]
            sellers = [(provider, kind) for provider in providers for kind in Availability.Kind.values]
            offers += [
                Availability(movie=film, country=country, provider=provider, kind=kind)
                for provider, kind in rng.sample(sellers, rng.choice([0, 0, 1, 2, 3]))
            ]
    Release.objects.bulk_create(releases)
    Availability.objects.bulk_create(offers)


def _like(films, rng):
    users = User.objects.bulk_create(
        [User(kind=User.Kind.SIMULATED, alias=f"camper:{n}", is_active=False, password="!") for n in range(N_USERS)]
    )
    touched = [number for number in range(N_FILMS) if number not in UNLIKED]
    likes, hidden = [], []
    for number, user in enumerate(users):
        own = [film for film in touched if film % 2 == number % 2]
        other = [film for film in touched if film % 2 != number % 2]
        for film in rng.choice(own, size=LIKES_EACH, replace=False):
            at = BEGINNING + timedelta(hours=int(rng.integers(0, 24 * 90)))
            likes.append(Favorite(user=user, movie=films[film], created_at=at, updated_at=at))
        disliked = films[int(rng.choice(other))]
        hidden.append(HiddenMovie(user=user, movie=disliked, created_at=BEGINNING, updated_at=BEGINNING))
    Favorite.objects.bulk_create(likes)
    HiddenMovie.objects.bulk_create(hidden)
