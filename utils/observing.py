"""What every request cost: counted for Prometheus, told in one log line, and handed to whoever else keeps count."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject, empty
from prometheus_client import Counter, Histogram

logger = logging.getLogger("marquee.requests")

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)  # seconds

REQUESTS = Counter("marquee_requests", "Requests answered.", ["route", "method", "status"])
SECONDS = Histogram("marquee_request_seconds", "Until the answer was there.", ["route"], buckets=BOUNDS)
QUERIES = Counter("marquee_sql_queries", "Statements that requests sent to the database.", ["route"])
SQL_SECONDS = Counter("marquee_sql_seconds", "That requests waited for the database.", ["route"])

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/health/live/", "/health/ready/", "/metrics"})  # which no URL pattern knows
UNROUTED = "none"
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Observed:
    """A request that was answered. route: as in the API's description, whatever ids the path held."""

    route: str
    method: str
    status: int
    seconds: float
    user_agent: str
    user_id: int | None


_observers: list[Callable[[Observed], None]] = []


def on_request(observer: Callable[[Observed], None]) -> None:
    """Have a function told of every request, in the thread that answered it: it must be quick."""
    _observers.append(observer)


class ObservingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sql = _Statements()
        began = perf_counter()
        with connection.execute_wrapper(sql):
            response = self.get_response(request)
        method = request.method if request.method in METHODS else "OTHER"
        observed = Observed(
            route=_route_of(request),
            method=str(method),
            status=response.status_code,
            seconds=perf_counter() - began,
            user_agent=request.headers.get("User-Agent", ""),
            user_id=_user_of(request),
        )
        _count(observed, sql)
        _tell(observed, sql)
        for observer in _observers:
            observer(observed)
        return response


class _Statements:
    """Counts and times what goes to the database while it wraps a connection."""

    count = 0
    seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        began = perf_counter()
        try:
            return execute(*statement)
        finally:
            self.count += 1
            self.seconds += perf_counter() - began


def _count(observed: Observed, sql: _Statements) -> None:
    REQUESTS.labels(observed.route, observed.method, observed.status).inc()
    SECONDS.labels(observed.route).observe(observed.seconds)
    if sql.count:
        QUERIES.labels(observed.route).inc(sql.count)
        SQL_SECONDS.labels(observed.route).inc(sql.seconds)


def _tell(observed: Observed, sql: _Statements) -> None:
    """No path, no parameters, no address: they may name a person."""
    if observed.route in PROBES:
        return
    figures = {"ms": round(1000 * observed.seconds, 1), "queries": sql.count, "sql_ms": round(1000 * sql.seconds, 1)}
    who = {} if observed.user_id is None else {"user_id": observed.user_id}
    labels = {"route": observed.route, "method": observed.method, "status": observed.status}
    logger.info("request", extra=labels | figures | who)


def _route_of(request: HttpRequest) -> str:
    if request.resolver_match:
        return _spelled(request.resolver_match.route)
    if request.path_info in PROBES:
        return request.path_info
    return settings.STATIC_URL if request.path_info.startswith(settings.STATIC_URL) else UNROUTED


@lru_cache(maxsize=1024)
def _spelled(route: str) -> str:
    return "/" + _CONVERTER.sub(r"{\1}", route)


def _user_of(request: HttpRequest) -> int | None:
    """Whoever was found out to ask; that is not found out here, since it may take a query."""
    user = getattr(request, "user", None)
    if user is None or (isinstance(user, LazyObject) and user._wrapped is empty):
        return None
    pk: int | None = user.pk
    return pk
