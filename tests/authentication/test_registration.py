import pytest

from apps.authentication.models import User
from tests.factories import PASSWORD, UserFactory

URL = "/api/v1/auth/register/"
SPELLINGS = [
    "ann@example.org",
    "ANN@example.org",
    "Ann@EXAMPLE.ORG",
    "\uff41\uff4e\uff4e@example.org",
    "ann\uff20\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45\uff0eorg",
    " ann@example.org ",
]

pytestmark = pytest.mark.django_db


def errors_of(response):
    return {(error["field"], error["code"]) for error in response.json()["errors"]}


def test_registering_creates_a_person_and_signs_in(anonymous, me):
    response = anonymous.post(URL, {"email": "ann@example.org", "password": PASSWORD, "display_name": "Ann"})
    assert response.status_code == 201
    assert response.json()["message"] == "Welcome to Marquee."
    account = me(response.json()["data"]["access"]).json()["data"]
    assert (account["email"], account["display_name"], account["is_staff"]) == ("ann@example.org", "Ann", False)
    assert User.objects.get().kind == User.Kind.PERSON


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("first", ["ann@example.org", "\uff21\uff2e\uff2e@EXAMPLE.org"])
def test_any_spelling_of_a_known_address_is_taken(anonymous, first, spelling):
    assert anonymous.post(URL, {"email": first, "password": PASSWORD}).status_code == 201
    response = anonymous.post(URL, {"email": spelling, "password": PASSWORD})
    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    assert User.objects.count() == 1


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_any_spelling_of_an_address_logs_in(anonymous, spelling):
    UserFactory(email="Ann@example.org")
    response = anonymous.post("/api/v1/auth/login/", {"email": spelling, "password": PASSWORD})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "no address", "invalid"),
        ("email", f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.org", "max_length"),
        pytest.param("email", f"x@{'.'.join(['㎈' * 12] * 10)}.org", "max_length", id="too-long-after-nfkc"),
        pytest.param("email", f"x@{'.'.join(['ß' * 20] * 9)}.de", "max_length", id="too-long-after-casefold"),
        ("email", "nul\0@example.org", "invalid"),
        ("email", None, "null"),
        ("email", {"a": 1}, "wrong_type"),
        ("password", 1234567890, "wrong_type"),
        ("password", "too short", "weak_password"),
        ("password", "password123", "weak_password"),
        ("password", "ann@example.org", "weak_password"),
        ("password", "x" * 1025, "max_length"),
        ("password", "nul in \0 password", "null_characters_not_allowed"),
        ("display_name", "x" * 81, "max_length"),
        ("display_name", "nul\0", "null_characters_not_allowed"),
    ],
)
def test_refuses_what_is_no_account(anonymous, field, value, code):
    body = {"email": "ann@example.org", "password": PASSWORD, field: value}
    response = anonymous.post(URL, body)
    assert response.status_code == 400
    assert (field, code) in errors_of(response)
    assert not User.objects.exists()


@pytest.mark.parametrize("body", [{}, [], "text", 1, None])
def test_refuses_a_body_without_the_fields(anonymous, body):
    response = anonymous.post(URL, body)
    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert response.json()["errors"]


@pytest.mark.parametrize("password", ["  spaces at both ends  ", "59274016382750194638", "ünïcödé 密码 🎬"])
def test_a_password_counts_exactly_as_typed(anonymous, password):
    anonymous.post(URL, {"email": "ann@example.org", "password": password})
    tries = [password, password.strip() + " ", password.upper() + "!"]
    codes = [
        anonymous.post("/api/v1/auth/login/", {"email": "ann@example.org", "password": tried}).status_code
        for tried in tries
    ]
    assert codes == [200, 401, 401]


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "is_active", "is_email_verified", "kind", "alias"])
def test_nobody_registers_as_more_than_a_person(anonymous, field):
    response = anonymous.post(URL, {"email": "ann@example.org", "password": PASSWORD, field: True})
    assert response.status_code == 400
    assert errors_of(response) == {(field, "unknown_field")}
    assert not User.objects.exists()


def test_the_answer_shows_no_password(anonymous):
    response = anonymous.post(URL, {"email": "ann@example.org", "password": PASSWORD})
    assert set(response.json()["data"]) == {"access", "refresh"}
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
