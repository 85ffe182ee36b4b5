import itertools
from collections import Counter

import pytest

from apps.authentication.models import Session, User
from apps.authentication.sessions import session_open
from tests.factories import PASSWORD
from tests.threads import at_once, concurrent_writers

pytestmark = concurrent_writers

N_CALLERS = 32


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
    capitals = itertools.product(*((c, c.upper(), chr(ord(c) + 0xFEE0)) for c in "ann"))  # the last is fullwidth
    spellings = ["".join(letters) + "@example.org" for letters in capitals]
    spellings += ["ann@EXAMPLE.org", "Ann@Example.org", "aNN@example.ORG", "ANN@EXAMPLE.ORG", "ann@ex\uff41mple.org"]
    assert len(set(spellings)) == N_CALLERS
    answers = at_once(
        lambda email: anonymous.post("/api/v1/auth/register/", {"email": email, "password": PASSWORD}), spellings
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: N_CALLERS - 1}
    assert User.objects.count() == 1
