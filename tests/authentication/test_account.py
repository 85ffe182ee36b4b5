import pytest
from django.contrib.auth.models import AnonymousUser

from apps.authentication.requests import signed_in
from apps.authentication.serializers import AccountSerializer
from tests.factories import UserFactory

URL = "/api/v1/auth/me/"
FIELDS = {"email", "display_name", "language", "region", "is_email_verified", "is_staff", "date_joined"}


def test_shows_the_account_in_one_query(api, user, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = api.get(URL)
    assert response.status_code == 200
    assert set(response.json()["data"]) == FIELDS
    assert response.json()["data"]["email"] == user.email
    assert "private" in response["Cache-Control"]


def test_a_stranger_sees_their_own_account(api, stranger, user):
    assert stranger.get(URL).json()["data"]["email"] != api.get(URL).json()["data"]["email"] == user.email


@pytest.mark.parametrize("method", ["get", "patch"])
def test_an_anonymous_caller_sees_none(anonymous, db, method):
    response = getattr(anonymous, method)(URL)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_changes_what_is_the_users_to_change(api, user):
    response = api.patch(URL, {"display_name": "Ann", "language": "de", "region": "AT"})
    assert response.status_code == 200
    assert response.json()["message"] == "Account changed."
    user.refresh_from_db()
    assert (user.display_name, user.language, user.region) == ("Ann", "de", "AT")
    assert api.get(URL).json()["data"] == response.json()["data"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "other@example.org"),
        ("is_staff", True),
        ("is_email_verified", True),
        ("date_joined", "2001-01-01T00:00:00Z"),
    ],
)
def test_what_is_only_to_read_may_be_sent_back_and_changes_nothing(api, user, field, value):
    before = getattr(user, field)
    response = api.patch(URL, {field: value, "display_name": "Ann"})
    assert response.status_code == 200
    user.refresh_from_db()
    assert (getattr(user, field), user.display_name) == (before, "Ann")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("is_superuser", True),
        ("is_active", False),
        ("kind", "simulated"),
        ("password", "another passphrase"),
        ("id", 1),
    ],
)
def test_what_is_not_shown_cannot_be_sent(api, user, field, value):
    before = getattr(user, field)
    response = api.patch(URL, {field: value, "display_name": "Ann"})
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, "unknown_field")]
    user.refresh_from_db()
    assert (getattr(user, field), user.display_name) == (before, "Viewer")


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": "x" * 81},
        {"display_name": None},
        {"display_name": "nul\0"},
        {"language": ""},
        {"language": "x" * 9},
        {"region": "AUT"},
        {"region": 43},
        [],
    ],
)
def test_refuses_values_that_do_not_fit(api, user, body):
    response = api.patch(URL, body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    user.refresh_from_db()
    assert (user.display_name, user.language, user.region) == ("Viewer", "en", "")


def test_a_change_writes_nothing_but_its_own_fields(user):
    """An operator may deactivate the account between our reading and our writing it."""
    serializer = AccountSerializer(UserFactory._meta.model.objects.get(pk=user.pk), {"region": "AT"}, partial=True)
    user.is_active = False
    user.save()
    serializer.is_valid(raise_exception=True)
    serializer.save()
    user.refresh_from_db()
    assert (user.region, user.is_active) == ("AT", False)


@pytest.mark.parametrize("method", ["put", "post"])
def test_knows_no_other_method(api, method):
    response = getattr(api, method)(URL)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_a_view_that_lets_anybody_in_cannot_ask_who_is_signed_in(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    with pytest.raises(TypeError, match="must require a signed-in caller"):
        signed_in(request)
