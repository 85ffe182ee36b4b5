from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from apps.authentication.events import Kind, record
from apps.authentication.jobs import forget_ended_sessions
from apps.authentication.models import EmailLink, SecurityEvent, Session, User
from apps.authentication.sessions import session_open
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.threads import at_once, concurrent_writers
from tests.utils.test_throttling import allow

ADMIN_LOGIN = "/admin/login/"

pytestmark = pytest.mark.django_db


def trail(**of):
    return list(SecurityEvent.objects.filter(**of).order_by("pk").values_list("kind", flat=True))


def test_a_life_of_an_account_leaves_its_trail(post, anonymous, refresh):
    pair = post("register", {"email": "ann@example.org", "password": PASSWORD}).json()["data"]
    ann = User.objects.get()
    refresh(pair["refresh"])
    refresh(pair["refresh"])  # a replay
    post("login", {"email": "ann@example.org", "password": "not the password"})
    post("login", {"email": "ann@example.org", "password": PASSWORD})
    client = signed_in(ann)
    list(client.get("/api/v1/auth/export/").streaming_content)
    client.post("/api/v1/auth/logout/")
    client = signed_in(ann)
    client.delete(f"/api/v1/auth/sessions/{Session.objects.open().earliest('created_at').pk}/")
    client.post("/api/v1/auth/logout/all/", {"keep_current": True})
    assert trail(user=ann) == [
        "registered",
        "refresh_token_replayed",
        "sign_in_failed",
        "signed_in",
        "data_exported",
        "signed_out",
        "session_ended",
        "signed_out_everywhere",
    ]
    client.delete("/api/v1/auth/me/", {"password": PASSWORD})
    assert trail() == ["account_erased"]  # and whose it was, nobody knows any more
    assert SecurityEvent.objects.get().user is None


def test_an_event_says_who_when_from_where_and_in_which_request(post, anonymous, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    ann = UserFactory(email="ann@example.org")
    anonymous.credentials(HTTP_X_REQUEST_ID="request-of-ann", HTTP_USER_AGENT="Firefox", REMOTE_ADDR="203.0.113.7")
    post("login", {"email": "ann@example.org", "password": PASSWORD})
    event = SecurityEvent.objects.get()
    assert (event.user, event.kind, event.request_id) == (ann, "signed_in", "request-of-ann")
    assert (event.device, event.address) == ("Firefox", "203.0.113.0/24")
    assert event.created_at.isoformat() == "2026-05-01T12:00:00+00:00"


def test_a_guess_at_an_unknown_address_is_on_the_trail_without_it(post):
    post("login", {"email": "nobody@example.org", "password": "hunter2-hunter2"})
    assert trail(user=None) == ["sign_in_failed"]
    assert "nobody" not in str(SecurityEvent.objects.values().get())


def test_no_secret_and_no_address_is_in_the_log(post, caplog, anonymous):
    pair = post("register", {"email": "ann@example.org", "password": PASSWORD}).json()["data"]
    post("login", {"email": "ann@example.org", "password": "not the password"})
    post("password/reset", {"email": "ann@example.org"})
    assert "security event: sign_in_failed" in caplog.text
    for secret in (PASSWORD, "not the password", "ann@example.org", pair["access"], pair["refresh"], "#token="):
        assert secret not in caplog.text


def test_it_is_forgotten_after_half_a_year_with_sessions_and_links_that_ended(user):
    for days in (179, 181):
        SecurityEvent.objects.create(kind="signed_in", user=user, created_at=timezone.now() - timedelta(days=days))
    for purpose, hours in (("verify_email", 1), ("reset_password", -1)):
        ends = timezone.now() + timedelta(hours=hours)
        EmailLink.objects.create(user=user, purpose=purpose, digest=purpose, email=user.email, expires_at=ends)
    session_open(user)
    session_open(user)
    Session.objects.filter(pk=Session.objects.first().pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    forget_ended_sessions()
    assert (SecurityEvent.objects.count(), EmailLink.objects.count(), Session.objects.count()) == (1, 1, 1)


def test_staff_read_the_trail_and_nobody_writes_it(client, user):
    record(Kind.SIGNED_IN, user)
    event = SecurityEvent.objects.get()
    client.force_login(User.objects.create_superuser("operator@example.org", PASSWORD))
    page = client.get("/admin/authentication/securityevent/")
    assert user.email in page.content.decode()
    client.post(f"/admin/authentication/securityevent/{event.pk}/change/", {"kind": "registered"})
    assert client.post(f"/admin/authentication/securityevent/{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert trail() == ["signed_in"]


def admin_login(client, email="operator@example.org", password=PASSWORD):
    return client.post(ADMIN_LOGIN, {"username": email, "password": password})


def test_the_admins_logins_are_on_the_trail(client):
    operator = User.objects.create_superuser("operator@example.org", PASSWORD)
    UserFactory(email="ann@example.org")
    assert admin_login(client, password="a guess").status_code == 200
    assert admin_login(client, email="ann@example.org").status_code == 200  # no staff
    assert admin_login(client, email="nobody@example.org").status_code == 200
    assert admin_login(client, email="").status_code == 200
    assert admin_login(client).status_code == 302
    assert trail(user=operator) == ["admin_sign_in_failed", "admin_signed_in"]
    assert trail(user=None) == ["admin_sign_in_failed"]


def test_the_admins_logins_and_the_apis_count_together(settings, client, post):
    User.objects.create_superuser("operator@example.org", PASSWORD)
    allow(settings, login="3/minute")
    post("login", {"email": "operator@example.org", "password": "a guess"})
    admin_login(client, password="a guess")
    assert admin_login(client, password="another").status_code == 200
    refused = admin_login(client)
    assert refused.status_code == 200
    assert "That was too often" in refused.content.decode()
    assert post("login", {"email": "operator@example.org", "password": PASSWORD}).status_code == 429


def test_who_is_deleted_in_the_admin_leaves_as_by_their_own_hand(client, user):
    client.force_login(User.objects.create_superuser("operator@example.org", PASSWORD))
    client.post(f"/admin/authentication/user/{user.pk}/change/", {"display_name": "Ann", "language": "en"})
    client.post(f"/admin/authentication/user/{user.pk}/delete/", {"post": "yes"})
    assert trail() == ["account_erased"]
    assert user.email not in str(list(LogEntry.objects.filter(change_message="").values()))


def test_the_last_superuser_is_not_deleted_in_the_admin(client):
    operator = User.objects.create_superuser("operator@example.org", PASSWORD)
    client.force_login(operator)
    client.post(f"/admin/authentication/user/{operator.pk}/delete/", {"post": "yes"})
    assert User.objects.filter(pk=operator.pk).exists()


def test_an_account_that_is_switched_off_and_on_again_has_no_session_left(client, user, me):
    access = session_open(user).access
    client.force_login(User.objects.create_superuser("operator@example.org", PASSWORD))
    for active in ({}, {"is_active": "on"}):
        form = {"display_name": "Viewer", "language": "en"} | active
        assert client.post(f"/admin/authentication/user/{user.pk}/change/", form).status_code == 302
    user.refresh_from_db()
    assert user.is_active
    assert me(access).status_code == 401


class TestAtOnce:
    pytestmark = concurrent_writers

    def test_a_trail_written_while_its_account_goes_is_no_error(self, user):
        client = signed_in(user)
        leave = [lambda: client.delete("/api/v1/auth/me/", {"password": PASSWORD})]
        guess = [lambda: client.delete("/api/v1/auth/me/", {"password": "a guess"})] * 7
        codes = {answer.status_code for answer in at_once(lambda call: call(), leave + guess)}
        assert codes <= {204, 401, 403}
        assert not User.objects.exists()
        assert trail() == ["account_erased"]
