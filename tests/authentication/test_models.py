import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from apps.authentication.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

STAND_IN = {"kind": User.Kind.SIMULATED, "alias": "sim:1", "is_active": False}


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({}, "user_person_has_email_stand_in_has_alias"),
        ({"email": "ann@example.org", "alias": "sim:1"}, "user_person_has_email_stand_in_has_alias"),
        (STAND_IN | {"email": "ann@example.org"}, "user_person_has_email_stand_in_has_alias"),
        (STAND_IN | {"alias": None}, "user_person_has_email_stand_in_has_alias"),
        (STAND_IN | {"is_active": True}, "user_stand_in_cannot_log_in"),
        (STAND_IN | {"is_staff": True}, "user_stand_in_cannot_log_in"),
        (STAND_IN | {"is_superuser": True, "kind": User.Kind.PSEUDONYMOUS}, "user_stand_in_cannot_log_in"),
    ],
)
def test_the_database_knows_who_can_exist(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.create(**fields)


def test_a_stand_in_needs_nothing_but_an_alias():
    stand_in = User.objects.create(**STAND_IN)
    assert (str(stand_in), stand_in.email_key) == ("sim:1", None)


@pytest.mark.parametrize("email", ["ann@example.org", "ANN@Example.org", "\uff41nn@example.org"])
def test_the_database_keeps_one_user_for_all_spellings(email):
    UserFactory(email="Ann@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email=email)


def test_counts_users_by_kind_and_names_every_kind(user):
    simulated = [User.objects.create(**STAND_IN | {"alias": f"sim:{n}"}).pk for n in range(2)]
    uncounted = UserFactory()
    assert User.objects.count_by_kind([user.pk, *simulated]) == {"person": 1, "pseudonymous": 0, "simulated": 2}
    assert uncounted.kind == User.Kind.PERSON


def test_the_first_operator_comes_from_the_command_line(client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="Root@example.org", verbosity=0)
    root = User.objects.get()
    assert (root.is_staff, root.is_superuser, root.kind) == (True, True, User.Kind.PERSON)
    response = client.post("/admin/login/?next=/admin/", {"username": "ROOT@example.org", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200
