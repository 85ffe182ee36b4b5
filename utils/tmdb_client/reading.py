"""What an answer of TMDb's amounts to: its JSON, or one of the errors; counted and timed."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from prometheus_client import Counter, Histogram

from utils.tmdb_client import parsing, records
from utils.tmdb_client.errors import TMDbError, TMDbGone, TMDbRefused, TMDbThrottled, TMDbUnauthorised, TMDbUnavailable
from utils.tmdb_client.transport import Answer, Fault
from utils.tmdb_client.values import Unreadable

logger = logging.getLogger(__name__)

REQUESTS = Counter("marquee_tmdb_requests_total", "Requests sent to TMDb.", ["endpoint", "outcome"])
SECONDS = Histogram("marquee_tmdb_request_seconds", "How long TMDb took to answer.", ["endpoint"])


@contextmanager
def typed(endpoint: str) -> Iterator[None]:
    try:
        yield
    except Fault as exc:
        if exc.status == 404:
            raise TMDbGone(f"TMDb has no such {endpoint}") from None
        raise TMDbUnavailable(f"TMDb gave no answer to {endpoint}: {exc}") from None
    except Unreadable as exc:
        raise TMDbUnavailable(f"TMDb's answer to {endpoint} is not one: {exc}") from None


@contextmanager
def measured(endpoint: str) -> Iterator[None]:
    outcome, started = "fault", time.monotonic()
    try:
        yield
        outcome = "ok"
    except TMDbError as exc:
        outcome = exc.outcome
        raise
    except GeneratorExit:  # who reads an export had enough of it
        outcome = "ok"
        raise
    finally:
        SECONDS.labels(endpoint).observe(time.monotonic() - started)
        REQUESTS.labels(endpoint, outcome).inc()


def body_of(answer: Answer, endpoint: str) -> Any:
    """The JSON of an answer that is one. TMDb's own code is heard as well as the status: a 200 can be a refusal."""
    body = answer.body if isinstance(answer.body, dict) else {}
    code = body.get("status_code") if body.get("success") is not True else None
    told = f"TMDb answered {answer.status} (code {code if isinstance(code, int) else '-'}) to {endpoint}"
    match answer.status, code:
        case (401 | 403, _) | (_, 3 | 7 | 10 | 14 | 35):
            raise TMDbUnauthorised(told)
        case (404, _) | (_, 34) if body:
            raise TMDbGone(told)
        case 404, _:  # some gateway's page: TMDb's own 404 is JSON, and films are not gone for a wrong base URL
            raise TMDbUnavailable(told)
        case (429, _) | (_, 25):
            raise TMDbThrottled(told, retry_after=retry_after(answer.retry_after))
        case status, _ if 400 <= status < 500 and status != 408:
            raise TMDbRefused(told)
        case status, _ if not 200 <= status < 300 or answer.body is None or body.get("success") is False:
            raise TMDbUnavailable(told, retry_after=retry_after(answer.retry_after))
    return answer.body


def retry_after(header: str) -> float | None:
    """Seconds to wait by a Retry-After of either form; None for none and for nonsense."""
    header = header.strip()
    if re.fullmatch(r"[0-9]{1,9}", header):
        seconds = float(header)
    else:
        try:
            when = parsedate_to_datetime(header)
            seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), 3600.0)


def export_lines(lines: Iterator[bytes]) -> Iterator[records.ExportLine]:
    good = bad = 0
    for line in filter(bytes.strip, lines):
        if record := _export_line(line):
            good += 1
            yield record
        else:
            bad += 1
    if bad:
        logger.warning("%d of %d lines of the export are unreadable", bad, good + bad)
    if bad >= good:  # a page of HTML, or nothing: who compares ids with it would think every film deleted
        raise Unreadable("the file holds no list of films")


def _export_line(line: bytes) -> records.ExportLine | None:
    try:
        return parsing.parse_export_line(orjson.loads(line))
    except orjson.JSONDecodeError:
        return None
