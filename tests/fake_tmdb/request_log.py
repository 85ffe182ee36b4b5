"""What was asked of the fake: the latest requests in full, and counts of all."""

import threading
from collections import Counter, deque
from typing import NamedTuple

KEPT = 100_000


class Request(NamedTuple):
    """``time`` is monotonic, in seconds; header names are in lower case."""

    time: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class RequestLog:
    """Bounded in memory; the counts go on beyond it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._latest: deque[Request] = deque(maxlen=KEPT)
            self._counts: Counter[str] = Counter()
            self._last_second: deque[float] = deque()
            self._busiest = 0

    def add(self, request: Request) -> None:
        with self._lock:
            self._latest.append(request)
            self._counts[request.path] += 1
            self._last_second.append(request.time)
            while self._last_second[0] <= request.time - 1:
                self._last_second.popleft()
            self._busiest = max(self._busiest, len(self._last_second))

    def latest(self) -> list[Request]:
        with self._lock:
            return list(self._latest)

    def counts(self) -> dict[str, int]:
        """How often each path was asked for."""
        with self._lock:
            return dict(self._counts)

    def busiest_second(self) -> int:
        return self._busiest
