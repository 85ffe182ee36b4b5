"""The checks bite: a bad answer of each kind is noticed."""

import json

import pytest

from apps.favorites.models import Favorite
from apps.preferences.models import UserPreference
from config.settings.base import BASE_DIR
from tests.hostile.checks import SLOWEST, complaints
from tests.hostile.corpus import Hostile
from tests.hostile.owned import privileged, privileges_of, rows_of
from tests.hostile.wire import Answer

REQUEST = Hostile("GET", "/api/v1/movies/")
SUCCESS = {"success": True, "data": [], "message": ""}
FAILURE = {"success": False, "data": None, "message": "No.", "code": "no", "errors": [], "request_id": "12345678"}


def complaints_about(body, *, status=200, path=REQUEST.path, seconds=0.0, **headers):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "X-Request-ID": "12345678"} | headers
    return list(complaints(REQUEST._replace(path=path), Answer(status, headers, sent, seconds)))


def test_good_answers_give_no_cause_for_complaint():
    assert not complaints_about(SUCCESS)
    assert not complaints_about(FAILURE, status=404)
    assert not complaints_about(b"", status=204)
    assert not complaints_about(b"<html>", path="/admin/login/")


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_noticed(status):
    assert complaints_about(FAILURE, status=status)


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last)",
        "psycopg.errors.DataError",
        "sqlite3.OperationalError",
        "django.db.utils",
        str(BASE_DIR / "utils"),
        'File "views.py"',
        "SELECT 1",
        'relation "users" does not exist',
        "redis.exceptions",
        "<object at 0x7f0011223344>",
    ],
)
def test_a_look_inside_is_noticed(text):
    assert complaints_about(FAILURE | {"message": text}, status=400)
    assert complaints_about(SUCCESS | {"data": text})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 400),
        ([], 200),
        ({"detail": "No."}, 400),
        (SUCCESS, 400),
        (FAILURE, 200),
        (SUCCESS | {"extra": 1}, 200),
        (FAILURE | {"data": {}}, 400),
        (FAILURE | {"code": "Not A Code"}, 400),
        (FAILURE | {"message": ""}, 400),
        (FAILURE | {"request_id": "another"}, 400),
    ],
)
def test_an_answer_outside_the_envelope_is_noticed(body, status):
    assert complaints_about(body, status=status)


def test_what_is_too_long_too_slow_or_split_is_noticed():
    assert complaints_about(FAILURE | {"errors": ["x" * 20_000]}, status=400)
    assert complaints_about(SUCCESS, seconds=SLOWEST + 1)
    assert complaints_about(SUCCESS, Location="/\r\nSet-Cookie: a=b")


@pytest.mark.django_db
def test_a_change_of_another_persons_rows_is_noticed(victim):
    before = rows_of(victim)
    assert rows_of(victim) == before
    Favorite.objects.filter(user=victim).update(updated_at="2020-01-01T00:00:00Z")
    changed = rows_of(victim)
    assert changed != before
    UserPreference.objects.get(user=victim).liked_genres.clear()
    assert rows_of(victim) != changed


@pytest.mark.django_db
@pytest.mark.parametrize("right", ["is_staff", "is_superuser", "is_email_verified"])
def test_a_right_too_many_is_noticed(attacker, right):
    before = privileges_of(attacker.user), privileged()
    type(attacker.user).objects.update(**{right: True})
    assert privileges_of(attacker.user) != before[0]
    assert privileged() != before[1]
