"""Thousands of requests that nobody means well with: no 5xx, no look inside, nobody's rows but one's own changed."""

import os

import pytest

from tests.hostile.checks import complaints
from tests.hostile.corpus import Hostile, requests_elsewhere, requests_to
from tests.hostile.heads import CHARSETS
from tests.hostile.owned import privileged, privileges_of, rows_of, tables_of_people
from tests.hostile.surface import endpoints, other_paths
from tests.hostile.values import MANY_FIELDS, MANY_LISTS, MEBIBYTE
from tests.hostile.wire import ask
from tests.test_private_endpoints import PUBLIC

ENDPOINTS = endpoints()
SHARE = float(os.environ.get("HOSTILE_SHARE", "0.18"))  # 1 takes a minute more

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exposed")]


def test_the_corpus_has_five_thousand_requests_and_knows_what_endpoints_take():
    requests = [request for endpoint in ENDPOINTS for request in requests_to(endpoint, share=SHARE)]
    assert len(requests + requests_elsewhere(other_paths())) >= 5000
    taken = {str(endpoint): endpoint for endpoint in ENDPOINTS}
    assert set(taken["POST /api/v1/ratings/"].fields) == {"tmdb_id", "value"}
    assert {"page", "query"} <= set(taken["GET /api/v1/movies/search/"].query)
    assert taken["PATCH /api/v1/history/1/"].template == "/api/v1/history/{}/"


def test_the_victim_has_a_row_in_every_table_of_people(victim):
    assert tables_of_people() <= {model for model, _ in rows_of(victim)}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_an_endpoint_withstands(endpoint, victim, attacker):
    is_public = (endpoint.method, endpoint.path) in PUBLIC
    assert_withstood(requests_to(endpoint, share=SHARE), victim, attacker, is_public=is_public)


@pytest.mark.parametrize("share", range(4))
def test_the_rest_of_the_server_withstands(share, victim, attacker):
    assert_withstood(requests_elsewhere(other_paths())[share::4], victim, attacker, is_public=True)


@pytest.mark.parametrize("path", ["/api/v1/auth/login/", "/api/v1/history/"])
@pytest.mark.parametrize("body", [MEBIBYTE, MEBIBYTE + b" ", b"[" * 2**20, MANY_LISTS, MANY_FIELDS], ids=len)
def test_a_mebibyte_does_no_harm(path, body, victim, attacker):
    assert_withstood([Hostile("POST", path, body=body)], victim, attacker, is_public=True)


def test_a_charset_of_the_callers_choice_does_no_harm(victim, attacker):
    media_types = [f"application/json; charset={charset}" for charset in CHARSETS]
    media_types += ['text/plain;chars;charset="x"et=hex', "text/plain; charset*=utf-8''hex", "x*=nosuch''a%20b"]
    media_types += ["multipart/form-data; boundary=x; charset=hex", "multipart/form-data; boundary=\x00"]
    queries = ("", "page=1", "&".join("a=1" for _ in range(1500)))
    requests = [
        Hostile("GET", "/api/v1/movies/", query, media_type=media_type)
        for media_type in media_types
        for query in queries
    ]
    assert_withstood(requests, victim, attacker, is_public=True)


@pytest.mark.parametrize("item", [b"0", b'"A"', b"null"])
@pytest.mark.parametrize("field", ["liked_genres", "languages"])
def test_a_mebibyte_of_items_is_counted_not_looked_at(item, field, victim, attacker):
    items = b",".join([item] * (2**20 // (len(item) + 1) - 20))
    body = b'{"%s": [%s]}' % (field.encode(), items)
    assert_withstood([Hostile("PUT", "/api/v1/preferences/", body=body)], victim, attacker, is_public=True)


def assert_withstood(requests, victim, attacker, *, is_public):
    before = rows_of(victim), privileges_of(attacker.user), privileged()
    wrong = [f"{complaint}  <-  {request}" for request in requests for complaint in _sent(request, attacker, is_public)]
    assert not wrong, f"{len(wrong)} of {len(requests)} requests:\n" + "\n".join(wrong[:10])
    assert (rows_of(victim), privileges_of(attacker.user), privileged()) == before


def _sent(request, attacker, is_public):
    answer = ask(request, attacker.authorization if request.signed_in else "")
    if request.signed_in and (answer.status == 401 or _may_end_a_session(request, answer)):
        attacker.sign_in()
    yield from complaints(request, answer)
    if not request.signed_in and not is_public and answer.status < 400:
        yield f"{answer.status} for nobody"


def _may_end_a_session(request, answer):
    return request.method != "GET" and request.path.startswith("/api/v1/auth/") and answer.status < 300
