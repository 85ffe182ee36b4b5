"""Rows that are written a moment after the answer that they are about: many at once, and not while a caller waits."""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError, connections

logger = logging.getLogger(__name__)

V = TypeVar("V")

EVERY = 1.0  # seconds: what a process that is killed can lose
MOST = 2_000  # values that may wait; while the database is away, the oldest are given up


class WriteBehind(Generic[V]):
    """Values by key until ``write`` has taken them; of one key the newest.

    ``write`` gets them in the order in which they came, in a thread of its own, or in the caller's where jobs are
    eager and somebody calls ``flush``. What it fails to write with a DatabaseError is tried again.
    """

    def __init__(self, write: Callable[[Sequence[V]], None]) -> None:
        self._write = write
        self._waiting: dict[str, V] = {}
        self._changed = Condition()
        self._thread: Thread | None = None

    def put(self, key: str, value: V) -> None:
        with self._changed:
            self._waiting[key] = value
            while len(self._waiting) > MOST:
                logger.error("%s was given up: the database does not take it", next(iter(self._waiting)))
                del self._waiting[next(iter(self._waiting))]
            self._changed.notify()
            if not settings.JOBS_EAGER and not (self._thread and self._thread.is_alive()):
                self._thread = Thread(target=self._write_for_ever, name="write-behind", daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def get(self, key: str) -> V | None:
        """What this process has not written yet."""
        with self._changed:
            return self._waiting.get(key)

    def flush(self) -> None:
        """Write all that waits, now. What fails waits on."""
        with self._changed:
            taken = dict(self._waiting)
        if not taken:
            return
        try:
            self._write(list(taken.values()))
        except DatabaseError:
            logger.exception("%d rows wait to be written", len(taken))
            return
        with self._changed:
            for key, value in taken.items():
                if self._waiting.get(key) is value:
                    del self._waiting[key]

    def forget(self, unwanted: Callable[[V], bool] = lambda value: True) -> None:
        """Values that are not to be written any more."""
        with self._changed:
            self._waiting = {key: value for key, value in self._waiting.items() if not unwanted(value)}

    def _write_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
            time.sleep(EVERY)
            try:
                self.flush()
            finally:
                connections.close_all()
