from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from apps.authentication.models import Session
from tests.factories import PASSWORD, UserFactory

URL = "/api/v1/auth/sessions/"
ALL = "/api/v1/auth/logout/all/"
FIELDS = {"sid", "device", "address", "created_at", "last_used_at", "expires_at", "current"}

pytestmark = pytest.mark.django_db


def rows(client):
    return client.get(URL).json()["data"]


def bearer(access):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def login(user, **headers):
    return APIClient().post("/api/v1/auth/login/", {"email": user.email, "password": PASSWORD}, **headers)


def test_lists_open_sessions_the_last_used_first(user, sign_in, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    sign_in(user)
    time_machine.shift(timedelta(hours=1))
    access = login(user, HTTP_USER_AGENT="Firefox", REMOTE_ADDR="203.0.113.77").json()["data"]["access"]
    sign_in(UserFactory())
    response = bearer(access).get(URL)
    assert response.status_code == 200
    first, second = response.json()["data"]
    assert first == {
        "sid": first["sid"],
        "device": "Firefox",
        "address": "203.0.113.0/24",
        "created_at": "2026-05-01T13:00:00Z",
        "last_used_at": "2026-05-01T13:00:00Z",
        "expires_at": "2026-05-15T13:00:00Z",
        "current": True,
    }
    assert set(second) == FIELDS
    assert (second["current"], second["last_used_at"]) == (False, "2026-05-01T12:00:00Z")
    assert response.json()["pagination"] == {"page": 1, "per_page": 20, "total": 2, "pages": 1}
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_ended_sessions_are_not_listed(api, user, sign_in, time_machine):
    over = sign_in(user)["access"]
    bearer(over).post("/api/v1/auth/logout/")
    expired = Session.objects.exclude(revoked_at=None).get()
    Session.objects.create(user=user, refresh_jti="x", expires_at=expired.created_at)
    assert [row["current"] for row in rows(api)] == [True]


@pytest.mark.parametrize("n_others", [1, 15])
def test_listing_costs_three_queries(api, user, sign_in, django_assert_num_queries, n_others):
    for _ in range(n_others):
        sign_in(user)
    with django_assert_num_queries(3):  # the caller, the count, the page
        assert len(rows(api)) == n_others + 1


def test_pages(api, user, sign_in):
    sign_in(user)
    response = api.get(URL, {"per_page": 1, "page": 2})
    assert len(response.json()["data"]) == 1
    assert response.json()["pagination"] == {"page": 2, "per_page": 1, "total": 2, "pages": 2}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Firefox/130", "Firefox/130"),
        ("x" * 201, "x" * 200),
        ("a\0b\x1fc\ud800d", "abcd"),
        ("  Kindle\t", "Kindle"),
        ("", ""),
    ],
)
def test_a_device_is_named_by_its_user_agent(user, sent, kept):
    assert login(user, HTTP_USER_AGENT=sent).status_code == 200
    assert Session.objects.get().device == kept


def test_a_device_without_a_user_agent_has_no_name(user):
    assert login(user).status_code == 200
    assert Session.objects.get().device == ""


def test_a_device_behind_our_proxy_is_known_by_its_own_network(user, settings):
    settings.TRUSTED_PROXIES = 1
    login(user, HTTP_X_FORWARDED_FOR="192.0.2.1, 198.51.100.7", REMOTE_ADDR="10.0.0.2")
    assert Session.objects.get().address == "198.51.100.0/24"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:7:8::9", "2001:db8:7::/48"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("unix:", ""),
        ("203.0.113.077", ""),
    ],
)
def test_an_address_is_known_by_its_network_alone(user, address, network):
    assert login(user, REMOTE_ADDR=address).status_code == 200
    assert Session.objects.get().address == network
    assert len(network) <= Session._meta.get_field("address").max_length


def test_registering_records_the_device(anonymous):
    body = {"email": "ann@example.org", "password": PASSWORD}
    anonymous.post("/api/v1/auth/register/", body, HTTP_USER_AGENT="curl/8", REMOTE_ADDR="2001:db8:7:8::9")
    session = Session.objects.get()
    assert (session.device, session.address) == ("curl/8", "2001:db8:7::/48")


def test_refreshing_records_where_the_device_is_now(user, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    token = login(user, HTTP_USER_AGENT="Firefox/130", REMOTE_ADDR="203.0.113.77").json()["data"]["refresh"]
    time_machine.shift(timedelta(hours=1))
    APIClient().post(
        "/api/v1/auth/token/refresh/", {"refresh": token}, HTTP_USER_AGENT="Firefox/131", REMOTE_ADDR="198.51.100.2"
    )
    session = Session.objects.get()
    assert (session.device, session.address) == ("Firefox/131", "198.51.100.0/24")
    assert session.last_used_at - session.created_at == timedelta(hours=1)


def test_ends_one_session_with_its_tokens_and_no_other(api, user, sign_in, me, refresh):
    there = sign_in(user)
    sid = next(row["sid"] for row in rows(api) if not row["current"])
    response = api.delete(f"{URL}{sid}/")
    assert (response.status_code, response.content) == (204, b"")
    assert me(there["access"]).status_code == 401
    assert refresh(there["refresh"]).status_code == 401
    assert [row["current"] for row in rows(api)] == [True]


def test_one_may_end_the_session_that_asks(api, user, sign_in):
    sign_in(user)
    sid = next(row["sid"] for row in rows(api) if row["current"])
    assert api.delete(f"{URL}{sid}/").status_code == 204
    assert api.get(URL).status_code == 401
    assert Session.objects.open().count() == 1


def test_an_unknown_or_ended_session_is_404(api, user, sign_in):
    sign_in(user)
    ended = next(row["sid"] for row in rows(api) if not row["current"])
    answers = [api.delete(f"{URL}{sid}/") for sid in (ended, ended, uuid4())]
    assert [answer.status_code for answer in answers] == [204, 404, 404]
    assert {answer.json()["code"] for answer in answers[1:]} == {"not_found"}
    assert api.delete(f"{URL}1/").status_code == 404


def test_a_strangers_session_is_neither_shown_nor_ended(api, stranger):
    (own,), (theirs,) = rows(api), rows(stranger)
    assert own["sid"] != theirs["sid"]
    answers = [stranger.delete(f"{URL}{sid}/") for sid in (own["sid"], uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({answer.json()["message"] for answer in answers}) == 1
    assert api.get(URL).status_code == 200


@pytest.mark.parametrize("body", [{}, None, {"keep_current": False}])
def test_signs_out_everywhere(api, user, sign_in, me, refresh, body):
    there = sign_in(user)
    response = api.post(ALL, body)
    assert response.status_code == 200
    assert response.json() == {"success": True, "data": {"ended": 2}, "message": "Signed out."}
    assert api.get(URL).status_code == 401
    assert me(there["access"]).status_code == 401
    assert refresh(there["refresh"]).status_code == 401


def test_signs_out_everywhere_else(api, user, sign_in, me):
    access = [sign_in(user)["access"] for _ in range(2)]
    assert api.post(ALL, {"keep_current": True}).json()["data"] == {"ended": 2}
    assert [me(token).status_code for token in access] == [401, 401]
    assert [row["current"] for row in rows(api)] == [True]
    assert api.post(ALL, {"keep_current": True}).json()["data"] == {"ended": 0}


def test_signing_out_everywhere_leaves_strangers_in(api, stranger):
    assert api.post(ALL, {}).json()["data"] == {"ended": 1}
    assert len(rows(stranger)) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"keep_current": 1}, "wrong_type"),
        ({"keep_current": "true"}, "wrong_type"),
        ({"keep_current": None}, "null"),
        ({"keep": True}, "unknown_field"),
        ([], "invalid"),
    ],
)
def test_a_body_that_is_not_understood_ends_nothing(api, body, code):
    response = api.post(ALL, body)
    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == [code]
    assert api.get(URL).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("get", f"{URL}?device=x"), ("post", f"{ALL}?x=1"), ("delete", f"{URL}{UUID(int=0)}/?x=1")]
)
def test_an_unknown_parameter_is_400(api, method, path):
    response = getattr(api, method)(path)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_parameter")


@pytest.mark.parametrize(("method", "path"), [("get", URL), ("post", ALL), ("delete", f"{URL}{UUID(int=0)}/")])
def test_an_anonymous_caller_is_401(anonymous, method, path):
    response = getattr(anonymous, method)(path)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
