"""Redis as the processes share it: bytes, locks, and an outage that costs a time-out or two, not one a call.

Raw bytes over django-redis' own connections. While Redis does not answer, a breaker answers for it: nothing is there,
nothing is kept, every lock is free.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings
from django_redis import get_redis_connection
from prometheus_client import Counter
from pybreaker import CircuitBreaker, CircuitBreakerError
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

logger = logging.getLogger(__name__)

T = TypeVar("T")

FAILURES = Counter("marquee_redis_failures", "Calls that Redis did not answer; those that the breaker spared left out.")
BREAKER = CircuitBreaker(fail_max=2, reset_timeout=5)


def ask(question: Callable[[Any], T], otherwise: T) -> T:
    """The answer of Redis; ``otherwise`` where there is no Redis, or none that answers."""
    if not settings.REDIS_URL:
        return otherwise
    try:
        with BREAKER.calling():
            return question(get_redis_connection("default"))
    except LockError:
        raise
    except RedisError as failure:
        FAILURES.inc()
        logger.warning("Redis did not answer: %s", type(failure).__name__)
    except CircuitBreakerError:
        pass
    return otherwise


def get(key: str) -> bytes | None:
    kept: bytes | None = ask(lambda redis: redis.get(key), None)
    return kept


def put(key: str, value: bytes, *, seconds: int, replace: bool = True) -> None:
    """``replace=False`` leaves what is there."""
    if seconds > 0:
        ask(lambda redis: redis.set(key, value, ex=seconds, nx=not replace), None)


def put_all(values: Mapping[str, bytes], *, seconds: int) -> None:
    """In one trip."""

    def put_them(redis: Any) -> None:
        with redis.pipeline(transaction=False) as pipeline:
            for key, value in values.items():
                pipeline.set(key, value, ex=seconds)
            pipeline.execute()

    if values:
        ask(put_them, None)


def drop(keys: Sequence[str]) -> None:
    if keys:
        ask(lambda redis: redis.delete(*keys), None)


def forget(pattern: str) -> None:
    """Delete every key of this pattern."""
    ask(lambda redis: [redis.delete(key) for key in redis.scan_iter(pattern, count=1000)], None)


@contextmanager
def lock(key: str, *, hold: float, patience: float) -> Iterator[bool]:
    """Whether the lock is ours, after ``patience`` seconds at most; without Redis it always is.

    It frees itself after ``hold`` seconds, should its holder die.
    """

    def acquired(redis: Any) -> Lock | bool:
        taken = Lock(redis, key, timeout=hold, sleep=0.05, blocking_timeout=patience)
        return taken if taken.acquire() else False

    free: Lock | bool = True
    held = ask(acquired, free)
    try:
        yield bool(held)
    finally:
        if isinstance(held, Lock):
            _release(held)


def _release(held: Lock) -> None:
    try:
        ask(lambda _redis: held.release(), None)
    except LockError:
        logger.warning("a lock was gone before it was released: its holder took too long")
