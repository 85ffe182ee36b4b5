from datetime import UTC, date, datetime

import pytest

from apps.movies.models import Movie
from tests.factories import GenreFactory, MovieFactory, RatingFactory, ViewingFactory, WatchlistItemFactory
from tests.favorites.answers import complaints
from tests.favorites.shelves import listed

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_films(user, shelf):
    """On the shelf in this order: an old horror film, a new comedy, one of which little is known."""
    horror, comedy = GenreFactory(tmdb_id=27), GenreFactory(tmdb_id=35)
    films = [
        MovieFactory(
            tmdb_id=1,
            title="Zulu",
            release_date=date(1979, 5, 25),
            runtime=117,
            language="de",
            genres=[horror],
        ),
        MovieFactory(tmdb_id=2, title="Amour", release_date=date(2020, 1, 1), runtime=90, genres=[comedy]),
        MovieFactory(tmdb_id=3, title="Lost", release_date=None, runtime=None, adult=True),
    ]
    for film in films:
        shelf.factory(user=user, movie=film)


@pytest.mark.parametrize(
    ("query", "films"),
    [
        ("ordering=created_at", [1, 2, 3]),
        ("ordering=-created_at", [3, 2, 1]),
        ("ordering=title", [2, 3, 1]),
        ("ordering=-title", [1, 3, 2]),
        ("ordering=-release_date", [2, 1, 3]),
        ("ordering=release_date", [1, 2, 3]),
        ("ordering=title&genres=27", [1]),
        ("ordering=title&genres=27|35", [2, 1]),
        ("ordering=title&without_genres=27", [2, 3]),
        ("ordering=title&year_gte=1980", [2]),
        ("ordering=title&runtime_lte=100", [2]),
        ("ordering=title&language=de", [1]),
    ],
)
def test_a_list_is_narrowed_and_ordered(api, shelf, three_films, query, films):
    assert listed(api, f"{shelf.path}?{query}") == films


def test_a_film_that_tmdb_has_no_more_stays_on_the_list_until_it_is_narrowed(api, user, shelf):
    shelf.factory(user=user)
    gone = shelf.factory(user=user).movie
    type(gone).objects.filter(pk=gone.pk).update(gone_at="2026-01-01T00:00:00Z")
    assert len(listed(api, shelf.path)) == 2
    assert gone.tmdb_id not in listed(api, f"{shelf.path}?vote_gte=0")


@pytest.mark.parametrize(
    "query", ["ordering=rating", "ordering=movie__search_text", "year_gte=x", "updated_since=never"]
)
def test_what_is_no_parameter_is_a_400(api, shelf, query):
    assert {code for _, code in complaints(api.get(f"{shelf.path}?{query}"))} <= {"invalid_choice", "invalid"}


def test_ratings_are_narrowed_and_ordered_by_value(api, user):
    for tmdb_id, value in ((1, 4.5), (2, 9), (3, 7)):
        RatingFactory(user=user, movie__tmdb_id=tmdb_id, value=value)
    assert listed(api, "/api/v1/ratings/?ordering=-value") == [2, 3, 1]
    assert listed(api, "/api/v1/ratings/?ordering=value&value_gte=7") == [3, 2]
    assert listed(api, "/api/v1/ratings/?ordering=value&value_lte=7") == [1, 3]
    assert complaints(api.get("/api/v1/ratings/?value_gte=7.3")) == {("value_gte", "not_a_half")}


def test_the_history_is_narrowed_by_film_and_time_and_ordered_by_it(api, user):
    films = {tmdb_id: MovieFactory(tmdb_id=tmdb_id) for tmdb_id in (1, 2, 3)}
    for tmdb_id, year in ((1, 2025), (2, 2026), (1, None), (3, 2024)):
        at = year and datetime(year, 5, 1, 12, tzinfo=UTC)
        ViewingFactory(user=user, watched_at=at, movie=films[tmdb_id])
    history = "/api/v1/history/"
    assert listed(api, f"{history}?ordering=-watched_at") == [2, 1, 3, 1]  # unknown last
    assert listed(api, f"{history}?ordering=watched_at") == [3, 1, 2, 1]
    assert listed(api, f"{history}?tmdb_id=1") == [1, 1]
    assert listed(api, f"{history}?ordering=watched_at&watched_gte=2025-01-01T00:00:00Z") == [1, 2]
    assert listed(api, f"{history}?watched_lte=2025-01-01T00:00:00Z") == [3]


def test_the_watchlist_is_in_its_own_order_unless_another_is_asked_for(api, user):
    for position, tmdb_id in ((3, 1), (1, 2), (2, 3)):
        WatchlistItemFactory(user=user, movie__tmdb_id=tmdb_id, position=position)
    assert listed(api, "/api/v1/watchlist/") == [2, 3, 1]
    assert listed(api, "/api/v1/watchlist/?ordering=created_at") == [1, 2, 3]


@pytest.mark.parametrize("n_entries", [10, 1000])
def test_a_narrowed_page_costs_five_queries_whatever_the_size(api, user, shelf, n_entries, django_assert_num_queries):
    films = Movie.objects.bulk_create(
        [Movie(tmdb_id=10_000 + n, title=f"Film {n}", release_date=date(2000, 1, 1)) for n in range(n_entries)]
    )
    rows = [
        shelf.model(user=user, movie=film, **shelf.values | ({"position": n} if shelf.name == "watchlist" else {}))
        for n, film in enumerate(films)
    ]
    shelf.model.objects.bulk_create(rows)
    with django_assert_num_queries(5):  # caller, count, page with its films, genres, my
        page = api.get(f"{shelf.path}?ordering=title&year_gte=1990").json()
    assert (len(page["data"]), page["pagination"]["total"]) == (min(20, n_entries), n_entries)
    assert page["data"][0]["movie"]["my"] is not None
