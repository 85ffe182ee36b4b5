from datetime import UTC, datetime

import pytest

from apps.favorites.my_block import read_my_blocks
from apps.movies.lists import list_swap
from apps.movies.models import ListEntry
from apps.movies.overlays import attach_my
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)

pytestmark = pytest.mark.django_db

NOTHING = {"favorite": False, "rating": None, "watchlist": False, "watched": False, "watched_at": None, "hidden": False}
MAY, JUNE, JULY = (datetime(2025, month, 1, tzinfo=UTC) for month in (5, 6, 7))
ANSWERS = ["", "popular/", "trending/", "search/?query=solaris", "593/"]


@pytest.fixture(autouse=True)
def solaris(db):
    movie = MovieFactory(tmdb_id=593, title="Solaris")
    list_swap(ListEntry.Name.TRENDING_DAY, [movie.pk])
    return movie


def my(client, path="593/"):
    data = client.get(f"/api/v1/movies/{path}").json()["data"]
    return (data[0] if isinstance(data, list) else data)["my"]


@pytest.mark.parametrize("path", ANSWERS)
def test_an_anonymous_caller_has_none(anonymous, solaris, path):
    FavoriteFactory(movie=solaris)
    assert my(anonymous, path) is None


@pytest.mark.parametrize("path", ANSWERS)
def test_is_the_callers_own_wherever_a_film_is_shown(api, stranger, user, solaris, path):
    FavoriteFactory(user=user, movie=solaris)
    assert my(api, path) == NOTHING | {"favorite": True}
    assert my(stranger, path) == NOTHING


@pytest.mark.parametrize(
    ("factory", "values", "block"),
    [
        (FavoriteFactory, {}, {"favorite": True}),
        (RatingFactory, {"value": 0.5}, {"rating": 0.5}),
        (WatchlistItemFactory, {}, {"watchlist": True}),
        (HiddenMovieFactory, {}, {"hidden": True}),
        (ViewingFactory, {"watched_at": MAY}, {"watched": True, "watched_at": "2025-05-01T00:00:00Z"}),
        (ViewingFactory, {"watched_at": None, "created_at": MAY}, {"watched": True}),
        (ViewingFactory, {"watched_at": MAY, "progress": 0.9}, {"watched": True, "watched_at": "2025-05-01T00:00:00Z"}),
        (ViewingFactory, {"watched_at": MAY, "progress": 0.89}, {}),
    ],
)
def test_each_shelf_has_its_field(api, user, solaris, factory, values, block):
    factory(user=user, movie=solaris, **values)
    assert my(api) == NOTHING | block


@pytest.mark.parametrize("dates", [(JUNE, MAY), (MAY, JUNE)])
def test_watched_at_is_the_last_viewing_to_the_end(api, user, solaris, dates):
    for watched_at, progress in ((dates[0], 1), (JULY, 0.2), (dates[1], 1)):
        ViewingFactory(user=user, movie=solaris, watched_at=watched_at, progress=progress)
    assert my(api)["watched_at"] == "2025-06-01T00:00:00Z"


def test_all_of_it_at_once(api, user, solaris):
    for factory in (FavoriteFactory, RatingFactory, WatchlistItemFactory, HiddenMovieFactory):
        factory(user=user, movie=solaris)
    assert my(api) == NOTHING | {"favorite": True, "rating": 8, "watchlist": True, "hidden": True}


@pytest.mark.parametrize("n_films", [1, 100])
def test_reading_costs_one_query(user, django_assert_num_queries, n_films):
    films = MovieFactory.create_batch(n_films)
    FavoriteFactory(user=user, movie=films[0])
    FavoriteFactory(movie=films[0])
    with django_assert_num_queries(1):
        blocks = read_my_blocks(user.pk, [film.pk for film in films])
    assert [block["favorite"] for block in blocks.values()] == [True] + [False] * (n_films - 1)


def test_no_films_cost_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        attach_my(UserFactory.build(pk=1), [])
