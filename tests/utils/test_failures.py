import base64

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from tests.factories import PASSWORD
from tests.utils.failing_urls import SECRET

FAILURE = {"success", "data", "message", "code", "errors", "request_id"}
LOGIN = "/api/v1/auth/login/"
LIMIT = 1024 * 1024

failing = pytest.mark.urls("tests.utils.failing_urls")


@pytest.fixture
def client():
    return APIClient(raise_request_exception=False)


def assert_failure(response, status, code):
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response["Content-Type"] == "application/json"
    assert set(body) == FAILURE
    assert (body["success"], body["data"]) == (False, None)
    assert body["message"]
    assert body["request_id"] == response["X-Request-ID"]
    assert SECRET not in response.content.decode()
    return body


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing/", "/api/v1/", "/api/v1/movies", "/api/v1/movies/0/", "/api/v1/movies/x%2fy/", "/%ff%00/"],
)
@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_an_unknown_path_is_404(client, path, method):
    assert_failure(getattr(client, method)(path), 404, "not_found")


def test_another_method_is_405_and_names_those_allowed(client):
    response = client.delete(f"{LOGIN}?foo=1")
    assert_failure(response, 405, "method_not_allowed")
    assert response["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "text/", "x"])
def test_another_media_type_is_415(client, content_type):
    assert_failure(client.generic("POST", LOGIN, "a=1", content_type=content_type), 415, "unsupported_media_type")


def test_a_client_that_takes_no_json_is_told_in_json(client):
    assert_failure(client.get("/api/v1/meta/", HTTP_ACCEPT="text/html"), 406, "not_acceptable")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": 1e400}',
        b'{"email": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"email": "\xff"}',
        b'{"email": "a"} x',
        '{"email": "a"}'.encode("utf-16"),
        b'{"a":' * 1500 + b"1" + b"}" * 1500,
        b"[" * 1500 + b"]" * 1500,
    ],
    ids=lambda body: repr(body[:16]),
)
def test_a_body_that_is_no_json_is_400(client, body):
    assert_failure(client.generic("POST", LOGIN, body, content_type="application/json"), 400, "parse_error")


@pytest.mark.parametrize("number", ["1e308", "9" * 300, "-0", "18446744073709551616"])
def test_numbers_of_any_size_are_read(client, number):
    body = f'{{"email": {number}, "password": {number}, "extra": {number}}}'
    response = client.generic("POST", LOGIN, body, content_type="application/json")
    assert_failure(response, 400, "validation_error")


@pytest.mark.django_db
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 400), (LIMIT + 1, 413)])
def test_a_body_over_the_limit_is_413(client, size, status):
    body = b'{"email": "ann@example.org", "password": "%s"}'
    body %= b"x" * (size - len(body) + 2)
    assert len(body) == size
    code = {400: "validation_error", 413: "payload_too_large"}[status]
    assert_failure(client.generic("POST", LOGIN, body, content_type="application/json"), status, code)


def test_a_form_over_the_limit_is_413_in_the_admin_too():
    response = Client(raise_request_exception=False).post("/admin/login/", {"username": "x" * LIMIT})
    assert_failure(response, 413, "payload_too_large")


@pytest.mark.parametrize("host", ["evil.example", "testserver:99999x", "a b", "testserver\x00"])
@pytest.mark.parametrize("path", ["/api/v1/meta/", "/nothing/"])
def test_a_host_that_is_not_ours_is_400(client, host, path):
    assert_failure(client.get(path, HTTP_HOST=host), 400, "bad_request")


def test_no_token_is_401(client):
    response = client.get("/api/v1/auth/me/")
    assert_failure(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


DEEP = base64.urlsafe_b64encode(b"[" * 1500).decode()


@pytest.mark.parametrize("token", ["x", "a.b.c", f"{DEEP}.e30.x", "ü"])
def test_a_bad_token_is_401(client, token):
    response = client.get("/api/v1/auth/me/", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert_failure(response, 401, "token_not_valid")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@failing
def test_a_view_for_staff_is_403_for_others(api):
    assert_failure(api.get("/fail/staff/"), 403, "permission_denied")


@failing
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("unknown", 500, "server_error"),
        ("operational", 503, "service_unavailable"),
        ("interface", 503, "service_unavailable"),
        ("missing", 404, "not_found"),
        ("denied", 403, "permission_denied"),
        ("plain", 403, "permission_denied"),
        ("throttled", 429, "throttled"),
        ("empty", 400, "validation_error"),
    ],
)
def test_an_exception_is_told_in_the_envelope_without_its_text(client, name, status, code):
    assert_failure(client.get(f"/fail/{name}/"), status, code)


@failing
@pytest.mark.parametrize(("name", "seconds"), [("operational", "5"), ("throttled", "7")])
def test_what_passes_says_when_to_come_back(client, name, seconds):
    assert client.get(f"/fail/{name}/")["Retry-After"] == seconds


@failing
def test_an_unknown_exception_is_logged_with_its_traceback(client, caplog):
    client.get("/fail/unknown/")
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert SECRET in str(record.exc_info[1])


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_does_not_answer_is_503_and_the_log_says_why(api, error, caplog):
    def no_answer(*args):
        raise error(SECRET)

    with connection.execute_wrapper(no_answer):
        responses = [
            api.get("/api/v1/auth/me/"),
            api.get("/api/v1/favorites/"),
            api.post(LOGIN, {"email": "ann@example.org", "password": PASSWORD}),
        ]
    for response in responses:
        assert_failure(response, 503, "service_unavailable")
        assert response["Retry-After"] == "5"
    assert caplog.text.count(SECRET) >= len(responses)


def test_any_other_database_error_is_ours(user):
    client = APIClient(raise_request_exception=False)

    def no_such_table(*args):
        raise DatabaseError(SECRET)

    with connection.execute_wrapper(no_such_table):
        response = client.post(LOGIN, {"email": user.email, "password": PASSWORD})
    assert_failure(response, 500, "server_error")


@failing
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("nested", [("a.b.0.c", "wrong"), ("d", "one"), ("d", "two"), ("", "together")]),
        ("listed", [("0.a", "wrong"), ("2.b", "wrong")]),
    ],
)
def test_errors_are_rows_and_nested_fields_have_dots(client, name, rows):
    body = assert_failure(client.get(f"/fail/{name}/"), 400, "validation_error")
    assert [(error["field"], error["message"]) for error in body["errors"]] == rows
    assert {error["code"] for error in body["errors"]} == {"invalid"}
