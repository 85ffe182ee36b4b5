import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from apps.authentication.models import Session, User
from tests.factories import PASSWORD, UserFactory

URL = "/api/v1/auth/login/"

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    hashes = 0

    def encode(self, *args):
        type(self).hashes += 1
        return super().encode(*args)


@pytest.fixture
def hasher(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    return CountingHasher


def test_the_right_password_opens_a_session(anonymous, user, me):
    response = anonymous.post(URL, {"email": user.email, "password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["message"] == "Signed in."
    assert me(response.json()["data"]["access"]).json()["data"]["email"] == user.email
    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.org", "not the password"),
        ("ann@example.org", f"{PASSWORD} "),
        ("nobody@example.org", PASSWORD),
        ("gone@example.org", PASSWORD),
        ("sim:1", PASSWORD),
        ("not an address", PASSWORD),
    ],
)
def test_every_refusal_is_the_same(anonymous, email, password):
    UserFactory(email="ann@example.org")
    UserFactory(email="gone@example.org", is_active=False)
    stand_in = User(kind=User.Kind.SIMULATED, alias="sim:1", is_active=False)
    stand_in.set_password(PASSWORD)
    stand_in.save()
    response = anonymous.post(URL, {"email": email, "password": password})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert (response.json()["code"], response.json()["message"]) == (
        "wrong_credentials",
        "E-mail address or password is wrong.",
    )
    assert not Session.objects.exists()


@pytest.mark.parametrize("email", ["ann@example.org", "gone@example.org", "nobody@example.org"])
def test_every_refusal_costs_one_hash(anonymous, hasher, email):
    UserFactory(email="ann@example.org")
    UserFactory(email="gone@example.org", is_active=False)
    before = hasher.hashes
    anonymous.post(URL, {"email": email, "password": "not the password"})
    assert hasher.hashes == before + 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ann@example.org"},
        {"email": "", "password": ""},
        {"email": "nul\0", "password": PASSWORD},
        {"email": "a" * 255, "password": PASSWORD},
        {"email": ["ann@example.org"], "password": PASSWORD},
    ],
)
def test_refuses_a_body_without_credentials(anonymous, body):
    response = anonymous.post(URL, body)
    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"


@pytest.mark.parametrize("header", ["Bearer stale", "Bearer a b c", "Bearer", "Basic YTpi"])
def test_a_stale_token_does_not_keep_anybody_out(anonymous, user, sign_in, header):
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    answers = [
        anonymous.post("/api/v1/auth/register/", {"email": "new@example.org", "password": PASSWORD}),
        anonymous.post(URL, {"email": user.email, "password": PASSWORD}),
        anonymous.post("/api/v1/auth/token/refresh/", {"refresh": sign_in(user)["refresh"]}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200]


def test_argon2_takes_the_memory_of_a_small_server(settings):
    settings.PASSWORD_HASHERS = ["apps.authentication.hashers.VpsArgon2PasswordHasher"]
    user = UserFactory()
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert user.check_password(PASSWORD)
