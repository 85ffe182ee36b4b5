from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from apps.authentication.models import Session
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def forged(token, *, key=settings.JWT_SIGNING_KEY, algorithm="HS256", without="", **claims):
    """The token with other claims, signed anew."""
    payload = jwt.decode(token, options={"verify_signature": False}) | claims
    payload.pop(without, None)
    return jwt.encode(payload, key, algorithm=algorithm)


def resigned(token):
    head, body, _ = token.split(".")
    return f"{head}.{body}.{forged(token, jti='0').split('.')[2]}"


FORGERIES = {
    "another key": lambda token: forged(token, key="another key that is long enough to sign"),
    "no signature": lambda token: forged(token, key=None, algorithm="none"),
    "another token's signature": resigned,
    "cut short": lambda token: token[:-4],
    "another audience": lambda token: forged(token, aud="elsewhere"),
    "no audience": lambda token: forged(token, without="aud"),
    "another issuer": lambda token: forged(token, iss="elsewhere"),
    "no expiry": lambda token: forged(token, without="exp"),
    "expired": lambda token: forged(token, exp=1),
    "no jti": lambda token: forged(token, without="jti"),
    "no session": lambda token: forged(token, without="sid"),
    "a session that is no UUID": lambda token: forged(token, sid="1"),
    "a session that is no text": lambda token: forged(token, sid=1),
    "a session of nobody": lambda token: forged(token, sid=str(uuid4())),
    "no subject": lambda token: forged(token, without="sub"),
    "a subject that is no key": lambda token: forged(token, sub="1e3"),
    "a subject that is nobody": lambda token: forged(token, sub="999999"),
    "no type": lambda token: forged(token, without="token_type"),
    "a deep header": lambda token: f"{'W1tb' * 400}.{token.split('.', 1)[1]}",
    "not a token": lambda token: "x",
}


@pytest.fixture(params=FORGERIES.values(), ids=FORGERIES)
def forge(request):
    return request.param


def test_a_token_is_as_good_after_signing_it_anew(user, sign_in, me, refresh):
    """What the forgeries below change is all that is wrong with them."""
    tokens = sign_in(user)
    assert me(forged(tokens["access"])).status_code == 200
    assert refresh(forged(tokens["refresh"])).status_code == 200


def test_a_forged_access_token_opens_nothing(user, sign_in, me, forge):
    response = me(forge(sign_in(user)["access"]))
    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_forged_refresh_token_gets_nothing_and_ends_nothing(user, sign_in, refresh, forge):
    tokens = sign_in(user)
    response = refresh(forge(tokens["refresh"]))
    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"
    assert refresh(tokens["refresh"]).status_code == 200


def test_an_access_token_for_another_user_opens_nothing(user, sign_in, me):
    assert me(forged(sign_in(user)["access"], sub=str(UserFactory().pk))).status_code == 401


def test_each_token_is_good_for_its_own_purpose(user, sign_in, me, refresh):
    tokens = sign_in(user)
    assert me(tokens["refresh"]).status_code == 401
    assert refresh(tokens["access"]).status_code == 401
    assert me(tokens["access"]).status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer \xff", "Basic YTpi", "x" * 5000, ""])
def test_a_malformed_header_is_401(user, header):
    response = APIClient().get("/api/v1/auth/me/", HTTP_AUTHORIZATION=header)
    assert response.status_code == 401
    assert response.json()["success"] is False
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_refreshing_gives_a_new_pair_of_the_same_session(user, sign_in, me, refresh):
    first = sign_in(user)
    response = refresh(first["refresh"])
    assert response.status_code == 200
    second = response.json()["data"]
    assert second["refresh"] != first["refresh"]
    assert me(second["access"]).status_code == 200
    assert refresh(second["refresh"]).status_code == 200
    assert Session.objects.count() == 1


def test_a_replayed_refresh_token_ends_its_session_and_no_other(user, sign_in, me, refresh, caplog):
    first, elsewhere = sign_in(user), sign_in(user)
    second = refresh(first["refresh"]).json()["data"]
    replay = refresh(first["refresh"])
    assert (replay.status_code, replay.json()["code"]) == (401, "token_not_valid")
    assert "refresh_token_replayed" in caplog.text
    assert [me(pair["access"]).status_code for pair in (first, second)] == [401, 401]
    assert refresh(second["refresh"]).status_code == 401
    assert me(elsewhere["access"]).status_code == 200
    assert refresh(elsewhere["refresh"]).status_code == 200


def test_an_access_token_is_good_for_fifteen_minutes(user, sign_in, me, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    access = sign_in(user)["access"]
    time_machine.shift(timedelta(minutes=14))
    assert me(access).status_code == 200
    time_machine.shift(timedelta(minutes=2))
    assert me(access).status_code == 401


def test_a_session_lives_on_with_every_refresh_and_ends_fourteen_days_after_the_last(
    user, sign_in, refresh, time_machine
):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    token = sign_in(user)["refresh"]
    for _ in range(2):
        time_machine.shift(timedelta(days=13))
        token = refresh(token).json()["data"]["refresh"]
    time_machine.shift(timedelta(days=14, seconds=1))
    assert refresh(token).status_code == 401


def test_an_expired_session_ends_its_tokens_before_their_own_time(user, sign_in, me, refresh, time_machine):
    tokens = sign_in(user)
    Session.objects.update(expires_at=Session.objects.get().created_at)
    assert me(tokens["access"]).status_code == 401
    assert refresh(tokens["refresh"]).status_code == 401


def test_a_deactivated_user_is_out_at_once(user, sign_in, me, refresh):
    tokens = sign_in(user)
    user.is_active = False
    user.save()
    assert me(tokens["access"]).status_code == 401
    assert refresh(tokens["refresh"]).status_code == 401


def test_a_deleted_user_is_out_at_once(user, sign_in, me, refresh):
    tokens = sign_in(user)
    user.delete()
    assert me(tokens["access"]).status_code == 401
    assert refresh(tokens["refresh"]).status_code == 401


@pytest.mark.parametrize("token", ["", None, 1.5, ["x"], "x" * 2049, "nul\0"])
def test_refuses_a_body_without_a_refresh_token(refresh, token):
    assert refresh(token).status_code in {400, 401}
