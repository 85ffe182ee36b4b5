from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from apps.favorites.models import RATING_VALUES, LibraryState, Rating, WatchlistItem
from tests.conftest import signed_in
from tests.factories import (
    FavoriteFactory,
    GenreFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    WatchlistItemFactory,
)
from tests.favorites.answers import complaints, version_of
from tests.favorites.shelves import SHELVES, listed

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_posting_a_film_puts_it_on_the_shelf(api, user, shelf, alien):
    with time_machine.travel(NOON, tick=False):
        response = signed_in(user).post(shelf.path, shelf.body(348))
    assert response.status_code == 201
    answer = response.json()
    assert answer["message"] == "Saved."
    assert answer["data"]["movie"]["title"] == "Alien"
    assert answer["data"]["created_at"] == "2026-03-01T12:00:00Z"
    assert shelf.model.objects.of(user).get().movie == alien
    assert listed(api, shelf.path) == [348]


@pytest.mark.parametrize("way", ["post", "put"])
def test_the_second_time_changes_nothing(user, shelf, alien, way):
    def put_on(hour):
        with time_machine.travel(NOON + timedelta(hours=hour), tick=False):
            return shelf.put_on(signed_in(user), 348, way)

    first, second = put_on(hour=0), put_on(hour=1)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert shelf.model.objects.count() == 1
    assert version_of(user) == 1


def test_one_film_of_a_shelf_can_be_read(api, user, shelf, alien):
    shelf.factory(user=user, movie=alien)
    assert api.get(shelf.of(348)).json()["data"]["movie"]["tmdb_id"] == 348
    assert api.get(shelf.of(349)).status_code == 404


def test_taking_off_works_as_often_as_one_likes(api, user, shelf, alien):
    shelf.factory(user=user, movie=alien)
    responses = [api.delete(shelf.of(348)) for _ in range(2)]
    assert [(response.status_code, response.content) for response in responses] == [(204, b"")] * 2
    assert listed(api, shelf.path) == []
    assert version_of(user) == 1


def test_taking_off_an_unknown_film_is_no_error_and_no_change(api, user, shelf):
    assert api.delete(shelf.of(348)).status_code == 204
    assert version_of(user) == 0


def test_a_film_put_back_is_new_again(api, user, shelf, alien):
    for expected in (201, 204, 201):
        response = api.delete(shelf.of(348)) if expected == 204 else api.post(shelf.path, shelf.body(348))
        assert response.status_code == expected
    assert version_of(user) == 3


@pytest.mark.parametrize("way", ["post", "put"])
def test_an_unknown_film_cannot_be_put_on(api, user, shelf, way):
    response = shelf.put_on(api, 348, way)
    assert response.status_code == 404
    assert response.json()["code"] == "movie_not_found"
    assert not shelf.model.objects.exists()
    assert version_of(user) == 0


def test_an_unknown_field_is_named(api, shelf, alien):
    assert complaints(api.post(shelf.path, shelf.body(348) | {"note": "!"})) == {("note", "unknown_field")}
    assert complaints(api.put(shelf.of(348), shelf.values | {"tmdb_id": 1})) == {("tmdb_id", "unknown_field")}
    assert not shelf.model.objects.exists()


@pytest.mark.parametrize(
    ("tmdb_id", "code"),
    [
        ("alien", "wrong_type"),
        ("348", "wrong_type"),
        (None, "null"),
        (True, "wrong_type"),
        ([348], "wrong_type"),
        ({"id": 348}, "wrong_type"),
        (348.5, "invalid"),
        (0, "min_value"),
        (-348, "min_value"),
        (2**31, "max_value"),
    ],
)
def test_a_film_is_named_by_a_number(api, shelf, alien, tmdb_id, code):
    assert complaints(api.post(shelf.path, shelf.body(tmdb_id))) == {("tmdb_id", code)}


@pytest.mark.parametrize(("body", "code"), [([], "invalid"), ([348], "invalid"), ("348", "invalid"), (348, "invalid")])
def test_a_body_is_an_object(api, shelf, alien, body, code):
    assert complaints(api.post(shelf.path, body)) == {("", code)}


def test_a_body_names_a_film(api, shelf):
    assert ("tmdb_id", "required") in complaints(api.post(shelf.path, {}))


@pytest.mark.parametrize("shelf", [shelf for shelf in SHELVES if shelf.name != "watchlist"], ids=repr, indirect=True)
def test_the_newest_is_listed_first(api, user, shelf):
    for tmdb_id, hours_ago in ((1, 2), (2, 3), (3, 1)):
        shelf.factory(user=user, movie__tmdb_id=tmdb_id, created_at=NOON - timedelta(hours=hours_ago))
    shelf.factory(user=user, movie__tmdb_id=4, created_at=NOON - timedelta(hours=1))
    assert listed(api, shelf.path) == [4, 3, 1, 2]
    assert listed(api, f"{shelf.path}?per_page=2&page=2") == [1, 2]


def test_the_watchlist_is_in_its_own_order(api, user):
    for tmdb_id, position in ((1, 2), (2, 3), (3, 1)):
        WatchlistItemFactory(user=user, movie__tmdb_id=tmdb_id, position=position)
    assert listed(api, "/api/v1/watchlist/") == [3, 1, 2]


@pytest.mark.parametrize("n_entries", [1, 20])
def test_listing_costs_five_queries(api, user, shelf, django_assert_num_queries, n_entries):
    for _ in range(n_entries):
        shelf.factory(user=user, movie__genres=[GenreFactory(), GenreFactory()])
    with django_assert_num_queries(5):  # caller, count, page, films, genres, my
        response = api.get(shelf.path)
    assert response.json()["pagination"]["total"] == n_entries


def test_a_stranger_neither_sees_nor_takes_nor_stands_in_the_way(api, user, stranger, shelf, alien):
    shelf.factory(user=user, movie=alien)
    assert listed(stranger, shelf.path) == []
    assert stranger.get(shelf.of(348)).status_code == 404
    assert stranger.delete(shelf.of(348)).status_code == 204
    assert listed(api, shelf.path) == [348]
    assert stranger.post(shelf.path, shelf.body(348)).status_code == 201
    assert shelf.model.objects.count() == 2
    assert version_of(user) == 0


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_anonymous_caller_gets_nothing(anonymous, user, shelf, alien, method):
    shelf.factory(user=user, movie=alien)
    for path in (shelf.path, shelf.of(348)):
        response = getattr(anonymous, method)(path, {})
        assert response.status_code == 401
        assert response.json()["code"] == "not_authenticated"
    assert shelf.model.objects.count() == 1


def test_what_is_personal_is_never_kept(api, shelf):
    response = api.get(shelf.path)
    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"private", "no-store"}


def test_the_film_answered_knows_what_was_just_done(api, shelf, alien):
    my = api.post(shelf.path, shelf.body(348)).json()["data"]["movie"]["my"]
    booleans = dict.fromkeys(["favorite", "watchlist", "watched", "hidden"], False)
    nothing = booleans | {"rating": None, "watched_at": None}
    done = {"favorites": {"favorite": True}, "ratings": {"rating": 8.5}, "watchlist": {"watchlist": True}}
    assert my == nothing | done.get(shelf.path.split("/")[-2], {"hidden": True})


def test_the_database_holds_a_film_once_on_a_users_shelf(user, shelf, alien):
    shelf.factory(user=user, movie=alien)
    shelf.factory(user=UserFactory(), movie=alien)
    with pytest.raises(IntegrityError):
        shelf.factory(user=user, movie=alien)


def test_a_new_value_replaces_the_rating_and_tells_when(api, user, alien):
    RatingFactory(user=user, movie=alien, value=6, created_at=NOON, updated_at=NOON)
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        rating = signed_in(user).put("/api/v1/ratings/348/", {"value": 9}).json()["data"]
    assert rating["value"] == 9
    assert rating["created_at"] == "2026-03-01T12:00:00Z"
    assert rating["updated_at"] == "2026-03-02T12:00:00Z"
    assert Rating.objects.get().value == 9
    assert version_of(user) == 1


@pytest.mark.parametrize("value", RATING_VALUES)
def test_every_half_from_a_half_to_ten_is_a_rating(api, alien, value):
    assert api.put("/api/v1/ratings/348/", {"value": value}).json()["data"]["value"] == value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0, "not_a_half"),
        (10.5, "not_a_half"),
        (7.25, "not_a_half"),
        (-1, "not_a_half"),
        ("8", "wrong_type"),
        (True, "wrong_type"),
        (None, "null"),
        ([8], "wrong_type"),
    ],
)
@pytest.mark.parametrize("way", ["post", "put"])
def test_nothing_else_is(api, alien, way, value, code):
    if way == "post":
        response = api.post("/api/v1/ratings/", {"tmdb_id": 348, "value": value})
    else:
        response = api.put("/api/v1/ratings/348/", {"value": value})
    assert complaints(response) == {("value", code)}


def test_a_rating_without_a_value_is_none(api, alien):
    assert complaints(api.put("/api/v1/ratings/348/", {})) == {("value", "required")}


@pytest.mark.parametrize("value", [0, 0.25, 7.3, 10.5, -5])
def test_the_database_refuses_what_is_no_rating(alien, value):
    with pytest.raises(IntegrityError), transaction.atomic():
        RatingFactory(movie=alien, value=value)


def test_the_watchlist_grows_at_its_end(api, user):
    WatchlistItemFactory(position=9)
    for tmdb_id in (1, 2, 3):
        MovieFactory(tmdb_id=tmdb_id)
    positions = [api.put(f"/api/v1/watchlist/{tmdb_id}/").json()["data"]["position"] for tmdb_id in (1, 2)]
    api.delete("/api/v1/watchlist/1/")
    positions.append(api.put("/api/v1/watchlist/3/").json()["data"]["position"])
    assert positions == [1, 2, 3]


def test_a_film_keeps_its_place_on_the_watchlist(api):
    for tmdb_id in (1, 2):
        MovieFactory(tmdb_id=tmdb_id)
    for tmdb_id in (1, 2, 1):
        api.put(f"/api/v1/watchlist/{tmdb_id}/")
    assert dict(WatchlistItem.objects.values_list("movie__tmdb_id", "position")) == {1: 1, 2: 2}


def test_shelves_do_not_know_of_each_other(api, user, alien):
    for shelf in SHELVES:
        assert shelf.put_on(api, 348).status_code == 201
    assert version_of(user) == len(SHELVES)
    api.delete("/api/v1/hidden/348/")
    assert listed(api, "/api/v1/favorites/") == [348]


def test_rows_say_whose_they_are(user, alien):
    entry = FavoriteFactory(user=user, movie=alien)
    assert str(entry) == f"Favorite of {user.pk}: {alien.pk}"
    assert str(LibraryState(user=user, version=3)) == f"library of {user.pk} at version 3"
