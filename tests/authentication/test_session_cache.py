from datetime import timedelta

import orjson
import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone
from django_redis import get_redis_connection
from redis.connection import AbstractConnection

from apps.authentication import session_cache
from apps.authentication.models import Session, User
from apps.authentication.sessions import session_open, sessions_doubt
from tests.conftest import signed_in
from tests.factories import PASSWORD, MovieFactory, UserFactory
from utils import shared

ME = "/api/v1/auth/me/"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("not __import__('django.conf').conf.settings.REDIS_URL", reason="needs the Redis of REDIS_URL"),
]


@pytest.fixture(autouse=True)
def session_seconds(settings):
    settings.SESSION_CACHE_SECONDS = 60


@pytest.fixture
def trips(monkeypatch):
    """How often something was sent to Redis."""
    sent = []
    send = AbstractConnection.send_packed_command

    def send_and_count(connection, command, check_health=True):
        sent.append(command)
        return send(connection, command, check_health)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", send_and_count)
    return sent


def key_of(user):
    return f"marquee:session:{Session.objects.get(user=user).pk}"


def kept_of(user):
    return get_redis_connection("default").get(key_of(user))


@pytest.mark.parametrize("n_requests", [1, 5])
def test_a_signed_in_read_costs_one_trip_and_no_query(api, trips, django_assert_num_queries, n_requests):
    api.get(ME)
    trips.clear()
    with django_assert_num_queries(0):
        for _ in range(n_requests):
            assert api.get(ME).status_code == 200
    assert len(trips) == n_requests


def test_a_write_costs_two_trips_at_most(settings, api, user, trips):
    settings.THROTTLES = {"writes": "100/minute"}
    film = MovieFactory()
    api.get(ME)
    api.put(f"/api/v1/favorites/{film.tmdb_id}/")  # the throttle's script is known to Redis from here on
    trips.clear()
    assert api.put(f"/api/v1/favorites/{film.tmdb_id}/").status_code == 200
    assert len(trips) <= 2


def test_without_redis_it_costs_one_query(settings, api, user, django_assert_num_queries):
    settings.REDIS_URL = ""
    for _ in range(2):
        with django_assert_num_queries(1):
            assert api.get(ME).json()["data"]["email"] == user.email


def test_what_is_kept_is_the_user_without_the_password(api, user):
    api.get(ME)
    kept = orjson.loads(kept_of(user))
    assert kept["email"] == user.email
    assert not {"password", "last_login"} & set(kept)
    assert user.password not in kept_of(user).decode()
    assert 0 < get_redis_connection("default").ttl(key_of(user)) <= 60
    recalled = session_cache.recall(Session.objects.get(user=user).pk)
    user.refresh_from_db()
    assert {field.attname: getattr(recalled, field.attname) for field in User._meta.concrete_fields} == {
        field.attname: getattr(user, field.attname) for field in User._meta.concrete_fields
    }


ENDS = {
    "logout": lambda api, user: api.post("/api/v1/auth/logout/"),
    "logout everywhere": lambda api, user: signed_in(user).post("/api/v1/auth/logout/all/"),
    "that session": lambda api, user: signed_in(user).delete(
        f"/api/v1/auth/sessions/{Session.objects.earliest('created_at').pk}/"
    ),
    "password change": lambda api, user: signed_in(user).post(
        "/api/v1/auth/password/change/", {"current_password": PASSWORD, "new_password": "another passphrase"}
    ),
    "deletion": lambda api, user: api.delete(ME, {"password": PASSWORD}),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_session_ends_its_access_token_at_once(api, user, end):
    assert api.get(ME).status_code == 200
    assert ENDS[end](api, user).status_code in {200, 204}
    assert [api.get(ME).status_code for _ in range(2)] == [401, 401]


def test_a_replayed_refresh_token_ends_it_at_once(user, anonymous, refresh):
    pair = session_open(user)
    fresh = refresh(pair.refresh).json()["data"]
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {fresh['access']}")
    assert anonymous.get(ME).status_code == 200
    refresh(pair.refresh)
    assert anonymous.get(ME).status_code == 401


def test_what_a_user_changes_shows_in_the_next_answer(api):
    assert api.get(ME).json()["data"]["display_name"] == "Viewer"
    api.patch(ME, {"display_name": "Ann"})
    for _ in range(2):
        assert api.get(ME).json()["data"]["display_name"] == "Ann"


def test_what_an_operator_changes_counts_at_once(api, user, client):
    operator = User.objects.create_superuser("operator@example.org", PASSWORD)
    client.force_login(operator)
    assert api.get(ME).status_code == 200
    form = {"display_name": "Viewer", "language": "en"}  # is_active is not ticked
    assert client.post(f"/admin/authentication/user/{user.pk}/change/", form).status_code == 302
    assert api.get(ME).status_code == 401


@pytest.mark.parametrize("way", ["page", "list"])
def test_who_is_deleted_in_the_admin_is_out_at_once(api, user, client, way):
    client.force_login(User.objects.create_superuser("operator@example.org", PASSWORD))
    assert api.get(ME).status_code == 200
    if way == "page":
        client.post(f"/admin/authentication/user/{user.pk}/delete/", {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
        client.post("/admin/authentication/user/", chosen)
    assert not User.objects.filter(pk=user.pk).exists()
    assert api.get(ME).status_code == 401


def test_an_operator_ends_sessions_from_the_list(api, user, client):
    client.force_login(User.objects.create_superuser("operator@example.org", PASSWORD))
    assert api.get(ME).status_code == 200
    chosen = {"action": "end", "_selected_action": [str(Session.objects.get(user=user).pk)]}
    client.post("/admin/authentication/session/", chosen)
    assert api.get(ME).status_code == 401


def test_staff_who_may_only_look_end_nothing(api, user, client):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.add(
        Permission.objects.get(name="Can view session", content_type__app_label="authentication")
    )
    client.force_login(staff)
    chosen = {"action": "end", "_selected_action": [str(Session.objects.get(user=user).pk)]}
    client.post("/admin/authentication/session/", chosen)
    assert api.get(ME).status_code == 200


def test_who_read_a_session_before_it_ended_cannot_keep_it_after(user):
    session_open(user)
    session = Session.objects.for_request(Session.objects.get().pk).get()
    Session.objects.revoke()
    session_cache.doubt([session.pk])
    session_cache.remember(session.pk, session.user)
    assert session_cache.recall(session.pk) is None


def test_a_doubt_waits_for_the_commit_and_dies_with_a_transaction_that_is_undone(api, user):
    api.get(ME)
    with transaction.atomic():
        sessions_doubt(user)
        assert kept_of(user) != session_cache.NOTHING_SURE
        transaction.set_rollback(True)
    assert kept_of(user) != session_cache.NOTHING_SURE
    sessions_doubt(user)
    assert kept_of(user) == session_cache.NOTHING_SURE
    assert get_redis_connection("default").ttl(key_of(user)) <= 10


def test_after_a_flush_an_ended_session_is_still_ended(api):
    api.get(ME)
    api.post("/api/v1/auth/logout/")
    redis = get_redis_connection("default")
    redis.delete(*redis.scan_iter("marquee:session:*"))
    assert api.get(ME).status_code == 401


def test_what_another_release_kept_is_not_believed(api, user, django_assert_num_queries):
    api.get(ME)
    other = orjson.loads(kept_of(user)) | {"is_root": True}
    shared.put(key_of(user), orjson.dumps(other), seconds=60)
    with django_assert_num_queries(1):
        assert api.get(ME).status_code == 200


def test_a_token_of_somebody_else_does_not_open_the_session(api, user, stranger):
    api.get(ME)
    stranger.get(ME)
    kept = orjson.loads(kept_of(user)) | {"id": user.pk + 10_000}
    shared.put(key_of(user), orjson.dumps(kept), seconds=60)
    assert api.get(ME).status_code == 401


def test_an_expired_session_is_not_kept(user):
    session_open(user)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Session.objects.for_request(Session.objects.get().pk).first() is None
