"""The caches of the catalogue; their TTLs are settings."""

from datetime import datetime, timedelta

from django.utils import timezone

from utils.cache import JITTER, Cache

CACHES = {
    name: Cache(name)
    for name in ("trending", "lists", "discover", "search", "details", "similar", "people", "genres", "movies")
}


def is_old(told_at: datetime | None, cache: str) -> bool:
    """Whether what TMDb told us then is older than a cached answer may be when it falls due; never told is old."""
    return told_at is None or timezone.now() - told_at > timedelta(seconds=CACHES[cache].ttl * (1 - JITTER))
