"""What only a database with concurrent writers shows."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from apps.authentication.models import Session, User
from apps.authentication.services import session_open
from tests.factories import PASSWORD

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time"),
]
N_CALLERS = 8


def at_once(call, arguments):
    """The answers to calls that begin together, each on its own connection."""
    barrier = Barrier(len(arguments))

    def run(argument):
        barrier.wait(timeout=10)
        try:
            return call(argument)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))


@pytest.mark.parametrize("round_", range(3))
def test_one_refresh_token_shown_by_many_is_exchanged_once_at_most(user, refresh, me, round_):
    token = session_open(user).refresh
    answers = at_once(refresh, [token] * N_CALLERS)
    codes = Counter(answer.status_code for answer in answers)
    assert codes[200] <= 1
    assert codes[200] + codes[401] == N_CALLERS
    assert Session.objects.open().count() <= 1
    live = [a for a in answers if a.status_code == 200 and me(a.json()["data"]["access"]).status_code == 200]
    assert len(live) == Session.objects.open().count()


@pytest.mark.parametrize("round_", range(3))
def test_many_registrations_of_one_address_make_one_user(anonymous, round_):
    spellings = ["ann@example.org", "ANN@example.org", "Ann@Example.ORG", "\uff41nn@example.org"] * (N_CALLERS // 4)
    answers = at_once(
        lambda email: anonymous.post("/api/v1/auth/register/", {"email": email, "password": PASSWORD}), spellings
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: N_CALLERS - 1}
    assert User.objects.count() == 1
