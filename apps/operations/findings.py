"""What a check of the doctor finds, in words that tell no secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.utils import timezone

from utils.logs import redacted


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """What a check found; ``fix`` says what to do about it, wherever that is anything."""

    level: Level
    says: str
    fix: str = ""


def ok(says: str) -> Finding:
    return Finding(Level.OK, says)


def warn(says: str, fix: str) -> Finding:
    return Finding(Level.WARN, says, fix)


def fail(says: str, fix: str) -> Finding:
    return Finding(Level.FAIL, says, fix)


def place_of(url: str) -> str:
    """Host and port of a URL, without who asks there."""
    return urlsplit(url).netloc.rpartition("@")[2]


def line_of(failure: object) -> str:
    """What a library says of a failure, which may quote what it was given."""
    told = str(failure).strip().partition("\n")[0].rstrip(".")
    for secret in _secrets():
        told = told.replace(secret, "***")
    return str(redacted(told))


def time_since(moment: datetime) -> str:
    hours = (timezone.now() - moment).total_seconds() / 3600
    return f"{hours:.0f} h ago" if hours >= 2 else f"{hours * 60:.0f} min ago"


def _secrets() -> set[str]:
    """As they are, and as a URL spells them."""
    urls = [urlsplit(url).password or "" for url in (settings.REDIS_URL, settings.CELERY_BROKER_URL)]
    names = ("SECRET_KEY", "JWT_SIGNING_KEY", "TMDB_READ_TOKEN", "TMDB_API_KEY", "EMAIL_HOST_PASSWORD", "SENTRY_DSN")
    known = [settings.DATABASES["default"].get("PASSWORD", ""), *urls, *(getattr(settings, name, "") for name in names)]
    return {form for secret in known if secret for form in (secret, unquote(secret), quote(secret, safe=""))}
