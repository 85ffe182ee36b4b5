"""Clients at once over HTTP/1.1 connections of their own: what each asked, what it got, what was acknowledged.

Every client asks what its ``Plan`` says, one question after the other, and every answer is checked: its status, and
that its body is whole and an envelope. ``run`` drives them in processes of their own, so that neither the figures nor
the machine's time of whoever starts them are mixed with theirs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import orjson

BODILESS = (204, 304)
NO_ANSWER = 0  # the status of a question that nobody answered
PATIENCE = 30.0  # seconds
RETREAT = 0.05  # seconds that a client waits after a connection that broke, lest a server that is away be hammered


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. ``kind`` is its line in a report; ``writes`` names what an acknowledgement promises to keep."""

    kind: str
    path: str
    method: str = "GET"
    token: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    expects: tuple[int, ...] = (200,)
    route: str = ""
    writes: tuple[str, ...] = ()

    def raw(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        elif self.method in ("POST", "PUT", "PATCH"):
            lines.append("Content-Length: 0")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Plan(Protocol):
    """What client number so-and-so asks; it is sent to the process of the clients."""

    def questions(self, client: int, chance: random.Random) -> Iterator[Ask]: ...


@dataclass(frozen=True, slots=True)
class Got:
    """One answer: when it was asked for (seconds, monotonic, one clock for all processes), how long it took, what it
    was. ``fault`` says what is wrong with it: a connection that broke, a status or a body that is not as it should be.
    """

    kind: str
    method: str
    route: str
    at: float
    seconds: float
    status: int
    size: int
    fault: str = ""
    on_new: bool = False  # the first question on its connection


@dataclass(frozen=True, slots=True)
class Wrote:
    """A write in the order of its client; ``done`` is None where nobody said whether it was."""

    client: int
    writes: tuple[str, ...]
    body: bytes
    done: bool | None


@dataclass
class Run:
    got: list[Got] = field(default_factory=list)
    wrote: list[Wrote] = field(default_factory=list)
    cpu: float = 0.0  # seconds of processor time that the clients spent
    seconds: float = 0.0

    @property
    def statuses(self) -> dict[int, int]:
        return dict(sorted(Counter(one.status for one in self.got).items()))

    @property
    def faults(self) -> dict[str, int]:
        return dict(Counter(one.fault for one in self.got if one.fault))

    @property
    def failures(self) -> int:
        return sum(bool(one.fault) for one in self.got)

    @property
    def per_second(self) -> float:
        return len(self.got) / self.seconds if self.seconds else 0.0

    @property
    def slowest(self) -> float:
        return max((one.seconds for one in self.got), default=0.0)

    def percentile(self, share: float) -> float:
        """Seconds."""
        return float(np.percentile([one.seconds for one in self.got], share)) if self.got else 0.0

    def where(self, wanted: Callable[[Got], bool]) -> Run:
        return Run([one for one in self.got if wanted(one)], cpu=self.cpu, seconds=self.seconds)

    def of_kind(self, *kinds: str) -> Run:
        return self.where(lambda one: one.kind in kinds)

    def counts(self) -> Counter[tuple[str, str, int]]:
        """Answers by route, method and status."""
        return Counter((one.route, one.method, one.status) for one in self.got if one.status != NO_ANSWER)

    @classmethod
    def together(cls, runs: Iterable[Run]) -> Run:
        whole = cls()
        for run in runs:
            whole.got += run.got
            whole.wrote += run.wrote
            whole.cpu += run.cpu
            whole.seconds = max(whole.seconds, run.seconds)
        return whole


@dataclass(frozen=True)
class Clients:
    """How many, for how long, and how: ``pause`` is the mean of the time that each thinks between two questions (drawn
    evenly from half to one and a half of it); ``limit`` ends each after so many questions; with ``keep_alive`` off each
    question has a connection of its own."""

    number: int
    seconds: float
    pause: float = 0.0
    limit: int | None = None
    keep_alive: bool = True
    host: str = "127.0.0.1"


class Drivers:
    """Processes that clients live in, for one run after another."""

    def __init__(self, processes: int = 1) -> None:
        self.processes = processes
        self._pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
        for _ in self._pool.map(_wake, range(processes)):  # imports are not part of a run
            pass

    def run(self, port: int, plan: Plan, clients: Clients, *, seed: int = 0) -> Run:
        """Returns when the last client has its last answer."""
        shares = [range(clients.number)[place :: self.processes] for place in range(self.processes)]
        parts = [self._pool.submit(here, port, plan, clients, share, seed) for share in shares if share]
        return Run.together(part.result() for part in parts)

    def close(self) -> None:
        self._pool.shutdown()


def run(port: int, plan: Plan, clients: Clients, *, processes: int = 1, seed: int = 0) -> Run:
    """In processes of their own, which end with the run."""
    with closing(Drivers(processes)) as drivers:
        return drivers.run(port, plan, clients, seed=seed)


def here(port: int, plan: Plan, clients: Clients, numbers: Sequence[int] | None = None, seed: int = 0) -> Run:
    """In this process: the clients of these numbers, or all."""
    return asyncio.run(_all(port, plan, clients, range(clients.number) if numbers is None else numbers, seed))


def ask_each(port: int, questions: Iterable[Ask], *, clients: int = 4) -> Run:
    """Ask each question once, in this process."""
    return asyncio.run(_each(port, list(questions), clients))


def _wake(number: int) -> int:
    return number


async def _all(port: int, plan: Plan, clients: Clients, numbers: Sequence[int], seed: int) -> Run:
    part, began, cpu = Run(), time.monotonic(), time.process_time()
    end = began + clients.seconds

    async def client(number: int) -> None:
        chance = random.Random(f"{seed}:{number}")
        connection = Connection(port, host=clients.host, keep_alive=clients.keep_alive)
        left = clients.limit
        await asyncio.sleep(clients.pause * chance.random())
        for ask in plan.questions(number, chance):
            if time.monotonic() >= end or left == 0:
                break
            got = await connection.get(ask)
            note(part, number, ask, got)
            left = None if left is None else left - 1
            if got.status == NO_ANSWER:
                await asyncio.sleep(RETREAT)
            if clients.pause:
                await asyncio.sleep(clients.pause * chance.uniform(0.5, 1.5))
        connection.close()

    await asyncio.gather(*map(client, numbers))
    part.seconds, part.cpu = time.monotonic() - began, time.process_time() - cpu
    return part


async def _each(port: int, questions: list[Ask], clients: int) -> Run:
    part, waiting, began = Run(), iter(questions), time.monotonic()

    async def client(number: int) -> None:
        connection = Connection(port)
        for ask in waiting:
            note(part, number, ask, await connection.get(ask))
        connection.close()

    await asyncio.gather(*map(client, range(clients)))
    part.seconds = time.monotonic() - began
    return part


def note(part: Run, client: int, ask: Ask, got: Got) -> None:
    part.got.append(got)
    if ask.writes:
        said = got.status != NO_ANSWER and got.status < 500
        part.wrote.append(Wrote(client, ask.writes, ask.body, got.status < 300 if said else None))


class Connection:
    def __init__(self, port: int, *, host: str = "127.0.0.1", keep_alive: bool = True) -> None:
        self.port, self.host, self.keep_alive = port, host, keep_alive
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def get(self, ask: Ask) -> Got:
        began, is_new, status, body, fault = time.monotonic(), self.writer is None, NO_ANSWER, b"", ""
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await self._exchange(ask)
                fault = wrong(ask, status, body)
        except asyncio.IncompleteReadError as ended:
            fault = "closed in the middle" if ended.partial else "closed without an answer"
        except ValueError:
            fault = "no HTTP with a length"
        except OSError as broken:  # a timeout is one, too
            fault = type(broken).__name__
        if status == NO_ANSWER or not self.keep_alive:
            self.close()
        seconds = time.monotonic() - began
        return Got(ask.kind, ask.method, ask.route, began, seconds, status, len(body), fault, is_new)

    async def _exchange(self, ask: Ask) -> tuple[int, bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        assert self.reader is not None
        self.writer.write(ask.raw(self.host))
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        body = b"" if status in BODILESS else await self.reader.readexactly(content_length(head))
        if b"\r\nconnection: close" in head:
            self.close()
        return status, body

    def close(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


def content_length(head: bytes) -> int:
    """Of a head in small letters. Raises ValueError without one: an answer in chunks is not one of ours."""
    _, _, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def wrong(ask: Ask, status: int, body: bytes) -> str:
    """What is wrong with an answer: nothing, mostly."""
    if status not in ask.expects:
        return f"status {status}"
    if not ask.path.startswith("/api/v1/") or status in BODILESS:
        return ""
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "no JSON"
    return "" if isinstance(envelope, dict) and envelope.get("success") is (status < 400) else "no envelope"
