"""Answers kept for a while: fresh; then stale, still served while one worker makes them anew; then gone.

An entry is bytes with two ages. Until it is due it is served as it is. After that whoever asks still gets it at once,
and one worker of all processes builds it anew in the background. Where that fails the old one stays, for up to
``CACHE_KEEP_STALE`` seconds. Each process keeps what it served lately; Redis, where there is one, is what the processes
share. Without Redis, or while it is away, a process is on its own: slower, never in error.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from weakref import WeakValueDictionary

import orjson
from django.conf import settings
from django.db import connections
from prometheus_client import Counter

from utils import shared
from utils.exceptions import ApplicationError
from utils.memory import Memory

logger = logging.getLogger(__name__)

REQUESTS = Counter("marquee_cache_requests", "Look-ups by outcome: hit, stale, miss.", ["cache", "outcome"])
BUILDS = Counter("marquee_cache_builds", "Entries made, by outcome: built, failed.", ["cache", "outcome"])

PATIENCE = 3.5  # seconds that a request waits for another one to build what both want
REST = 10.0  # seconds that a failed build is not tried again
QUEUE = 200  # renewals that may wait; more are asked for again by whoever next looks at a stale answer
FLIGHT = 60.0  # seconds after which a builder that fell silent is thought dead
JITTER = 0.1  # of the TTL, at most, earlier: what was built together should not fall due together
VERSION_CHECK = 5.0  # seconds until a flush by one process is seen by all


class Busy(ApplicationError):
    status = 503
    code = "service_unavailable"
    message = "This answer is being made just now; try again in a few seconds."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


@dataclass(frozen=True)
class Entry:
    """What was built; times in seconds since the epoch.

    made_at: when what it says was true. stale_at: when it is too old to be called fresh. due_at: when it is to be
    built anew, a little earlier. missing: there is no such thing, and that is what was found out.
    """

    body: bytes
    made_at: float
    stale_at: float
    due_at: float
    missing: bool = False

    @classmethod
    def of(cls, body: bytes, *, ttl: float, made_at: float | None = None, missing: bool = False) -> Entry:
        """Fresh for ``ttl`` seconds from ``made_at``, which is now unless given; what is stale at birth may rest."""
        now = time.time()
        made_at = now if made_at is None else made_at
        due_at = made_at + ttl * random.uniform(1 - JITTER, 1)  # noqa: S311 - no secret hangs on it
        return cls(body, made_at, stale_at=made_at + ttl, due_at=max(due_at, now + min(REST, ttl)), missing=missing)

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.blake2b(self.body, digest_size=12).hexdigest()

    @property
    def age(self) -> int:
        return max(0, int(time.time() - self.made_at))

    @property
    def stale(self) -> bool:
        return time.time() >= self.stale_at

    @property
    def due(self) -> bool:
        return time.time() >= self.due_at

    @property
    def gone_at(self) -> float:
        return self.due_at + float(settings.CACHE_KEEP_STALE)

    def packed(self) -> bytes:
        return orjson.dumps([self.made_at, self.stale_at, self.due_at, self.missing]) + b"\n" + self.body

    @classmethod
    def unpacked(cls, packed: bytes) -> Entry | None:
        """None for what another release packed in another way."""
        head, _, body = packed.partition(b"\n")
        try:
            return cls(body, *orjson.loads(head))
        except (TypeError, ValueError):
            return None


Build = Callable[[], Entry]

_entries: Memory[Entry] = Memory(settings.CACHE_LOCAL_BYTES, weigh=lambda kept: len(kept.body) + 500)
_resting: Memory[bool] = Memory(10_000)  # keys that are not to be built anew just now
_failures: Memory[ApplicationError] = Memory(1_000)  # why a key could not be built a moment ago
_flights: WeakValueDictionary[str, Lock] = WeakValueDictionary()
_flights_guard = Lock()
_renewals: set[str] = set()  # keys that the pool has before it
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="cache")


def forget_all() -> None:
    """What this process keeps; a test begins so."""
    for memory in (_entries, _resting, _failures):
        memory.clear()
    _renewals.clear()


def purge() -> None:
    """What all processes share, and this one keeps: for when nothing may be left."""
    forget_all()
    shared.forget(f"{settings.CACHE_PREFIX}:*")


@contextmanager
def flight(key: str, patience: float = PATIENCE) -> Iterator[None]:
    """One at a time of all threads and processes under this key; raises Busy when the others take too long."""
    end = time.monotonic() + patience
    with _flights_guard:
        lock = _flights.setdefault(key, Lock())
    if not lock.acquire(timeout=patience):
        raise Busy
    try:
        left = max(0.0, end - time.monotonic())
        with shared.lock(f"{settings.CACHE_PREFIX}:flight:{key}", hold=FLIGHT, patience=left) as ours:
            if not ours:
                raise Busy
            yield
    finally:
        lock.release()


def _log_failure(done: Future[None]) -> None:
    """Nobody waits for the result of a thread."""
    if failure := done.exception():
        logger.error("an answer could not be built anew", exc_info=failure)


class Cache:
    """Entries of one kind, under one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._version = 0
        self._version_checked = 0.0

    @property
    def ttl(self) -> int:
        """Seconds."""
        return int(settings.CACHE_TTL[self.name])

    def get(self, key: str, renew: Build) -> Entry | None:
        """What is kept, fresh or stale; one that is due is built anew in the background, by ``renew``."""
        key = self._versioned(key)
        kept = self._newest(key)
        if kept and kept.due and key not in _resting:
            self._renew(key, renew)
        return kept

    def get_or_build(self, key: str, build: Build, *, renew: Build | None = None) -> Entry:
        """What is kept, fresh or stale, or else built now, by one of all who ask; ``renew`` is ``build`` unless given.

        Raises what ``build`` raises, and Busy where another builder takes too long.
        """
        kept = self.get(key, renew or build)
        self.count(kept)
        return kept or self._build_once(self._versioned(key), build)

    def warm(self, key: str, build: Build) -> None:
        """Build what is not kept, or due. Raises what ``build`` raises, and Busy while another builds it."""
        self._build_if_due(self._versioned(key), build, patience=PATIENCE)

    def flush(self) -> None:
        """Forget everything, in every process, within VERSION_CHECK seconds."""
        self._version, self._version_checked = time.time_ns(), time.time()
        self._tell_version()

    def count(self, kept: Entry | None) -> None:
        """That somebody looked this up."""
        outcome = "miss" if kept is None else "stale" if kept.stale else "hit"
        REQUESTS.labels(self.name, outcome).inc()

    def _build_once(self, key: str, build: Build) -> Entry:
        if failure := _failures.get(key):
            raise failure.with_traceback(None)
        with flight(key):
            if failure := _failures.get(key):  # of whoever flew before us
                raise failure.with_traceback(None)
            if kept := self._newest(key):
                return kept
            try:
                return self._built(key, build)
            except ApplicationError as failure:
                _failures.put(key, failure, until=time.time() + REST / 2)
                raise

    def _build_if_due(self, key: str, build: Build, *, patience: float) -> None:
        with flight(key, patience):
            _resting.pop(key)
            kept = self._newest(key)
            if kept is None or kept.due:
                self._built(key, build)

    def _built(self, key: str, build: Build) -> Entry:
        outcome = "failed"
        try:
            made = build()
            outcome = "built"
        finally:
            BUILDS.labels(self.name, outcome).inc()
        _entries.put(key, made, until=made.gone_at)
        shared.put(key, made.packed(), seconds=int(made.gone_at - time.time()))
        return made

    def _renew(self, key: str, build: Build) -> None:
        with _flights_guard:
            if key in _renewals or len(_renewals) >= QUEUE:
                return
            _renewals.add(key)
        if settings.JOBS_EAGER:
            self._renewed(key, build)
        else:
            _pool.submit(self._renewed_in_background, key, build).add_done_callback(_log_failure)

    def _renewed(self, key: str, build: Build) -> None:
        """Build what nobody else has in hand; after a failure the old one stays, and is let rest."""
        pause = REST
        try:
            self._build_if_due(key, build, patience=0.01)
            pause = 0.0
        except Busy:
            pause = 1.0
        except ApplicationError as failure:
            logger.warning("%s stays stale: %s", key, failure)
        finally:
            _resting.put(key, True, until=time.time() + pause)
            with _flights_guard:
                _renewals.discard(key)

    def _renewed_in_background(self, key: str, build: Build) -> None:
        try:
            self._renewed(key, build)
        finally:
            connections.close_all()

    def _newest(self, key: str) -> Entry | None:
        """The entry of this process, or a newer one that another process has shared."""
        own = _entries.get(key)
        if own and (not own.due or key in _resting):
            return own
        packed = shared.get(key)
        theirs = Entry.unpacked(packed) if packed else None
        if theirs is None or (own and own.due_at >= theirs.due_at):
            return own
        _entries.put(key, theirs, until=theirs.gone_at)
        return theirs

    def _versioned(self, key: str) -> str:
        return f"{settings.CACHE_PREFIX}:{self.name}:{self._current_version()}:{key}"

    @property
    def _version_key(self) -> str:
        return f"{settings.CACHE_PREFIX}:version:{self.name}"

    def _current_version(self) -> int:
        """What a flush raises, and nothing lowers: who knows a newer one than Redis does tells it."""
        now = time.time()
        if now - self._version_checked > VERSION_CHECK:
            self._version_checked = now
            told = int(shared.get(self._version_key) or 0)
            if told < self._version:
                self._tell_version()
            self._version = max(self._version, told)
        return self._version

    def _tell_version(self) -> None:
        longest = settings.CACHE_KEEP_STALE + max(settings.CACHE_TTL.values())  # no entry of an older one is left then
        shared.put(self._version_key, b"%d" % self._version, seconds=longest)
