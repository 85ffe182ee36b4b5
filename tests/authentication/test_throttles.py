import pytest

from tests.authentication.test_login import CountingHasher
from tests.factories import PASSWORD, UserFactory
from tests.utils.test_throttling import allow

LOGIN = "/api/v1/auth/login/"
REGISTER = "/api/v1/auth/register/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return UserFactory(email="ann@example.org")


@pytest.fixture
def log_in(anonymous):
    def log_in(email="ann@example.org", password=PASSWORD, address="203.0.113.7", **headers):
        return anonymous.post(LOGIN, {"email": email, "password": password}, REMOTE_ADDR=address, **headers)

    return log_in


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_known_and_unknown_accounts_are_refused_alike_and_before_any_hash(settings, ann, log_in, email):
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]
    allow(settings, login="3/minute;100/hour")
    answers = [log_in(email, "not the password") for _ in range(3)]
    assert [(answer.status_code, answer["RateLimit-Remaining"]) for answer in answers] == [
        (401, "2"),
        (401, "1"),
        (401, "0"),
    ]
    before = CountingHasher.hashes
    refused = log_in(email, PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert CountingHasher.hashes == before


def test_every_spelling_of_an_address_is_one_account(settings, ann, log_in):
    allow(settings, login="3/minute")
    spellings = [
        "ann@example.org",
        " ANN@example.org ",
        "\uff21nn@example.org",  # a fullwidth A
        "ann@EXAMPLE.org",
    ]
    assert [log_in(spelling).status_code for spelling in spellings] == [200, 200, 200, 429]


def test_a_stranger_does_not_lock_the_owner_out(settings, ann, log_in):
    allow(settings, login="3/minute", login_account="6/minute", login_address="50/minute")
    for _ in range(30):
        log_in(password="a guess", address="198.51.100.66")
    assert [log_in().status_code for _ in range(2)] == [200, 200]


def test_many_addresses_together_guess_at_one_account_no_faster(settings, ann, log_in):
    allow(settings, login="3/minute", login_account="5/minute")
    answers = [log_in(password="a guess", address=f"198.51.100.{n}").status_code for n in range(10)]
    assert answers.count(401) == 5
    assert answers.count(429) == 5


def test_one_address_does_not_try_many_accounts(settings, log_in):
    allow(settings, login="3/minute", login_address="4/minute")
    assert [log_in(f"user{n}@example.org").status_code for n in range(6)] == [401] * 4 + [429] * 2


def test_an_ipv6_network_is_one_address(settings, ann, log_in):
    allow(settings, login="2/minute")
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:2::3", "2001:db8:1:3::1"]
    assert [log_in(address=address).status_code for address in addresses] == [200, 200, 429, 200]


def test_the_right_password_resets_nothing(settings, ann, log_in):
    allow(settings, login="3/minute", login_account="5/minute")
    guesses = [log_in(password="a guess", address="198.51.100.66").status_code for _ in range(2)]
    assert log_in().status_code == 200
    guesses += [log_in(password="a guess", address="198.51.100.66").status_code for _ in range(2)]
    assert guesses == [401, 401, 401, 429]


def test_a_forged_header_changes_nothing(settings, ann, log_in):
    allow(settings, login="2/minute")
    answers = [log_in(HTTP_X_FORWARDED_FOR=f"192.0.2.{n}", HTTP_X_REAL_IP=f"192.0.2.{n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]


def test_behind_a_proxy_of_ours_each_client_is_one_and_a_forged_header_changes_nothing(settings, ann, log_in):
    settings.TRUSTED_PROXIES = 1
    allow(settings, login="2/minute")

    def through(client, forged):
        return log_in(address="10.0.0.2", HTTP_X_FORWARDED_FOR=f"{forged}, {client}").status_code

    assert [through("203.0.113.7", f"192.0.2.{n}") for n in range(4)] == [200, 200, 429, 429]
    assert through("203.0.113.8", "203.0.113.7") == 200


@pytest.mark.parametrize("body", [{}, [], {"email": 5}, {"email": ["a"]}, {"email": None}])
def test_a_body_without_credentials_is_counted_by_address_alone(settings, anonymous, body):
    allow(settings, login="1/minute", login_account="1/minute", login_address="2/minute")
    assert [anonymous.post(LOGIN, body).status_code for _ in range(3)] == [400, 400, 429]


def test_registration_and_refresh_are_counted_by_address(settings, anonymous, user, sign_in, refresh):
    token = sign_in(user)["refresh"]
    allow(settings, register="2/minute", refresh="1/minute")
    bodies = [{"email": f"new{n}@example.org", "password": PASSWORD} for n in range(3)]
    assert [anonymous.post(REGISTER, body).status_code for body in bodies] == [201, 201, 429]
    assert anonymous.post(REGISTER, bodies[2], REMOTE_ADDR="203.0.113.8").status_code == 201
    assert [refresh(token).status_code for _ in range(2)] == [200, 429]


def test_writes_are_counted_by_user_and_reads_are_not(settings, api, stranger):
    allow(settings, writes="2/minute")

    def rename(client):
        return client.patch("/api/v1/auth/me/", {"display_name": "Ann"})

    answers = [rename(api) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert api.delete("/api/v1/favorites/603/").status_code == 429
    assert rename(stranger).status_code == 200
    read = api.get("/api/v1/auth/me/")
    assert read.status_code == 200
    assert not [name for name in read.headers if name.startswith("RateLimit")]


def test_who_has_written_too_much_may_still_sign_out(settings, api):
    allow(settings, writes="1/minute")
    api.patch("/api/v1/auth/me/", {})
    assert api.patch("/api/v1/auth/me/", {}).status_code == 429
    assert api.post("/api/v1/auth/logout/").status_code == 200


def test_a_caller_without_a_token_uses_up_nobodys_writes(settings, anonymous, api):
    allow(settings, writes="1/minute")
    assert [anonymous.patch("/api/v1/auth/me/", {}).status_code for _ in range(3)] == [401] * 3
    assert api.patch("/api/v1/auth/me/", {}).status_code == 200
