"""How the catalogue is doing, for the staff's page: its caches, TMDb, Redis, and what keeps it in step."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from apps.movies import jobs
from apps.movies.caches import CACHES
from apps.movies.models import SyncState
from utils import shared
from utils.jobs import enqueue
from utils.metrics import Figure, samples
from utils.tmdb_client import tmdb

JOBS = {
    "sync_trending": (jobs.sync_trending, "Trending lists"),
    "sync_lists": (jobs.sync_lists, "Other lists"),
    "sync_genres": (jobs.sync_genres, "Genres"),
    "sync_details": (jobs.sync_details, "Films in full"),
    "sync_changes": (jobs.sync_changes, "Films that TMDb changed"),
    "sync_ids": (jobs.sync_ids, "Films that TMDb has no more"),
    "refresh_catalogue": (jobs.refresh_catalogue, "Films too old to keep"),
}
NEARLY_ALL = 0.95
UNITS = ((3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class CacheStatus:
    """Look-ups and entries made."""

    name: str
    ttl: int  # seconds
    hits: int
    stale: int
    misses: int
    built: int
    failed: int

    @property
    def ratio(self) -> float | None:
        """Per cent of the look-ups that found something; None before the first."""
        found = self.hits + self.stale
        return 100 * found / (found + self.misses) if found + self.misses else None

    @property
    def fresh_for(self) -> str:
        """The TTL in its largest unit."""
        return next(f"{self.ttl // size} {unit}" for size, unit in UNITS if self.ttl % size == 0)


@dataclass(frozen=True)
class EndpointStatus:
    """Calls of one kind that went out to TMDb."""

    name: str
    calls: int
    mean: float  # milliseconds
    nearly_all: str  # what 95 % of the calls took at most, to the next bound of the histogram
    others: dict[str, int]  # calls by outcome, but for those that went well


@dataclass(frozen=True)
class SyncStatus:
    name: str
    finished_at: datetime | None
    did: str
    goes_on_at: str


@dataclass(frozen=True)
class Status:
    caches: list[CacheStatus]
    endpoints: list[EndpointStatus]
    syncs: list[SyncStatus]
    tmdb: str
    redis: str


def status() -> Status:
    """In one query; figures are of this server's processes, since each began."""
    figures = samples()
    return Status(
        caches=_caches(figures),
        endpoints=_endpoints(figures),
        syncs=[_sync(state) for state in SyncState.objects.order_by("name")],
        tmdb=_tmdb(figures),
        redis=_redis(figures),
    )


def cache_flush(name: str) -> str:
    """Have a cache forget everything; what was done, in words. KeyError for a cache that we do not have."""
    CACHES[name].flush()
    where = "in every process" if settings.REDIS_URL else "in this process; others have their own, without Redis"
    return f"The cache “{name}” was flushed {where}."


def job_start(name: str) -> str:
    """Queue a job; what was done, in words. KeyError for a job that we do not have."""
    job, title = JOBS[name]
    enqueue(job)
    return f"“{title}” was queued."


def _caches(figures: Mapping[str, list[Figure]]) -> list[CacheStatus]:
    asked = _by(figures["marquee_cache_requests_total"], "cache", "outcome")
    made = _by(figures["marquee_cache_builds_total"], "cache", "outcome")
    return [
        CacheStatus(
            name=name,
            ttl=cache.ttl,
            hits=asked[name, "hit"],
            stale=asked[name, "stale"],
            misses=asked[name, "miss"],
            built=made[name, "built"],
            failed=made[name, "failed"],
        )
        for name, cache in CACHES.items()
    ]


def _endpoints(figures: Mapping[str, list[Figure]]) -> list[EndpointStatus]:
    outcomes = _by(figures["marquee_tmdb_requests_total"], "endpoint", "outcome")
    seconds = {labels["endpoint"]: value for labels, value in figures["marquee_tmdb_request_seconds_sum"]}
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for labels, value in figures["marquee_tmdb_request_seconds_bucket"]:
        buckets[labels["endpoint"]].append((float(labels["le"]), value))
    return [_endpoint(name, seconds[name], sorted(buckets[name]), outcomes) for name in sorted(buckets)]


def _endpoint(
    name: str, seconds: float, buckets: list[tuple[float, float]], outcomes: Mapping[tuple[str, ...], int]
) -> EndpointStatus:
    """``buckets``: bounds in seconds, and how many calls took no longer; the last bound is infinite."""
    calls = int(buckets[-1][1])
    bounds = [bound for bound, within in buckets if within >= NEARLY_ALL * calls and math.isfinite(bound)]
    nearly_all = f"≤ {1000 * bounds[0]:.0f} ms" if bounds else f"> {1000 * buckets[-2][0]:.0f} ms"
    others = {outcome: n for (endpoint, outcome), n in outcomes.items() if endpoint == name and outcome != "ok"}
    return EndpointStatus(name, calls, 1000 * seconds / max(calls, 1), nearly_all, others)


def _by(figures: Iterable[Figure], *names: str) -> defaultdict[tuple[str, ...], int]:
    """Counts by these labels; none is 0."""
    counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for labels, value in figures:
        counts[tuple(labels[name] for name in names)] += int(value)
    return counts


def _sync(state: SyncState) -> SyncStatus:
    return SyncStatus(state.name, state.finished_at, _in_words(state.summary), _in_words(state.cursor))


def _in_words(told: Mapping[str, Any]) -> str:
    """A long list, such as the films of half a list, is told by its length."""
    short = {name: len(value) if isinstance(value, list) else value for name, value in told.items()}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in sorted(short.items()))


def _tmdb(figures: Mapping[str, list[Figure]]) -> str:
    if tmdb() is None:
        return "not set up: answers come from our own tables"
    is_open = any(value for _, value in figures["marquee_tmdb_breaker_open"])
    return "left alone after failures (the breaker is open)" if is_open else "asked as usual (the breaker is closed)"


def _redis(figures: Mapping[str, list[Figure]]) -> str:
    if not settings.REDIS_URL:
        return "not set up: each process keeps answers of its own"
    state = "answers" if shared.ask(lambda redis: redis.ping(), False) else "does not answer"
    failures = sum(int(value) for _, value in figures["marquee_redis_failures_total"])
    return f"{state}; {failures} calls failed so far"
