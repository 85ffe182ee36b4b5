"""The requests themselves: data, the same on every run."""

import json
import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.hostile import heads, values
from tests.hostile.surface import Endpoint

JSON = "application/json"
ELSEWHERE = [
    "/",
    "//",
    "//evil.example/",
    "/..",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/api/v1",
    "/api/v1/",
    "/api/v1//movies/",
    "/api/v1/movies%2f",
    "/api/v1/movies/%2e%2e/auth/me/",
    "/api/v1/movies/..;/auth/me/",
    "/api/v1/MOVIES/",
    "/api/v1/movies.json",
    "/api/v2/movies/",
    "/api/v1/%00/",
    "/api/v1/%ED%A0%80/",
    "/api/v1/%FF%FE/",
    "/" + "x" * 8192 + "/",
    "/" + "a/" * 4000,
    "/health/",
    "/health/live/",
    "/health/live/%00",
    "/health/ready/",
    "/metrics",
    "/metrics/",
    "/static/",
    "/static/..%2f..%2fconfig/settings/base.py",
    "/static/%2e%2e/%2e%2e/.env",
    "/.env",
    "/.git/config",
    "/robots.txt\x00",
]


class Hostile(NamedTuple):
    """A request as the server gets it: ``path`` and ``query`` percent-encoded, ``environ`` laid over all."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    environ: dict[str, str] = {}
    media_type: str = JSON
    signed_in: bool = True

    def __str__(self) -> str:
        who = "attacker" if self.signed_in else "nobody"
        sent = f"{self.body[:120]!r} {self.media_type[:80]} {str(self.environ)[:160]}"
        return f"{who}: {self.method} {self.path[:80]}?{self.query[:80]} {sent}"


def requests_to(endpoint: Endpoint, *, share: float = 1) -> list[Hostile]:
    """The attacks on one endpoint; a smaller share keeps those that are after the rights and rows of others."""
    bodies = _by_body(endpoint) if endpoint.writes else _by_body_of_a_read(endpoint)
    others = [*_by_query(endpoint), *_by_head(endpoint), *bodies]
    others += [attack._replace(signed_in=False) for attack in others[::8]]
    dice = random.Random(str(endpoint))
    return [*_by_path(endpoint), *_by_privilege(endpoint), *dice.sample(others, round(len(others) * share))]


def requests_elsewhere(paths: list[str]) -> list[Hostile]:
    """Lighter: what is there is Django's own, and takes a session that no attacker has."""
    plain = [Hostile(method, path) for path in [*ELSEWHERE, *paths] for method in ("GET", "POST", "DELETE", "TRACE")]
    shaped = [
        Hostile("GET", path, environ=environ)
        for path in ("/nothing/", "/admin/", "/health/ready/", "/metrics")
        for environ in heads.HEADERS
    ]
    form = {"media_type": "application/x-www-form-urlencoded"}
    login = [
        Hostile(
            "POST", "/admin/login/", f"next={value}", f"username={value}&password={value}&next={value}".encode(), **form
        )
        for value in values.QUERY_VALUES
    ]
    search = [Hostile("GET", "/admin/", f"q={value}") for value in values.QUERY_VALUES]
    schema = [Hostile("GET", "/api/schema/", query) for query in ("format=../x", "lang=%00", "version=%ED%A0%80")]
    return plain + shaped + login + search + schema


def good_body(endpoint: Endpoint, **changed: object) -> bytes:
    fields = endpoint.fields | changed
    return json.dumps(fields).encode() if fields else b""


def _by_path(endpoint: Endpoint) -> Iterator[Hostile]:
    body = good_body(endpoint)
    if endpoint.template:
        for value in values.PATH_VALUES:
            yield Hostile(endpoint.method, endpoint.template.replace("{}", value), body=body)
    for method in heads.METHODS:
        yield Hostile(method, endpoint.path, body=body)


def _by_query(endpoint: Endpoint) -> Iterator[Hostile]:
    body = good_body(endpoint)
    for query in values.QUERIES:
        yield Hostile(endpoint.method, endpoint.path, query, body)
    for name in endpoint.query:
        for value in values.QUERY_VALUES:
            yield Hostile(endpoint.method, endpoint.path, f"{name}={value}")


def _by_head(endpoint: Endpoint) -> Iterator[Hostile]:
    body = good_body(endpoint)
    for environ in heads.HEADERS:
        yield Hostile(endpoint.method, endpoint.path, "", body, environ)
    for sent in heads.CREDENTIALS:
        yield Hostile(endpoint.method, endpoint.path, "", body, {"HTTP_AUTHORIZATION": sent}, signed_in=False)
    for media_type in heads.MEDIA_TYPES:  # the charset of one counts for the query string as well
        yield Hostile(endpoint.method, endpoint.path, "page=%FF", body or b"{}", media_type=media_type)


def _by_privilege(endpoint: Endpoint) -> Iterator[Hostile]:
    for stolen in values.PRIVILEGES if endpoint.writes else ():
        yield Hostile(endpoint.method, endpoint.path, body=good_body(endpoint, **stolen))
        for name in stolen:
            yield Hostile(endpoint.method, endpoint.path, body=good_body(endpoint, **{name: stolen[name]}))


def _by_body(endpoint: Endpoint) -> Iterator[Hostile]:
    for body in values.BODIES:
        yield Hostile(endpoint.method, endpoint.path, body=body)
    for name in endpoint.fields:
        for literal in _literals():
            yield Hostile(endpoint.method, endpoint.path, body=_with_literal(endpoint, name, literal))
        yield Hostile(endpoint.method, endpoint.path, body=_twice(endpoint, name))


def _by_body_of_a_read(endpoint: Endpoint) -> Iterator[Hostile]:
    for body in (b"{", b"[" * 100_000, b"\xff\x00"):
        yield Hostile(endpoint.method, endpoint.path, body=body)


def _literals() -> list[bytes]:
    texts = [json.dumps(text, ensure_ascii=False).encode() for text in values.TEXTS]
    return [*texts, *(number.encode() for number in values.NUMBERS), *values.LITERALS]


def _with_literal(endpoint: Endpoint, name: str, literal: bytes) -> bytes:
    """The good body but for one value, which may be no JSON at all."""
    rest = {other: value for other, value in endpoint.fields.items() if other != name}
    members = [b"%s: %s" % (json.dumps(key).encode(), json.dumps(value).encode()) for key, value in rest.items()]
    return b"{" + b", ".join([*members, json.dumps(name).encode() + b": " + literal]) + b"}"


def _twice(endpoint: Endpoint, name: str) -> bytes:
    return good_body(endpoint).removesuffix(b"}") + b", " + json.dumps({name: None}).encode().removeprefix(b"{")
