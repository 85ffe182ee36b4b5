"""Log lines: JSON for machines, plain lines for a terminal. Neither names a person, nor shows a key.

Every line says which request it belongs to (``request_id``). ``settings.LOGGING``, gunicorn and Celery all take
``logging_of``, so that one server speaks one language.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

FORMATS = ("json", "lines")

_PRIVATE = re.compile(
    r"(?P<email>(?<![\w.+%-])[\w.+%-]+@[\w-]+\.[\w.-]+)"
    r"|(?P<token>\beyJ[\w-]+\.[\w-]+\.[\w-]*)"  # a JSON web token
    r"|(?<=://)(?P<password>[^\s/@:]*:[^\s/@]+)(?=@)"  # of a URL
    r"|(?<=#token=)(?P<link>[\w.:%-]+)"
)

Event = MutableMapping[str, Any]


def without_request(_logger: object, _method: str, event: Event) -> Event:
    """Django adds the request itself, with every parameter that was in its address, and Celery what a job was given."""
    event.pop("request", None)
    event.pop("data", None)
    return event


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Addresses, tokens and passwords give way to what they were, in messages and tracebacks alike."""
    for name, value in event.items():
        event[name] = redacted(value)
    return event


def redacted(told: Any) -> Any:
    """The same without what is private in any text of it, which is told by what it was: ``[email]``."""
    if isinstance(told, str):
        return _PRIVATE.sub(lambda found: f"[{found.lastgroup}]", told)
    if isinstance(told, dict):
        return {name: redacted(value) for name, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [redacted(value) for value in told]
    return told


def logging_of(*, form: str, level: str) -> dict[str, Any]:
    """For ``logging.config.dictConfig``. form: one of ``FORMATS``; ValueError for any other."""
    if form not in FORMATS:
        raise ValueError(f"LOG_FORMAT is {form}, which is none of {', '.join(FORMATS)}.")
    before = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        without_request,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render = {
        "json": [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(serializer=_json)],
        "lines": [
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        ],
    }[form]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": before,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "jax": {"level": "WARNING"},  # at INFO it tells of each kind of processor that it did not find
            "environ": {"level": "WARNING"},  # at INFO it tells that there is no .env, as in a container there is none
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
        },
    }


def _json(event: Event, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
