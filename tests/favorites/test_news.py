"""What a client hears that comes back from time to time."""

import pytest

from apps.favorites.models import Removal
from tests.conftest import signed_in
from tests.factories import PASSWORD, MovieFactory, UserFactory
from tests.favorites.answers import version_of
from tests.favorites.shelves import listed

ACTIVITIES = "/api/v1/library/last-activities/"
EVER = "1970-01-01T00:00:00Z"

pytestmark = pytest.mark.django_db


def news(client, path, since):
    answer = client.get(path, {"updated_since": since, "ordering": "updated_at"}).json()
    return [row["movie"]["tmdb_id"] for row in answer["data"]], answer["meta"]


def test_after_the_first_time_only_what_changed_is_told(api, user, shelf):
    for tmdb_id in (1, 2, 3):
        MovieFactory(tmdb_id=tmdb_id)
        shelf.put_on(api, tmdb_id)
    films, meta = news(api, shelf.path, EVER)
    assert (films, meta["removed"]) == ([1, 2, 3], [])
    assert news(api, shelf.path, meta["as_of"])[0] == [3]  # from that moment on, itself included
    api.delete(shelf.of(2))
    shelf.put_on(api, MovieFactory(tmdb_id=4).tmdb_id)
    films, meta = news(api, shelf.path, meta["as_of"])
    assert films == [3, 4]
    assert [(gone["item"], gone["version"]) for gone in meta["removed"]] == [(2, 4)]


def test_what_came_back_is_no_removal_any_more(api, user, shelf, alien):
    for _ in range(2):
        shelf.put_on(api, 348)
        api.delete(shelf.of(348))
    assert Removal.objects.count() == 1
    shelf.put_on(api, 348)
    films, meta = news(api, shelf.path, EVER)
    assert (films, meta["removed"]) == ([348], [])


def test_removals_are_told_on_the_first_page_alone_and_only_where_they_are_asked_for(api, user, shelf, alien):
    shelf.put_on(api, 348)
    api.delete(shelf.of(348))
    assert len(api.get(shelf.path, {"updated_since": EVER}).json()["meta"]["removed"]) == 1
    assert api.get(shelf.path, {"updated_since": EVER, "page": 2}).json()["meta"]["removed"] == []
    assert api.get(shelf.path).json()["meta"] == {"as_of": None, "removed": []}


def test_a_viewing_that_was_removed_is_told_by_its_own_id(api, alien):
    viewing = api.post("/api/v1/history/", {"tmdb_id": 348}).json()["data"]["id"]
    api.delete(f"/api/v1/history/{viewing}/")
    _, meta = news(api, "/api/v1/history/", EVER)
    assert [gone["item"] for gone in meta["removed"]] == [viewing]


def test_a_clock_that_stands_still_hides_no_change(user, shelf, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    api = signed_in(user)
    for tmdb_id in (1, 2):
        shelf.put_on(api, MovieFactory(tmdb_id=tmdb_id).tmdb_id)
    _, meta = news(api, shelf.path, EVER)
    shelf.put_on(api, MovieFactory(tmdb_id=3).tmdb_id)
    assert news(api, shelf.path, meta["as_of"])[0] == [2, 3]


def test_a_stranger_hears_of_nothing(api, stranger, shelf, alien):
    shelf.put_on(api, 348)
    api.delete(shelf.of(348))
    assert news(stranger, shelf.path, EVER) == ([], {"as_of": None, "removed": []})
    assert stranger.get(ACTIVITIES).json()["data"]["version"] == 0


def test_every_write_says_the_version_that_it_left(api, user, shelf, alien):
    added = shelf.put_on(api, 348)
    assert (added["Library-Version"], added.json()["data"]["version"]) == ("1", 1)
    again = shelf.put_on(api, 348)
    assert again["Library-Version"] == "1"
    assert api.delete(shelf.of(348))["Library-Version"] == "2"
    assert api.delete(shelf.of(348))["Library-Version"] == "2"
    assert version_of(user) == 2


def test_last_activities_tell_each_part_by_itself(user, time_machine, alien):
    assert set(signed_in(user).get(ACTIVITIES).json()["data"].values()) == {None, 0}
    writes = {
        "favorites_at": lambda api: api.put("/api/v1/favorites/348/"),
        "ratings_at": lambda api: api.put("/api/v1/ratings/348/", {"value": 9}),
        "watchlist_at": lambda api: api.put("/api/v1/watchlist/348/"),
        "hidden_at": lambda api: api.put("/api/v1/hidden/348/"),
        "history_at": lambda api: api.post("/api/v1/history/", {"tmdb_id": 348}),
        "preferences_at": lambda api: api.patch("/api/v1/preferences/", {"vote_gte": 5}),
    }
    for n, (part, write) in enumerate(writes.items(), 1):
        time_machine.move_to(f"2026-05-{n:02}T12:00:00Z", tick=False)
        api = signed_in(user)
        assert write(api).status_code in {200, 201}
        told = api.get(ACTIVITIES).json()["data"]
        assert (told["version"], told[part]) == (n, f"2026-05-{n:02}T12:00:00Z")
    assert told["changed_at"] == told["preferences_at"]
    assert len({told[part] for part in writes}) == len(writes)


def test_who_knows_the_version_hears_of_news_alone(api, user, alien, django_assert_num_queries):
    first = api.get(ACTIVITIES)
    assert first["ETag"] == f'W/"{user.pk}-0"'
    assert "Authorization" in first["Vary"]
    assert set(first["Cache-Control"].split(", ")) == {"private", "no-cache"}
    with django_assert_num_queries(2):
        again = api.get(ACTIVITIES, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    api.put("/api/v1/favorites/348/")
    news = api.get(ACTIVITIES, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (news.status_code, news["ETag"]) == (200, f'W/"{user.pk}-1"')


def test_removals_go_with_the_account(api, user, shelf, alien):
    UserFactory()
    shelf.put_on(api, 348)
    api.delete(shelf.of(348))
    api.delete("/api/v1/auth/me/", {"password": PASSWORD})
    assert not Removal.objects.exists()


def test_a_watchlist_film_moves_and_those_between_make_room(api, user):
    for tmdb_id in (1, 2, 3, 4):
        api.put(f"/api/v1/watchlist/{MovieFactory(tmdb_id=tmdb_id).tmdb_id}/")
    moved = api.patch("/api/v1/watchlist/4/", {"place": 2})
    assert (moved.status_code, moved.json()["data"]["position"], moved["Library-Version"]) == (200, 2, "5")
    assert listed(api, "/api/v1/watchlist/") == [1, 4, 2, 3]
    assert news(api, "/api/v1/watchlist/", moved.json()["data"]["updated_at"])[0] == [4, 3, 2]
    api.patch("/api/v1/watchlist/1/", {"place": 99})
    assert listed(api, "/api/v1/watchlist/") == [4, 2, 3, 1]


def test_moving_to_where_it_is_changes_nothing(api, user):
    api.put(f"/api/v1/watchlist/{MovieFactory(tmdb_id=1).tmdb_id}/")
    assert api.patch("/api/v1/watchlist/1/", {"place": 1})["Library-Version"] == "1"
    assert version_of(user) == 1


def test_what_is_not_on_the_watchlist_cannot_be_moved(api, stranger, alien):
    stranger.put("/api/v1/watchlist/348/")
    assert api.patch("/api/v1/watchlist/348/", {"place": 1}).status_code == 404
    assert stranger.patch("/api/v1/watchlist/348/", {"place": 0}).status_code == 400
