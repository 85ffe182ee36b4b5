"""How often TMDb is asked: at most so many times a second, and not while it fails."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pybreaker
from django.conf import settings
from django_redis import get_redis_connection
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import Gauge

from utils import shared
from utils.tmdb_client.errors import TMDbUnauthorised, TMDbUnavailable

logger = logging.getLogger(__name__)

BREAKER_OPEN = Gauge("marquee_tmdb_breaker_open", "1 while TMDb is not being asked.", multiprocess_mode="livemax")

FAIL_MAX = 5
RESET_TIMEOUT = 10.0


class RateLimit:
    """Slots of one second, shared by all processes through Redis where there is one."""

    SETTLING = 0.15

    def __init__(self, per_second: int, *, with_redis: bool) -> None:
        self._per_second = max(1, per_second)
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._memory_lock = threading.Lock()  # MemoryStorage may drop the lock of a key that another thread waits for
        self._redis = MovingWindowRateLimiter(_redis_storage()) if with_redis else None
        self._crowded_until = 0.0

    def take(self, *, deadline: float, reserve: float = 0.0) -> None:
        """Wait for a slot until ``deadline``. A reserve leaves that share of the rate to those who have none."""
        if reserve:
            self._wait("tmdb-jobs", 1 - reserve, deadline)
        self._wait("tmdb", 1.0, deadline)
        if time.monotonic() < self._crowded_until:
            # A second ago another request took this slot, and reached TMDb some time after that: without
            # this pause, sixty calls of eight threads had 25 in one second of 20.
            time.sleep(self.SETTLING)

    def _wait(self, window: str, share: float, deadline: float) -> None:
        while not self._hit(window, share):
            if time.monotonic() + self.SETTLING >= deadline:
                raise TMDbUnavailable("no slot in the rate limit", retry_after=1.0, asked=False)
            self._crowded_until = time.monotonic() + 1.0
            time.sleep(self._pause(deadline))

    def _pause(self, deadline: float) -> float:
        jitter = 0.5 + (time.monotonic_ns() // 1000 % 1000) / 1000
        return max(0.005, min(jitter / self._per_second, 0.1, deadline - time.monotonic()))

    def _hit(self, window: str, share: float) -> bool:
        redis = self._redis
        if redis is None:
            return self._hit_memory(self._slots(share), window)
        unknown: bool | None = None
        taken = shared.ask(lambda _connection: redis.hit(self._slots(share), window), unknown)
        if taken is None:  # Redis is away: a quarter for each of our processes is the rate for all of them
            return self._hit_memory(self._slots(share / 4), window)
        return taken

    def _hit_memory(self, slots: RateLimitItem, window: str) -> bool:
        with self._memory_lock:
            return self._memory.hit(slots, window)

    def _slots(self, share: float) -> RateLimitItem:
        return RateLimitItemPerSecond(max(1, int(self._per_second * share)), namespace="marquee")


def _redis_storage() -> RedisStorage:
    return RedisStorage(settings.REDIS_URL, connection_pool=get_redis_connection("default").connection_pool)


class _Gauged(pybreaker.CircuitBreakerListener):
    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        BREAKER_OPEN.set(new_state.name == pybreaker.STATE_OPEN)
        logger.warning("the breaker before TMDb is %s", new_state.name)


class Breaker:
    """Stops asking after ``FAIL_MAX`` failures in a row, then lets one request find out whether TMDb is back."""

    def __init__(self, reset_timeout: float = RESET_TIMEOUT) -> None:
        self._reset_timeout = reset_timeout
        self._storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._probe = threading.Lock()
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAIL_MAX,
            reset_timeout=reset_timeout,
            exclude=[lambda exc: not isinstance(exc, TMDbUnavailable | TMDbUnauthorised)],
            listeners=[_Gauged()],
            state_storage=self._storage,
            throw_new_error_on_trip=False,
        )

    def refuse_if_open(self) -> None:
        if (left := self._seconds_left()) > 0:
            raise TMDbUnavailable("TMDb has failed repeatedly and is left alone", retry_after=left, asked=False)

    @contextmanager
    def guarding(self) -> Iterator[None]:
        self.refuse_if_open()
        if self._breaker.current_state == pybreaker.STATE_CLOSED:
            with self._calling():
                yield
        elif self._probe.acquire(blocking=False):
            try:
                with self._calling():
                    yield
            finally:
                self._probe.release()
        else:
            raise TMDbUnavailable("another request is finding out whether TMDb is back", retry_after=1.0, asked=False)

    @contextmanager
    def _calling(self) -> Iterator[None]:
        try:
            with self._breaker.calling():  # unlike call(), it does not hold the lock while the request is out
                yield
        except pybreaker.CircuitBreakerError:
            raise TMDbUnavailable("TMDb is left alone", retry_after=self._reset_timeout, asked=False) from None

    def _seconds_left(self) -> float:
        opened = self._storage.opened_at
        if self._breaker.current_state != pybreaker.STATE_OPEN or opened is None:
            return 0.0
        return self._reset_timeout - (datetime.now(UTC) - opened).total_seconds()
