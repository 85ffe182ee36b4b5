"""Probes: /health/live/ says that this process answers, /health/ready/ that it can do its work.

Answered in a middleware, ahead of every check of the Host header, since probes come with a container's address.
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from utils.rendering import to_json

logger = logging.getLogger(__name__)

Check = Callable[[], str]
OK = "ok"
DRAINING = Path(tempfile.gettempdir()) / "marquee-draining"  # deploy/release puts it there, and takes it away
_checks: dict[str, Check] = {}
_is_migrated = False


def register_check(name: str, check: Check) -> None:
    """Add an app's own check to readiness: it returns "ok", or "degraded: ..." which does not fail the probe."""
    _checks[name] = check


def readiness() -> dict[str, str]:
    """Each check by name: "ok", "degraded: why" (we go on) or "failed: why" (send no traffic)."""
    report = {"database": _database(), "cache": _cache()}
    if report["database"] == OK:
        report |= {name: check() for name, check in _checks.items()}
    if DRAINING.exists():
        report["rotation"] = "failed: this server is being taken out of it"
    return report


def _database() -> str:
    """What was applied once stays so: a proxy asks each second, and reading all migrations takes a tenth of one."""
    global _is_migrated
    try:
        if _is_migrated:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return OK
        behind = migrations_pending()
    except DatabaseFailure:
        logger.exception("readiness: database")
        return "failed: no answer"
    _is_migrated = not behind
    return f"failed: {behind} migrations not applied" if behind else OK


def migrations_pending() -> int:
    """How many this code expects that the database has not seen. Raises django.db.Error."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _cache() -> str:
    if not settings.REDIS_URL:
        return OK
    try:
        cache.set("health", 1, 10)
    except RedisError:
        logger.exception("readiness: cache")
        return "degraded: no answer"
    return OK


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/health/live/":
            return _answer({"status": OK}, status=200)
        if request.path == "/health/ready/":
            checks = readiness()
            failed = any(state.startswith("failed") for state in checks.values())
            return _answer({"status": "failed" if failed else OK, "checks": checks}, status=503 if failed else 200)
        return self.get_response(request)


def _answer(body: dict[str, Any], *, status: int) -> HttpResponse:
    response = HttpResponse(to_json(body), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
