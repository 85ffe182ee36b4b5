"""Signed-in clients that read, write, and remember what they were told, so that it can be held against the tables.

A write without an answer, or with a 503, is sent again as it was, until somebody acknowledges it: that must not do its
work twice either.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

REFUSED, CUT, SILENT = -1, -2, -3  # in place of a status: no connection, closed without an answer, none in PATIENCE
PATIENCE = 45.0  # seconds
AGAIN = 1.0  # seconds until a write that nobody acknowledged is sent again
LAST_TRIES = 80.0  # seconds: a worker that died with an Idempotency-Key in hand holds it for 60
PASSWORD = "four words nobody guesses"  # noqa: S105  # of accounts that live as long as the drill
FAVORITE, RATING, VIEWING = "favorite", "rating", "viewing"


@dataclass(frozen=True)
class Got:
    """One answer: when it was asked for and came (seconds, monotonic), its status, and what is wrong with its form."""

    what: str
    at: float
    until: float
    status: int
    wrong: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300 or self.status == 409  # 409: the first try under this key is still at work


@dataclass
class Write:
    """What a client wants kept, and what it was told: ``version`` of its library once somebody acknowledged it."""

    kind: str
    film: int
    value: float = 0.0
    key: str = ""
    watched_at: str = ""
    version: int | None = None
    acknowledged: bool = False
    try_at: float = 0.0

    def request(self) -> tuple[str, str, dict[str, Any], dict[str, str]]:
        """Method, path, body and headers."""
        if self.kind == FAVORITE:
            return "PUT", f"favorites/{self.film}/", {}, {}
        if self.kind == RATING:
            return "PUT", f"ratings/{self.film}/", {"value": self.value}, {}
        body = {"tmdb_id": self.film, "watched_at": self.watched_at}
        if self.key.startswith("header-"):
            return "POST", "history/", body, {"Idempotency-Key": self.key}
        return "POST", "history/", body | {"client_id": self.key}, {}


@dataclass
class Told:
    """What one client asked for and heard."""

    email: str
    got: list[Got] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)


def form(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """What is wrong with an answer's form; "" where it is as an API's should be."""
    if status == 204:
        return ""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"{status} is not JSON: {body[:60]!r}"
    if status < 400:
        return ""
    if not isinstance(told, dict) or told.get("success") is not False or not told.get("code"):
        return f"{status} without the envelope: {body[:60]!r}"
    if status == 503 and "Retry-After" not in headers:
        return f"503 without Retry-After: {told['code']}"
    return ""


class Caller:
    """One connection, as Caddy would pass its requests on: with an address of its own, over HTTPS."""

    def __init__(self, port: int, address: str, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.headers = {"Content-Type": "application/json", "X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        self.headers |= {"Authorization": f"Bearer {token}"} if token else {}

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Got, dict[str, Any]]:
        """What came, and its envelope."""
        began = time.monotonic()
        data = None if body is None else orjson.dumps(body)
        wrong = ""
        told: dict[str, Any] = {}
        try:
            self.connection.request(method, f"/api/v1/{path}", data, {**self.headers, **(headers or {})})
            answer = self.connection.getresponse()
            content, status = answer.read(), answer.status
            wrong = form(status, dict(answer.headers), content)
            told = orjson.loads(content) if content.startswith(b"{") else {}
        except ConnectionRefusedError:
            status = REFUSED
        except TimeoutError:
            status = SILENT
        except (OSError, http.client.HTTPException):
            status = CUT
        if status < 0:
            self.connection.close()
        return Got(f"{method} {path}", began, time.monotonic(), status, wrong), told


class Client(threading.Thread):
    """Four reads, then a write, as fast as ``pause`` lets it."""

    def __init__(self, port: int, number: int, films: Sequence[int], rare: Sequence[int], pause: float) -> None:
        super().__init__(daemon=True)
        self.chance = random.Random(number)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.told = Told(f"drill-{number}-{uuid4().hex[:8]}@example.org")
        visitor = Caller(port, address)
        body = {"email": self.told.email, "password": PASSWORD}
        got, envelope = visitor.ask("POST", "auth/register/", body)
        assert got.status == 201, (got, envelope)
        self.caller = Caller(port, address, envelope["data"]["access"])
        self.films, self.rare, self.pause = films, rare, pause
        self.unliked = self.chance.sample(films, len(films))
        self.again: list[Write] = []
        self.enough = threading.Event()

    def run(self) -> None:
        turn = self.chance.randrange(5)
        while not self.enough.is_set():
            if turn % 5 == 4:
                self.write()
            else:
                self.read()
            turn += 1
            self.enough.wait(self.pause * self.chance.uniform(0.5, 1.5))
        end = time.monotonic() + LAST_TRIES
        while self.again and time.monotonic() < end:
            time.sleep(AGAIN)
            self.send(self.again.pop(0))

    def read(self) -> None:
        film = self.chance.choice(self.films)
        path = self.chance.choices(
            [
                "recommendations/",
                self.chance.choice(["movies/trending/", "movies/popular/", "movies/top-rated/", "movies/"]),
                f"movies/{film}/",
                f"movies/{self.chance.choice(self.rare)}/",
                "favorites/",
                "ratings/",
                "auth/me/",
                f"movies/search/?query={self.chance.choice(['forest', 'star', 'love', 'matrix'])}",
            ],
            [30, 25, 15, 5, 10, 5, 5, 5],
        )[0]
        got, _ = self.caller.ask("GET", path)
        self.told.got.append(got)

    def write(self) -> None:
        due = next((one for one in self.again if one.try_at < time.monotonic()), None)
        if due:
            self.again.remove(due)
            self.send(due)
            return
        made = self.new()
        self.told.writes.append(made)
        self.send(made)

    def new(self) -> Write:
        kind = self.chance.choice([FAVORITE, RATING, VIEWING])
        film = self.chance.choice(self.films)
        if kind == FAVORITE:
            return Write(FAVORITE, self.unliked.pop() if self.unliked else film)
        if kind == RATING:
            return Write(RATING, self.chance.choice(self.films[:20]), value=self.chance.randint(1, 20) / 2)
        key = f"{self.chance.choice(['header', 'body'])}-{uuid4().hex}"
        return Write(VIEWING, film, key=key, watched_at=datetime.now(UTC).isoformat())  # to the microsecond: its name

    def send(self, write: Write) -> None:
        method, path, body, headers = write.request()
        got, envelope = self.caller.ask(method, path, body, headers)
        self.told.got.append(got)
        if 200 <= got.status < 300:
            write.acknowledged = True
            write.version = (envelope.get("data") or {}).get("version")
        elif write.kind != RATING:  # an old rating must not come after a newer one
            write.try_at = time.monotonic() + AGAIN
            self.again.append(write)


@dataclass
class Kept:
    """What the tables hold of one client."""

    favorites: set[int] = field(default_factory=set)
    ratings: dict[int, tuple[float, int]] = field(default_factory=dict)  # value and version, by film
    viewings: list[str] = field(default_factory=list)  # when it was watched


@dataclass
class Verdict:
    acknowledged: int = 0
    never: int = 0  # sent again and again, and acknowledged by nobody to the end
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            self.acknowledged + other.acknowledged,
            self.never + other.never,
            self.lost + other.lost,
            self.doubled + other.doubled,
        )


def judge(told: Told, kept: Kept) -> Verdict:
    """What was acknowledged to this client and is not in the tables, and what is there more than once."""
    said = [write for write in told.writes if write.acknowledged]
    verdict = Verdict(len(said), sum(not one.acknowledged and one.kind != RATING for one in told.writes))
    times = {write.watched_at: kept.viewings.count(write.watched_at) for write in told.writes if write.kind == VIEWING}
    for write in said:
        if write.kind == FAVORITE and write.film not in kept.favorites:
            verdict.lost.append(f"{told.email}: favorite {write.film}")
        if write.kind == VIEWING and not times[write.watched_at]:
            verdict.lost.append(f"{told.email}: viewing {write.key}")
    verdict.doubled += [f"{told.email}: viewing of {at}" for at, number in times.items() if number > 1]
    verdict.lost += [f"{told.email}: rating of {film}" for film in _ratings_lost(told.writes, kept)]
    return verdict


def _ratings_lost(writes: Iterable[Write], kept: Kept) -> list[int]:
    """Films whose rating is neither the newest acknowledged one nor a newer one that nobody acknowledged."""
    newest: dict[int, Write] = {}
    unsure: dict[int, set[float]] = {}
    for write in (one for one in writes if one.kind == RATING):
        if write.version is None:
            unsure.setdefault(write.film, set()).add(write.value)
        elif write.film not in newest or (newest[write.film].version or 0) <= write.version:
            newest[write.film] = write
    return [
        film for film, write in newest.items() if not _holds(kept.ratings.get(film), write, unsure.get(film, set()))
    ]


def _holds(row: tuple[float, int] | None, write: Write, unsure: set[float]) -> bool:
    if row is None or write.version is None:
        return False
    value, version = row
    return value == write.value if version == write.version else version > write.version and value in unsure
