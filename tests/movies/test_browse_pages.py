"""Our pages out of TMDb's, which have 20 films, end at 500 and move while one reads them."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.movies.lists import list_refresh
from apps.movies.models import ListEntry
from tests.movies.listing import listed
from utils.tmdb_client import tmdb as client

pytestmark = pytest.mark.django_db


@pytest.fixture
def still(tmdb):
    tmdb.api.moving = False
    return tmdb


def pages_asked(tmdb, path):
    return [int(request.query["page"]) for request in tmdb.requests if request.path == f"/3{path}"]


def all_of(fetch, pages):
    return [film.tmdb_id for page in range(1, pages + 1) for film in fetch(page).results]


@pytest.mark.parametrize(
    ("page", "per_page", "theirs"),
    [
        (1, 20, [1]),
        (3, 20, [3]),
        (1, 100, [1, 2, 3, 4, 5]),
        (2, 100, [6, 7, 8, 9, 10]),
        (2, 30, [2, 3]),
        (2, 50, [3, 4, 5]),
        (3, 7, [1, 2]),
        (40, 1, [2]),
    ],
)
def test_a_page_is_put_together_from_the_pages_of_tmdb_that_it_covers(anonymous, still, page, per_page, theirs):
    films = listed(anonymous, "discover/", page=page, per_page=per_page)
    assert sorted(pages_asked(still, "/discover/movie")) == theirs
    everything = all_of(lambda number: client().discover({}, number), 15)
    assert films == everything[(page - 1) * per_page : page * per_page]


def test_leafing_through_shows_every_film_once(anonymous, still):
    pages = [listed(anonymous, "discover/", page=page, per_page=30) for page in range(1, 12)]
    films = [film for page in pages for film in page]
    assert films == all_of(lambda number: client().discover({}, number), 15)


@pytest.mark.parametrize("path", ["discover/", "search/?query=the", "5/similar/", "popular/", "upcoming/"])
def test_a_page_past_the_end_is_empty_and_knows_the_total(anonymous, still, path):
    more = "&" if "?" in path else "?"
    total = anonymous.get(f"/api/v1/movies/{path}").json()["pagination"]["total"]
    beyond = anonymous.get(f"/api/v1/movies/{path}{more}page=499").json()
    assert (beyond["data"], beyond["pagination"]["total"]) == ([], total)
    furthest = anonymous.get(f"/api/v1/movies/{path}{more}page=1000000&per_page=100").json()
    assert (furthest["data"], furthest["pagination"]["total"]) == ([], total)


def endless(tmdb, path):
    """A list of which TMDb says that it has 57,004 pages, as it does of what is popular."""
    results = [{"id": tmdb_id, "title": f"Film {tmdb_id}", "genre_ids": []} for tmdb_id in range(1, 21)]
    tmdb.answer(path, 200, {"page": 1, "results": results, "total_pages": 57_004, "total_results": 1_140_071})


@pytest.mark.parametrize(
    ("page", "per_page", "asked"),
    [(500, 20, [500]), (100, 100, [496, 497, 498, 499, 500]), (334, 30, [500]), (501, 20, [1]), (101, 100, [1])],
)
def test_ten_thousand_films_of_a_question_can_be_had_and_no_page_is_asked_for_that_tmdb_refuses(
    anonymous, still, page, per_page, asked
):
    endless(still, "/discover/movie")
    answer = anonymous.get("/api/v1/movies/discover/", {"page": page, "per_page": per_page}).json()
    assert answer["pagination"]["total"] == 10_000
    assert sorted(pages_asked(still, "/discover/movie")) == asked
    assert bool(answer["data"]) == (asked != [1])


def test_a_list_has_five_hundred_films_at_most(anonymous, still):
    endless(still, "/movie/popular")
    assert anonymous.get("/api/v1/movies/popular/").json()["pagination"]["total"] == 500
    assert listed(anonymous, "popular/", page=26) == []
    assert max(pages_asked(still, "/movie/popular")) == 1


@pytest.mark.parametrize("path", ["popular/", "trending/", "top-rated/"])
def test_a_list_that_moves_while_it_is_read_gives_no_film_twice(anonymous, tmdb, path):
    listed(anonymous, path)  # a first sight of it, on its own
    with time_machine.travel(timezone.now() + timedelta(seconds=15)):
        listed(anonymous, path)  # now it is read whole
        listed(anonymous, path)
        films = [film for page in range(1, 16) for film in listed(anonymous, path, page=page)]
        total = anonymous.get(f"/api/v1/movies/{path}").json()["pagination"]["total"]
    assert len(films) == len(set(films)) == total > 50


def test_one_page_of_a_question_that_moves_gives_no_film_twice(anonymous, tmdb):
    for page in (1, 2):
        films = listed(anonymous, "discover/", page=page, per_page=100)
        assert len(films) == len(set(films)) > 90


def test_a_list_seen_whole_is_served_without_a_request_until_it_falls_due(anonymous, still):
    list_refresh(ListEntry.Name.POPULAR, client())
    made_at = timezone.now()
    asked = still.calls("/movie/popular")
    films = listed(anonymous, "popular/", page=2, per_page=100)
    assert still.calls("/movie/popular") == asked
    still.edit(films[0], popularity=100_000.0)
    with time_machine.travel(made_at + timedelta(seconds=3600 * 1.2)):
        stale = anonymous.get("/api/v1/movies/popular/?page=2&per_page=100").json()
        assert ([film["tmdb_id"] for film in stale["data"]], stale["meta"]["stale"]) == (films, True)
        assert still.calls("/movie/popular") == asked * 2
        fresh = anonymous.get("/api/v1/movies/popular/?page=2&per_page=100").json()
        assert (fresh["meta"]["stale"], fresh["meta"]["age"]) == (False, 0)
        assert films[0] not in [film["tmdb_id"] for film in fresh["data"]]
        assert listed(anonymous, "popular/")[0] == films[0]


@pytest.mark.parametrize("path", ["popular/", "trending/", "top-rated/", "now-playing/", "upcoming/"])
def test_a_list_seen_whole_is_in_the_order_in_which_it_was_first_seen(anonymous, still, path):
    first = listed(anonymous, path)
    with time_machine.travel(timezone.now() + timedelta(seconds=15)):
        listed(anonymous, path)
        assert listed(anonymous, path) == first


def test_a_list_is_read_whole_once_whichever_of_its_pages_are_asked_for(anonymous, still):
    for page in (1, 2, 3):
        listed(anonymous, "popular/", page=page)
    assert still.calls("/movie/popular") == 3
    with time_machine.travel(timezone.now() + timedelta(seconds=15)):
        for page in (1, 2, 3):
            listed(anonymous, "popular/", page=page)
            listed(anonymous, "popular/", page=page)
    whole = len(all_of(lambda number: client().listing("popular", number), 15))
    assert whole > 100
    assert still.calls("/movie/popular") - 15 == 3 + 15
