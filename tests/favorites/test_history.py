from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError

from apps.favorites.models import ViewingHistory
from apps.favorites.services import ViewingGone, viewing_change, viewing_remove
from tests.conftest import signed_in
from tests.factories import GenreFactory, MovieFactory, UserFactory, ViewingFactory
from tests.favorites.answers import complaints, version_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HISTORY = "/api/v1/history/"


@pytest.fixture(autouse=True)
def alien(db):
    return MovieFactory(tmdb_id=348, title="Alien")


def watch(client, **body):
    return client.post(HISTORY, {"tmdb_id": 348} | body)


def test_a_viewing_without_more_was_now_and_to_the_end(user):
    with time_machine.travel(NOON, tick=False):
        response = watch(signed_in(user))
    viewing = ViewingHistory.objects.get()
    assert response.status_code == 201
    data = response.json()["data"]
    assert data.pop("movie")["tmdb_id"] == 348
    assert data == {
        "id": viewing.pk,
        "watched_at": "2026-03-01T12:00:00Z",
        "progress": 1,
        "source": "api",
        "client_id": "",
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:00Z",
        "version": 1,
    }
    assert viewing.user == user
    assert version_of(user) == 1


def test_seeing_a_film_again_is_another_viewing(api, user):
    assert [watch(api).status_code for _ in range(2)] == [201, 201]
    assert len(api.get(HISTORY).json()["data"]) == 2
    assert version_of(user) == 2


def test_a_replay_with_the_clients_own_id_records_nothing_twice(api, user):
    first = watch(api, client_id="tv-1", progress=0.5)
    again = watch(api, client_id="tv-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["data"] == again.json()["data"]
    assert ViewingHistory.objects.count() == 1
    assert version_of(user) == 1
    assert watch(api, client_id="tv-2").status_code == 201


def test_a_client_id_is_refused_for_another_film(api, user):
    watch(api, client_id="tv-1")
    MovieFactory(tmdb_id=349)
    refused = api.post(HISTORY, {"tmdb_id": 349, "client_id": "tv-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "client_id_taken")
    assert ViewingHistory.objects.count() == 1


def test_changing_a_viewing_that_was_removed_meanwhile_is_not_found(user):
    viewing = ViewingFactory(user=user)
    ViewingHistory.objects.all().delete()
    with pytest.raises(ViewingGone):
        viewing_change(viewing, progress=0.5)
    assert version_of(user) == 0


def test_two_users_may_choose_the_same_client_id(api, stranger):
    assert [watch(client, client_id="1").status_code for client in (api, stranger)] == [201, 201]


def test_the_database_holds_a_client_id_once_a_user_and_none_as_often_as_one_likes(user):
    ViewingFactory.create_batch(2, user=user)
    ViewingFactory(user=user, client_id="1")
    ViewingFactory(user=UserFactory(), client_id="1")
    with pytest.raises(IntegrityError):
        ViewingFactory(user=user, client_id="1")


@pytest.mark.parametrize("progress", [-0.1, 1.1])
def test_the_database_refuses_an_impossible_progress(progress):
    with pytest.raises(IntegrityError):
        ViewingFactory(progress=progress)


def test_a_date_may_be_unknown(api):
    assert watch(api, watched_at=None).json()["data"]["watched_at"] is None


def test_a_date_may_be_told_in_any_time_zone(api):
    data = watch(api, watched_at="2020-05-01T01:30:00+02:00").json()["data"]
    assert datetime.fromisoformat(data["watched_at"]) == datetime(2020, 4, 30, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"watched_at": "2026-03-01T12:00:01Z"}, ("watched_at", "in_the_future")),
        ({"watched_at": "yesterday"}, ("watched_at", "invalid")),
        ({"watched_at": ""}, ("watched_at", "invalid")),
        ({"watched_at": 5}, ("watched_at", "invalid")),
        ({"watched_at": "0001-01-01T00:00:00+14:00"}, ("watched_at", "overflow")),
        ({"progress": 1.01}, ("progress", "max_value")),
        ({"progress": -0.01}, ("progress", "min_value")),
        ({"progress": "1"}, ("progress", "wrong_type")),
        ({"progress": None}, ("progress", "null")),
        ({"client_id": "x" * 65}, ("client_id", "max_length")),
        ({"client_id": "a\0"}, ("client_id", "null_characters_not_allowed")),
        ({"client_id": None}, ("client_id", "null")),
        ({"tmdb_id": "348"}, ("tmdb_id", "wrong_type")),
        ({"source": "simulated"}, ("source", "unknown_field")),
    ],
)
def test_a_viewing_that_cannot_be_is_refused(user, body, complaint):
    with time_machine.travel(NOON, tick=False):
        response = watch(signed_in(user), **body)
    assert complaints(response) == {complaint}
    assert not ViewingHistory.objects.exists()
    assert version_of(user) == 0


def test_a_viewing_of_this_very_second_is_not_in_the_future(user):
    with time_machine.travel(NOON, tick=False):
        assert watch(signed_in(user), watched_at="2026-03-01T12:00:00Z").status_code == 201


def test_an_unknown_film_was_not_watched(api, user):
    response = api.post(HISTORY, {"tmdb_id": 349})
    assert (response.status_code, response.json()["code"]) == (404, "movie_not_found")
    assert version_of(user) == 0


@pytest.mark.parametrize(
    ("change", "watched_at", "progress"),
    [
        ({"progress": 1}, NOON, 1),
        ({"watched_at": "2026-02-01T12:00:00Z"}, NOON - timedelta(days=28), 0.5),
        ({"watched_at": None}, None, 0.5),
        ({"watched_at": None, "progress": 0}, None, 0),
    ],
)
def test_patching_changes_what_it_names_and_leaves_the_rest(api, user, alien, change, watched_at, progress):
    viewing = ViewingFactory(user=user, movie=alien, watched_at=NOON, progress=0.5, client_id="tv-1")
    response = api.patch(f"{HISTORY}{viewing.pk}/", change)
    assert response.status_code == 200
    viewing.refresh_from_db()
    assert (viewing.watched_at, viewing.progress, viewing.client_id) == (watched_at, progress, "tv-1")
    assert response.json()["data"]["progress"] == progress
    assert version_of(user) == 1


@pytest.mark.parametrize("change", [{}, {"progress": 0.5}, {"watched_at": "2026-03-01T13:00:00+01:00"}])
def test_patching_to_what_is_already_so_changes_nothing(api, user, alien, change):
    viewing = ViewingFactory(user=user, movie=alien, watched_at=NOON, progress=0.5)
    assert api.patch(f"{HISTORY}{viewing.pk}/", change).status_code == 200
    viewing.refresh_from_db()
    assert (viewing.watched_at, viewing.progress) == (NOON, 0.5)
    assert version_of(user) == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"tmdb_id": 349}, ("tmdb_id", "unknown_field")),
        ({"client_id": "2"}, ("client_id", "unknown_field")),
        ({"watched_at": "2999-01-01T00:00:00Z"}, ("watched_at", "in_the_future")),
        ({"progress": 2}, ("progress", "max_value")),
    ],
)
def test_patching_to_what_cannot_be_is_refused(api, user, alien, change, complaint):
    viewing = ViewingFactory(user=user, movie=alien)
    assert complaints(api.patch(f"{HISTORY}{viewing.pk}/", change)) == {complaint}
    assert version_of(user) == 0


def test_a_viewing_is_removed_once(api, user, alien):
    viewing, kept = ViewingFactory.create_batch(2, user=user, movie=alien)
    assert [api.delete(f"{HISTORY}{viewing.pk}/").status_code for _ in range(2)] == [204, 404]
    assert ViewingHistory.objects.get() == kept
    assert version_of(user) == 1


def test_removing_what_somebody_else_just_removed_changes_nothing(user, alien):
    viewing = ViewingFactory(user=user, movie=alien)
    twin = ViewingHistory.objects.get()
    viewing_remove(viewing)
    viewing_remove(twin)
    assert version_of(user) == 1


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_stranger_neither_sees_nor_changes_a_viewing(user, stranger, alien, method):
    viewing = ViewingFactory(user=user, movie=alien, progress=0.5)
    assert stranger.get(HISTORY).json()["data"] == []
    assert getattr(stranger, method)(f"{HISTORY}{viewing.pk}/", {"progress": 1}).status_code == 404
    viewing.refresh_from_db()
    assert viewing.progress == 0.5
    assert version_of(user) == 0


@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_an_anonymous_caller_gets_nothing(anonymous, user, alien, method):
    viewing = ViewingFactory(user=user, movie=alien)
    for path in (HISTORY, f"{HISTORY}{viewing.pk}/"):
        assert getattr(anonymous, method)(path, {}).status_code == 401


def test_the_newest_record_is_listed_first(api, user):
    for tmdb_id, hours in ((1, 2), (2, 3), (3, 1)):
        ViewingFactory(user=user, movie__tmdb_id=tmdb_id, created_at=NOON - timedelta(hours=hours), watched_at=None)
    listed = [row["movie"]["tmdb_id"] for row in api.get(HISTORY).json()["data"]]
    assert listed == [3, 1, 2]


@pytest.mark.parametrize("n_entries", [1, 20])
def test_listing_costs_five_queries(api, user, django_assert_num_queries, n_entries):
    for _ in range(n_entries):
        ViewingFactory(user=user, movie__genres=[GenreFactory()])
    with django_assert_num_queries(5):  # caller, count, page, films, genres, my
        response = api.get(HISTORY)
    assert response.json()["pagination"]["total"] == n_entries


def test_a_viewing_says_whose_it_is(user, alien):
    assert str(ViewingFactory(user=user, movie=alien)) == f"{user.pk} watched {alien.pk}"
