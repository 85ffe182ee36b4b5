import pytest

from apps.authentication.sessions import session_open
from tests.conftest import signed_in

URL = "token/verify"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_good_token_is_told_with_its_kind_and_end_and_stays_as_it_is(user, post, kind, refresh, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    pair = session_open(user)
    ends = {"access": "2026-05-01T12:15:00Z", "refresh": "2026-05-15T12:00:00Z"}[kind]
    for _ in range(2):
        answer = post(URL, {"token": getattr(pair, kind)})
        assert (answer.status_code, answer.json()["data"]) == (200, {"token_type": kind, "expires_at": ends})
    assert refresh(pair.refresh).status_code == 200


def test_a_refresh_token_that_was_exchanged_is_good_no_more_and_asking_is_no_replay(user, post, refresh, me):
    old = session_open(user)
    new = refresh(old.refresh).json()["data"]
    assert post(URL, {"token": old.refresh}).json()["code"] == "token_not_valid"
    assert me(new["access"]).status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "nul\0", "e30.e30."])
def test_what_is_no_token_is_a_401(post, token):
    answer = post(URL, {"token": token})
    assert answer.status_code in {400, 401}
    assert answer.json()["success"] is False


def test_a_token_of_an_ended_session_is_a_401(user, post):
    pair = session_open(user)
    client = signed_in(user)
    post("logout/all", {}, client=client)
    assert [post(URL, {"token": token}).status_code for token in (pair.access, pair.refresh)] == [401, 401]
