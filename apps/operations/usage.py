"""How often each route is asked for, by hour, status and kind of client: who uses the API, and none of them by name."""

from __future__ import annotations

import atexit
import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock, Thread

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connections

from apps.operations.models import ApiUsage
from apps.operations.querysets import Spent, Used
from utils.observing import PROBES, Observed

logger = logging.getLogger(__name__)

EVERY = 20.0  # seconds: what a process that is killed can lose
MOST = 5_000  # different rows that may wait while the database is away; what comes after is not counted

_KINDS = (  # the first that is found; browsers name themselves last, since bots and apps do so too
    (ApiUsage.Client.CRAWLER, re.compile(r"bot\b|crawl|spider|slurp", re.IGNORECASE)),
    (ApiUsage.Client.APP, re.compile(r"okhttp|CFNetwork|Dart/|Dalvik|Alamofire|ReactNative|Expo", re.IGNORECASE)),
    (ApiUsage.Client.BROWSER, re.compile(r"^Mozilla/")),
    (ApiUsage.Client.PROGRAM, re.compile(r"^[\w.-]+/v?\d|^(axios|node|undici|PostmanRuntime)", re.IGNORECASE)),
)


class UsageCounter:
    """What this process has counted since it last told the database."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[Used, Spent] = {}
        self._thread: Thread | None = None

    def add(self, used: Used, spent: Spent) -> None:
        with self._lock:
            self._put(used, spent)
            if not settings.JOBS_EAGER and not (self._thread and self._thread.is_alive()):
                self._thread = Thread(target=self._write_for_ever, name="usage", daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def flush(self) -> None:
        """Write what was counted; what cannot be written now is added to what comes next."""
        with self._lock:
            taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            ApiUsage.objects.add(taken.items())
        except DatabaseFailure:
            logger.exception("%d rows of usage wait to be written", len(taken))
            self._take_back(taken)

    def forget(self) -> None:
        with self._lock:
            self._counts = {}

    def _take_back(self, counts: Mapping[Used, Spent]) -> None:
        with self._lock:
            for used, spent in counts.items():
                self._put(used, spent)

    def _put(self, used: Used, spent: Spent) -> None:
        if used in self._counts or len(self._counts) < MOST:
            before = self._counts.get(used, Spent(0, 0.0))
            self._counts[used] = Spent(before.requests + spent.requests, before.seconds + spent.seconds)

    def _write_for_ever(self) -> None:
        while True:
            time.sleep(EVERY)
            try:
                self.flush()
            finally:
                connections.close_all()


counter = UsageCounter()


def usage_count(observed: Observed) -> None:
    if observed.route in PROBES:
        return
    used = Used(
        hour=datetime.now(UTC).replace(minute=0, second=0, microsecond=0),
        route=observed.route[:200],
        method=observed.method,
        status=observed.status,
        client=client_of(observed.user_agent),
        is_signed_in=observed.user_id is not None,
    )
    counter.add(used, Spent(1, observed.seconds))


@lru_cache(maxsize=1024)
def client_of(user_agent: str) -> str:
    """What kind of program asks, by what it calls itself."""
    return next((kind.value for kind, name in _KINDS if name.search(user_agent)), ApiUsage.Client.UNKNOWN.value)
