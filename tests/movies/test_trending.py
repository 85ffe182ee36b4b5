from datetime import UTC, datetime

import pytest
import time_machine

from apps.movies.models import ListEntry
from tests.factories import MovieFactory
from tests.movies.listing import listed, refused

pytestmark = pytest.mark.django_db


def test_each_window_has_its_own_list_in_its_own_order(anonymous, trending):
    films = [MovieFactory(tmdb_id=tmdb_id) for tmdb_id in (1, 2, 3)]
    trending([films[2], films[0]])
    trending(films[::-1], ListEntry.Name.TRENDING_WEEK)
    assert listed(anonymous, "trending/") == listed(anonymous, "trending/", window="day") == [3, 1]
    assert listed(anonymous, "trending/", window="week") == [3, 2, 1]


def test_a_new_list_replaces_the_old_one_whole(anonymous, trending):
    old, new = MovieFactory(tmdb_id=1), MovieFactory(tmdb_id=2)
    trending([old, new])
    trending([new])
    assert listed(anonymous, "trending/") == [2]


def test_says_when_the_list_was_made(anonymous, trending):
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        trending([MovieFactory()])
    meta = anonymous.get("/api/v1/movies/trending/").json()["meta"]
    assert meta == {
        "source": "local",
        "simulated": False,
        "computed_at": "2026-03-01T12:00:00Z",
        "age": 0,
        "stale": False,
    }


def test_before_anything_has_happened_the_list_is_empty_and_undated(anonymous):
    answer = anonymous.get("/api/v1/movies/trending/").json()
    assert answer["data"] == []
    assert answer["pagination"]["total"] == 0
    assert answer["meta"]["computed_at"] is None


def test_adult_films_do_not_trend(anonymous, trending):
    trending([MovieFactory(adult=True), MovieFactory(tmdb_id=2)])
    assert listed(anonymous, "trending/") == [2]


def test_there_is_no_other_window(anonymous):
    assert refused(anonymous, "trending/", window="year") == [("window", "invalid_choice")]
