"""What one process remembers for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TLRUCache

V = TypeVar("V")


class Memory(Generic[V]):
    """Values until their time, in seconds since the epoch; past ``size`` the least recently used go first.

    For threads at once. ``weigh`` says how much of the size a value takes, 1 unless given.
    """

    def __init__(self, size: int, weigh: Callable[[V], int] | None = None) -> None:
        self._lock = Lock()
        self._kept: TLRUCache[str, tuple[V, float]] = TLRUCache(
            size,
            ttu=lambda _key, kept, _now: kept[1],
            timer=time.time,
            getsizeof=(lambda kept: weigh(kept[0])) if weigh else None,
        )

    def get(self, key: str) -> V | None:
        with self._lock:
            kept = self._kept.get(key)
        return kept[0] if kept else None

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def put(self, key: str, value: V, *, until: float) -> None:
        with self._lock:
            self._kept.pop(key, None)
            if until > time.time() and self._fits(value):
                self._kept[key] = (value, until)

    def pop(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def _fits(self, value: V) -> bool:
        weight: float = self._kept.getsizeof((value, 0.0))
        return weight <= self._kept.maxsize
