"""Brings the simulated community into the tables, and one account to look at it with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.models import Favorite, Rating, ViewingHistory
from apps.favorites.services import entry_set
from apps.favorites.simulation import Viewings, simulate
from apps.movies.demo import demo_films
from apps.movies.models import Movie
from utils.text import email_key

N_VIEWERS = 400
SEED = 20_26
FAVORITE_FROM = 8.5  # a simulated viewer favorites what it rates so high

# TMDb ids of films that everybody knows, so that what is popular in the demo looks like it.
# fmt: off
FAMOUS = {
    11, 12, 13, 85, 98, 105, 120, 122, 129, 155, 194, 238, 240, 274, 278, 280, 289, 329, 348, 424, 510, 539,
    550, 578, 597, 598, 601, 603, 620, 630, 680, 694, 769, 771, 807, 857, 862, 1366, 1891, 8587, 10681, 14160,
    19995, 24428, 27205, 76341, 109445, 157336, 244786,
}
# fmt: on

DEMO_EMAIL = "demo@marquee.example"
DEMO_PASSWORD = "marquee-demo-login"  # noqa: S105  # known to all; made only where asked for, on a developer's machine
DEMO_FAVORITES = [603, 78, 348, 62]  # The Matrix, Blade Runner, Alien, 2001: A Space Odyssey


@transaction.atomic
def demo_community_load() -> int:
    """Add the simulated viewers and all they did, once; how many viewers were added."""
    if User.objects.filter(kind=User.Kind.SIMULATED).exists():
        return 0
    films = demo_films()
    famous = [place for place, film in enumerate(films) if film["tmdb_id"] in FAMOUS]
    viewings = simulate(_features(films), n_viewers=N_VIEWERS, seed=SEED, famous=famous)
    viewers = User.objects.bulk_create(_viewer(number) for number in range(1, N_VIEWERS + 1))
    pks = dict(Movie.objects.values_list("tmdb_id", "pk"))
    _record(viewings, viewers, [pks[film["tmdb_id"]] for film in films])
    return len(viewers)


@transaction.atomic
def demo_login_make() -> None:
    """An account with four favorites, whose password everybody knows."""
    if User.objects.filter(email_key=email_key(DEMO_EMAIL)).exists():
        return
    user = User.objects.create_user(DEMO_EMAIL, DEMO_PASSWORD, display_name="Demo")
    for tmdb_id in DEMO_FAVORITES:
        entry_set(Favorite, user=user, tmdb_id=tmdb_id)


def _viewer(number: int) -> User:
    user = User(
        kind=User.Kind.SIMULATED, alias=f"demo:{number}", display_name=f"Simulated viewer {number}", is_active=False
    )
    user.set_unusable_password()
    return user


def _features(films: list[dict[str, list[str]]]) -> np.ndarray:
    """(n_films, n_genres + n_keywords), 0 or 1."""
    tags = [set(film["genres"]) | set(film["keywords"]) for film in films]
    names = sorted(set.union(*tags))
    return np.array([[float(name in of_film) for name in names] for of_film in tags])


def _record(viewings: Viewings, viewers: list[User], movie_pks: list[int]) -> None:
    """Every viewing as history and rating, the best as favorites too."""
    rows = list(_rows(viewings, viewers, movie_pks))
    ViewingHistory.objects.bulk_create(
        ViewingHistory(user=user, movie_id=movie, watched_at=at, created_at=at, source=ViewingHistory.Source.SIMULATED)
        for user, movie, _, at in rows
    )
    Rating.objects.bulk_create(
        Rating(user=user, movie_id=movie, value=value, created_at=at, updated_at=at) for user, movie, value, at in rows
    )
    Favorite.objects.bulk_create(
        Favorite(user=user, movie_id=movie, created_at=at, updated_at=at)
        for user, movie, value, at in rows
        if value >= FAVORITE_FROM
    )


def _rows(viewings: Viewings, viewers: list[User], movie_pks: list[int]) -> Iterator[tuple[User, int, float, datetime]]:
    now = timezone.now()
    columns = (viewings.viewer, viewings.film, viewings.value, viewings.days_ago)
    for viewer, film, value, days_ago in zip(*(column.tolist() for column in columns), strict=True):
        yield viewers[viewer], movie_pks[film], value, now - timedelta(days=days_ago)
