"""TMDb's API as typed calls that end in time: a record, or one of four errors. It knows no model.

A call takes a slot of the rate that all processes share, goes out through a circuit breaker, and is
repeated within its deadline where TMDb, not the request, was at fault.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from math import inf
from typing import Any, Self, TypeVar

from django.conf import settings
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from utils.tmdb_client import parsing, records
from utils.tmdb_client.errors import TMDbUnavailable
from utils.tmdb_client.limits import RESET_TIMEOUT, Breaker, RateLimit
from utils.tmdb_client.reading import body_of, export_lines, measured, typed
from utils.tmdb_client.transport import Transport

LISTINGS = {
    "popular": "/movie/popular",
    "top_rated": "/movie/top_rated",
    "now_playing": "/movie/now_playing",
    "upcoming": "/movie/upcoming",
    "trending_day": "/trending/movie/day",
    "trending_week": "/trending/movie/week",
}
DETAILS = "credits,keywords,videos,release_dates,watch/providers,alternative_titles"
EXPORTS_URL = "https://files.tmdb.org/p/exports"
EXPORT_DEADLINE = 1800.0
JOBS_RESERVE = 0.25

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Request:
    endpoint: str
    path: str
    params: Mapping[str, str]
    deadline: float


class TMDbClient:
    """One host, one credential, one patience. Holds no state of a call, so threads may share it."""

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        language: str = "en-US",
        region: str = "US",
        rate_per_second: int = 20,
        connect_timeout: float = 1.0,
        read_timeout: float = 2.5,
        deadline: float = 3.0,
        attempts: int = 2,
        exports_url: str = EXPORTS_URL,
        reserve: float = 0.0,
        reset_timeout: float = RESET_TIMEOUT,
        limit: RateLimit | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._transport = Transport(base_url, token=token, connect_timeout=connect_timeout, read_timeout=read_timeout)
        self._language, self._region = language, region
        self._deadline, self._attempts, self._reserve = deadline, attempts, reserve
        self._ends_at = inf
        self._exports_url = exports_url.rstrip("/")
        self._limit = limit or RateLimit(rate_per_second, with_redis=bool(settings.REDIS_URL))
        self._breaker = breaker or Breaker(reset_timeout)
        self._backoff = wait_exponential_jitter(
            multiplier=min(1.0, deadline / 30), max=8, jitter=min(1.0, deadline / 15)
        )

    def __repr__(self) -> str:
        return f"<TMDbClient {self._transport}>"

    def for_one_answer(self) -> Self:
        """The same client, all calls of which together take no longer than one may."""
        client = copy(self)
        client._ends_at = time.monotonic() + self._deadline
        return client

    def check(self) -> None:
        """Ask for something small: TMDbUnauthorised if TMDb does not know our credential."""
        self._get("configuration", "/configuration", lambda raw: None, {})

    def genres(self) -> tuple[records.GenreRecord, ...]:
        return self._get("genre", "/genre/movie/list", parsing.parse_genres, {"language": self._language})

    def certifications(self) -> tuple[records.Certification, ...]:
        return self._get("certification", "/certification/movie/list", parsing.parse_certifications, {})

    def listing(self, name: str, page: int = 1) -> records.Page:
        """A page of one of ``LISTINGS``."""
        endpoint = "trending" if name.startswith("trending") else "listing"
        return self._page(endpoint, LISTINGS[name], page, {"region": self._region})

    def discover(self, filters: Mapping[str, str], page: int = 1) -> records.Page:
        """Films by TMDb's own filters, by their own names: TMDb ignores a misspelt one in silence."""
        return self._page("discover", "/discover/movie", page, {"include_adult": "false", **filters})

    def search(self, query: str, page: int = 1, include_adult: bool = False) -> records.Page:
        return self._page(
            "search", "/search/movie", page, {"query": query, "include_adult": str(include_adult).lower()}
        )

    def similar(self, tmdb_id: int, page: int = 1) -> records.Page:
        return self._page("similar", f"/movie/{_valid_id(tmdb_id)}/similar", page, {})

    def details(self, tmdb_id: int) -> records.MovieDetails:
        """The film and all its parts, in one request."""
        return self._whole("movie", tmdb_id, DETAILS, parsing.parse_details)

    def person(self, tmdb_id: int) -> records.PersonDetails:
        return self._whole("person", tmdb_id, "movie_credits", parsing.parse_person)

    def find_imdb(self, imdb_id: str) -> records.MovieSummary | None:
        if not re.fullmatch(r"tt[0-9]{1,10}", imdb_id):
            raise ValueError(f"{imdb_id!r} is no IMDb id")
        params = {"external_source": "imdb_id", "language": self._language}
        return self._get("find", f"/find/{imdb_id}", parsing.parse_found, params)

    def changes(self, start: date, end: date, page: int = 1) -> records.ChangesPage:
        """Ids of films changed between two days, 14 days apart at most."""
        params = {"start_date": start.isoformat(), "end_date": end.isoformat(), "page": _valid_page(page)}
        return self._get("changes", "/movie/changes", parsing.parse_changes, params)

    def export_ids(self, day: date) -> Iterator[records.ExportLine]:
        """Every film that TMDb had on a day, read as it streams in. Nothing is asked before the first ``next``."""
        self._limit.take(deadline=time.monotonic() + self._deadline, reserve=self._reserve)
        url = f"{self._exports_url}/movie_ids_{day:%m_%d_%Y}.json.gz"
        with measured("export"), typed("export"):
            yield from export_lines(self._transport.lines(url, deadline=time.monotonic() + EXPORT_DEADLINE))

    def _page(self, endpoint: str, path: str, page: int, params: Mapping[str, str]) -> records.Page:
        paged = {"language": self._language, **params, "page": _valid_page(page)}
        return self._get(endpoint, path, parsing.parse_page, paged)

    def _whole(self, endpoint: str, tmdb_id: int, parts: str, parse: Callable[[Any], Result]) -> Result:
        params = {"language": self._language, "append_to_response": parts}
        return self._get(endpoint, f"/{endpoint}/{_valid_id(tmdb_id)}", parse, params)

    def _get(self, endpoint: str, path: str, parse: Callable[[Any], Result], params: Mapping[str, str]) -> Result:
        """Ask until there is an answer, the attempts are used up, or the next wait would pass the deadline."""
        request = _Request(endpoint, path, params, min(time.monotonic() + self._deadline, self._ends_at))
        retrying = Retrying(
            stop=lambda state: (
                stop_after_attempt(self._attempts)(state) or time.monotonic() + state.upcoming_sleep >= request.deadline
            ),
            wait=self._wait,
            retry=retry_if_exception(lambda exc: isinstance(exc, TMDbUnavailable) and exc.asked),
            reraise=True,
        )
        result: Result = retrying(self._attempt, request, parse)
        return result

    def _wait(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        told = failure.told_to_wait if isinstance(failure, TMDbUnavailable) else 0.0
        return max(self._backoff(state), told)

    def _attempt(self, request: _Request, parse: Callable[[Any], Result]) -> Result:
        self._breaker.refuse_if_open()  # before a slot is spent on it
        self._limit.take(deadline=request.deadline, reserve=self._reserve)
        with self._breaker.guarding(), measured(request.endpoint), typed(request.endpoint):
            answer = self._transport.get(request.path, request.params, deadline=request.deadline)
            return parse(body_of(answer, request.endpoint))


def tmdb() -> TMDbClient | None:
    """This process's client for requests of users; None where no credential is set."""
    return _of_settings(patient=False)


def tmdb_for_jobs() -> TMDbClient | None:
    """This process's client for work that may wait. It leaves a part of the rate to users."""
    return _of_settings(patient=True)


def _valid_page(page: int) -> str:
    if not 1 <= page <= records.MAX_PAGE:
        raise ValueError(f"TMDb has pages 1 to {records.MAX_PAGE}, not {page}")
    return str(page)


def _valid_id(tmdb_id: int) -> int:
    if not 1 <= tmdb_id <= records.MAX_ID:
        raise ValueError(f"{tmdb_id} is no TMDb id")
    return tmdb_id


_SETTINGS = (
    "REDIS_URL",
    "TMDB_API_KEY",
    "TMDB_BASE_URL",
    "TMDB_CONNECT_TIMEOUT",
    "TMDB_DEADLINE",
    "TMDB_EXPORTS_URL",
    "TMDB_LANGUAGE",
    "TMDB_RATE_PER_SECOND",
    "TMDB_READ_TIMEOUT",
    "TMDB_READ_TOKEN",
    "TMDB_REGIONS",
)
_building = threading.Lock()


def _of_settings(*, patient: bool) -> TMDbClient | None:
    if not (settings.TMDB_READ_TOKEN or settings.TMDB_API_KEY):
        return None
    with _building:
        return _client(_fingerprint(), patient)


def _fingerprint() -> str:
    """Which settings a client was built from, without holding the secret."""
    return sha256(repr([getattr(settings, name) for name in _SETTINGS]).encode()).hexdigest()


@lru_cache(maxsize=8)
def _shared(fingerprint: str) -> tuple[RateLimit, Breaker]:
    """What the two clients of a process have in common."""
    return RateLimit(settings.TMDB_RATE_PER_SECOND, with_redis=bool(settings.REDIS_URL)), Breaker()


@lru_cache(maxsize=8)
def _client(fingerprint: str, patient: bool) -> TMDbClient:
    limit, breaker = _shared(fingerprint)
    patience = {"read_timeout": 10.0, "deadline": 60.0, "attempts": 5, "reserve": JOBS_RESERVE}
    hasty = {"read_timeout": settings.TMDB_READ_TIMEOUT, "deadline": settings.TMDB_DEADLINE}
    options: dict[str, Any] = patience if patient else hasty
    return TMDbClient(
        base_url=settings.TMDB_BASE_URL,
        exports_url=settings.TMDB_EXPORTS_URL,
        token=settings.TMDB_READ_TOKEN or settings.TMDB_API_KEY,
        language=settings.TMDB_LANGUAGE,
        region=settings.TMDB_REGIONS[0],
        connect_timeout=settings.TMDB_CONNECT_TIMEOUT,
        limit=limit,
        breaker=breaker,
        **options,
    )


def _start_anew() -> None:
    """In a forked child: no lock that a thread of the parent held, no socket that the parent speaks over."""
    global _building
    _building = threading.Lock()
    _shared.cache_clear()
    _client.cache_clear()


os.register_at_fork(after_in_child=_start_anew)
