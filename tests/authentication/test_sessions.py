from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from apps.authentication.jobs import forget_ended_sessions
from apps.authentication.models import Session

pytestmark = pytest.mark.django_db


def sign_out(access):
    return APIClient().post("/api/v1/auth/logout/", HTTP_AUTHORIZATION=f"Bearer {access}")


def test_signing_out_ends_this_session_at_once_and_no_other(user, sign_in, me, refresh):
    here, there = sign_in(user), sign_in(user)
    response = sign_out(here["access"])
    assert (response.status_code, response.json()["message"]) == (200, "Signed out.")
    assert me(here["access"]).status_code == 401
    assert refresh(here["refresh"]).status_code == 401
    assert me(there["access"]).status_code == 200
    assert refresh(there["refresh"]).status_code == 200


def test_signing_out_twice_is_401(user, sign_in):
    access = sign_in(user)["access"]
    assert [sign_out(access).status_code for _ in range(2)] == [200, 401]


def test_a_stranger_signs_out_only_themselves(api, stranger):
    stranger.post("/api/v1/auth/logout/")
    assert api.get("/api/v1/auth/me/").status_code == 200
    assert stranger.get("/api/v1/auth/me/").status_code == 401


def test_signing_out_needs_a_token(anonymous):
    assert anonymous.post("/api/v1/auth/logout/").status_code == 401


def test_forgets_sessions_past_their_time_alone(user, sign_in, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    sign_in(user)
    time_machine.shift(timedelta(days=13))
    sign_out(sign_in(user)["access"])
    sign_in(user)
    kept = set(Session.objects.filter(created_at__gte="2026-05-02T00:00Z").values_list("pk", flat=True))
    time_machine.shift(timedelta(days=2))
    forget_ended_sessions()
    forget_ended_sessions()
    assert set(Session.objects.values_list("pk", flat=True)) == kept
    assert len(kept) == 2


def test_a_session_says_whose_it_is(user, sign_in):
    sign_in(user)
    session = Session.objects.get()
    assert str(session) == f"session of {user.pk} since {session.created_at:%Y-%m-%d}"
