"""Signed-in callers with open connections: one after the other, or all at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count, repeat
from typing import NamedTuple

from benchmarks.http.counting import HEADER

ENGINE = "matrix_factorization"
CALLER_LIKES = 100

_no_films = count(1_000_000_000)  # TMDb ids that the world has not


class Answer(NamedTuple):
    status: int
    body: bytes
    queries: int
    seconds: float


class Caller:
    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, *, counting: bool = False) -> Answer:
        headers = self._headers | {HEADER: "1"} if counting else self._headers
        began = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        body = response.read()
        seconds = time.perf_counter() - began
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
        return Answer(response.status, body, int(response.headers.get(HEADER, 0)), seconds)


def same_question(endpoint: str) -> Iterator[str]:
    return repeat(f"{endpoint}?algorithm={ENGINE}")


def new_questions(endpoint: str) -> Iterator[str]:
    """Each leaves out another film, one that does not exist: a list of its own with the same films."""
    return map(f"{endpoint}?algorithm={ENGINE}&exclude_ids={{}}".format, _no_films)


def in_turn(callers: Sequence[Caller], paths: Iterator[str], requests: int) -> list[Answer]:
    """One request at a time, each by the next caller."""
    return [callers[number % len(callers)].get(next(paths)) for number in range(requests)]


def at_once(callers: Sequence[Caller], paths: Iterator[str], seconds: float) -> list[Answer]:
    """All callers at once, each asking again as soon as it is answered."""
    end = time.monotonic() + seconds

    def ask(caller: Caller) -> list[Answer]:
        answers = []
        while time.monotonic() < end:
            answers.append(caller.get(next(paths)))
        return answers

    with ThreadPoolExecutor(len(callers)) as pool:
        return [answer for answers in pool.map(ask, callers) for answer in answers]
