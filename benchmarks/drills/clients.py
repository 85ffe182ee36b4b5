"""Clients at once, each with an open connection and a pace of its own: what they got, and how long it took."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson


@dataclass(frozen=True)
class Got:
    """One answer: when it was asked for (seconds, monotonic), how long it took, what it was."""

    path: str
    at: float
    seconds: float
    status: int
    stale: bool
    retry_after: str


@dataclass
class Run:
    got: list[Got] = field(default_factory=list)

    @property
    def statuses(self) -> dict[int, int]:
        return dict(sorted(Counter(one.status for one in self.got).items()))

    @property
    def failures(self) -> int:
        return sum(one.status >= 500 or one.status == 0 for one in self.got)

    @property
    def stale(self) -> int:
        return sum(one.stale for one in self.got)

    @property
    def slowest(self) -> float:
        return max((one.seconds for one in self.got), default=0.0)

    def percentile(self, share: float) -> float:
        """Seconds."""
        return float(np.percentile([one.seconds for one in self.got], share)) if self.got else 0.0

    def where(self, wanted: Callable[[Got], bool]) -> Run:
        return Run([one for one in self.got if wanted(one)])


def load(port: int, paths: Sequence[str], *, clients: int, seconds: float, pause: float) -> Run:
    """Ask for paths at random, ``clients`` at once, each pausing about ``pause`` seconds between two questions."""
    return asyncio.run(_load(port, paths, clients, seconds, pause))


def ask_each(port: int, paths: Iterable[str], *, clients: int) -> Run:
    """Ask for each path once."""
    return asyncio.run(_ask_each(port, list(paths), clients))


async def _load(port: int, paths: Sequence[str], clients: int, seconds: float, pause: float) -> Run:
    run, end = Run(), time.monotonic() + seconds

    async def client(number: int) -> None:
        chance = random.Random(number)
        connection = _Connection(port)
        await asyncio.sleep(pause * chance.random())
        while time.monotonic() < end:
            run.got.append(await connection.get(chance.choice(paths)))
            await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
        connection.close()

    await asyncio.gather(*map(client, range(clients)))
    return run


async def _ask_each(port: int, paths: list[str], clients: int) -> Run:
    run, waiting = Run(), iter(paths)

    async def client() -> None:
        connection = _Connection(port)
        for path in waiting:
            run.got.append(await connection.get(path))
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return run


class _Connection:
    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> Got:
        began = time.monotonic()
        headers: dict[str, str] = {}
        status, body = 0, b""
        try:
            async with asyncio.timeout(30):
                status, headers, body = await self._exchange(path)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
        told = orjson.loads(body) if body.startswith(b"{") else {}
        stale = bool((told.get("meta") or {}).get("stale"))
        return Got(path, began, time.monotonic() - began, status, stale, headers.get("retry-after", ""))

    async def _exchange(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader is not None
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        status = int((await self.reader.readline()).split()[1])
        headers: dict[str, str] = {}
        while line := (await self.reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return status, headers, body

    def close(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None
