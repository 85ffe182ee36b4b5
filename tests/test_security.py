"""Attacks on no endpoint in particular: tokens that bring more than they should, and the edges of the server."""

import gzip
import hmac
import json
import pickle
import re
import zlib
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.cache import cache
from django.urls import get_resolver
from django_redis import get_redis_connection
from jwt import get_unverified_header
from jwt.utils import base64url_decode
from rest_framework.test import APIClient

from apps.authentication.sessions import session_open
from config.settings import base
from tests.factories import PASSWORD, UserFactory
from tests.fake_tmdb import FakeTMDb
from tests.test_private_endpoints import ENDPOINTS, NO_UUID, patterns
from tests.utils.test_shared import needs_redis
from tests.utils.test_throttling import allow
from tests.utils.tmdb_client.asking import client_of, error_of
from utils.tmdb_client import TMDbUnavailable

ME, REGISTER = "/api/v1/auth/me/", "/api/v1/auth/register/"
NO_ENDPOINTS = {"/api/schema/", "/api/docs/", "/api/redoc/"}  # these describe it
CLAIMS = {"token_type", "exp", "iat", "jti", "sub", "sid", "iss", "aud"}
OUR_KEY = django_settings.JWT_SIGNING_KEY.encode()
THEIR_KEY = b"a key of the attacker's that is long enough to sign"


def text_of(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def segments_of(token):
    """Header and claims, as bytes."""
    head, body, _ = token.split(".")
    return base64url_decode(head), base64url_decode(body)


def rebuilt(token, *, key=OUR_KEY, digest="sha256", body=None, **header):
    """The token's claims under another header, signed by hand: no library refuses to write what it should not read."""
    head, claims = segments_of(token)
    named = json.dumps(json.loads(head) | header, separators=(",", ":")).encode()
    signed = f"{text_of(named)}.{text_of(body or claims)}"
    return f"{signed}.{text_of(hmac.digest(key, signed.encode(), digest)) if key else ''}"


@pytest.fixture
def access(user):
    return session_open(user).access


@pytest.fixture
def status_of():
    """What the bearer of a token is answered."""
    return lambda token: APIClient().get(ME, HTTP_AUTHORIZATION=f"Bearer {token}").status_code


@pytest.fixture
def asked():
    """The URL of a server that hands out the attacker's key, and what it was asked for."""
    paths = []

    class KeyServer(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(THEIR_KEY)

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), KeyServer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


# --- Tokens ----------------------------------------------------------------------------------------


def test_a_token_that_is_rebuilt_unchanged_is_as_good(access, status_of):
    """What the attacks below change is all that is wrong with them."""
    assert rebuilt(access) == access
    assert status_of(rebuilt(access)) == 200


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    ("named", "digest"),
    [("HS384", "sha384"), ("HS512", "sha512"), ("HS512", "sha256"), ("hs256", "sha256"), ("RS256", "sha256")],
)
def test_one_algorithm_is_heard_whatever_a_token_names_even_under_our_own_key(access, status_of, named, digest):
    assert get_unverified_header(access)["alg"] == "HS256"
    assert status_of(rebuilt(access, alg=named, digest=digest)) == 401


@pytest.mark.parametrize("named", ["none", "None", "NONE", "nOnE", "", None])
def test_a_token_without_a_signature_is_none(access, status_of, named):
    assert status_of(rebuilt(access, alg=named, key=b"")) == 401
    assert status_of(rebuilt(access, alg=named)) == 401


@pytest.mark.parametrize("name", ["jwk", "epk"])
def test_a_token_brings_no_key_of_its_own(access, status_of, name):
    brought = {"kty": "oct", "alg": "HS256", "k": text_of(THEIR_KEY)}
    assert status_of(rebuilt(access, key=THEIR_KEY, **{name: brought})) == 401


@pytest.mark.parametrize("kid", ["../../../../dev/null", "' or 1=1 --", "/proc/self/environ", "x\0y"])
def test_the_name_of_a_key_is_not_looked_up(access, status_of, kid):
    assert status_of(rebuilt(access, key=THEIR_KEY, kid=kid)) == 401
    assert status_of(rebuilt(access, key=b"\0", kid=kid)) == 401


@pytest.mark.parametrize("name", ["jku", "x5u", "kid", "iss"])
def test_no_address_in_a_token_is_asked_for_a_key(access, status_of, asked, name):
    url, paths = asked
    assert status_of(rebuilt(access, key=THEIR_KEY, **{name: f"{url}/keys"})) == 401
    assert paths == []


def test_a_compressed_token_is_not_unpacked(access, status_of):
    packed = zlib.compress(segments_of(access)[1])
    assert status_of(rebuilt(access, body=packed, zip="DEF")) == 401


@pytest.mark.parametrize("algorithm", ["dir", "A256KW", "PBES2-HS256+A128KW", "RSA-OAEP", "ECDH-ES"])
def test_an_encrypted_token_is_not_opened(access, status_of, algorithm):
    header = text_of(json.dumps({"alg": algorithm, "enc": "A256GCM", "zip": "DEF", "p2c": 10**9}).encode())
    assert status_of(f"{header}.{'.'.join([text_of(b'x' * 32)] * 4)}") == 401


@pytest.mark.django_db
def test_a_token_holds_ids_in_ascii_and_no_word_of_a_persons():
    user = UserFactory(email="zoë@example.org", display_name="Zoë")
    for token in (session_open(user).access, session_open(user).refresh):
        head, body = segments_of(token)
        claims = json.loads(body)
        assert json.loads(head) == {"alg": "HS256", "typ": "JWT"}
        assert set(claims) == CLAIMS
        assert all(str(value).isascii() for value in claims.values())


# --- Passwords -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_nine_characters_are_too_few_however_hard_to_guess(anonymous):
    def registered(password):
        return anonymous.post(REGISTER, {"email": "ann@example.org", "password": password})

    refused = registered("xK9$mQ2vL")
    assert (refused.status_code, [error["code"] for error in refused.json()["errors"]]) == (400, ["weak_password"])
    assert registered("xK9$mQ2vL!").status_code == 201


@pytest.mark.django_db
def test_outside_of_tests_a_password_is_kept_as_argon2id(settings):
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS
    assert UserFactory(password=PASSWORD).password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


# --- The server ------------------------------------------------------------------------------------


def test_every_endpoint_is_described_and_nothing_else_is_answered():
    document = yaml.safe_load((base.BASE_DIR / "docs" / "openapi.yaml").read_text())
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "1", re.sub(r"\{(sid|job)\}", NO_UUID, path)))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert described == set(ENDPOINTS)
    answered = {path for path, _ in patterns(get_resolver()) if not path.startswith("/admin/")}
    assert answered == {path for _, path in ENDPOINTS} | NO_ENDPOINTS


def test_exports_are_few(settings, api):
    allow(settings, export="2/minute")
    answers = [api.get("/api/v1/auth/export/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    for answer in answers:
        answer.close()


@needs_redis
def test_what_lies_in_redis_is_read_and_never_run():
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("a pickle was opened",)

    get_redis_connection("default").set(cache.make_key("security-test"), pickle.dumps(Bomb()), ex=60)
    with pytest.raises(ValueError, match=r"codec|JSON|Expecting"):
        cache.get("security-test")


# --- TMDb ------------------------------------------------------------------------------------------


@pytest.fixture
def server():
    with FakeTMDb(n_films=20) as fake:
        yield fake


def test_no_proxy_that_the_environment_names_hears_of_tmdb(server, asked, monkeypatch):
    url, paths = asked
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client_of(server).listing("popular").results
    assert paths == []


def test_a_small_answer_that_unpacks_to_a_large_one_is_no_answer(server):
    film = b'{"page": 1, "total_pages": 1, "total_results": 1, "results": [{"id": 7, "title": "A film"}]'
    server.answer("/movie/popular", 200, gzip.compress(film + b"}"), {"Content-Encoding": "gzip"})
    assert client_of(server).listing("popular").results
    large = film + b" " * 2**24 + b"}"
    server.answer("/movie/popular", 200, gzip.compress(large), {"Content-Encoding": "gzip"})
    assert isinstance(error_of(lambda: client_of(server, attempts=1).listing("popular")), TMDbUnavailable)
