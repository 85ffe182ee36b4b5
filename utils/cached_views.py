"""Public answers that are kept: a hit is one look-up and no serializer."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial, update_wrapper
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from utils.cache import Cache, Entry
from utils.exceptions import ApplicationError
from utils.query_params import QuerySerializer
from utils.rendering import ApiResponse, envelope, to_json
from utils.views import ApiView

MISSING_TTL = 60  # seconds until something that was not there is looked for again
LOCAL = "local"


@dataclass(frozen=True)
class Answer:
    """What an endpoint says to everybody.

    data, pagination, meta: as in the envelope; ``meta`` holds ``source``. as_of: when it was true, now unless given.
    """

    data: Any
    meta: Mapping[str, Any]
    pagination: Mapping[str, int] | None = None
    as_of: datetime | None = None
    ttl: int | None = None  # seconds, where it is less than the cache's own


class CachedView(ApiView):
    """GET whose answer is the same for everybody, but for what ``personal`` adds for a signed-in caller.

    A subclass writes ``answer``, and a ``get`` that calls ``respond``.
    cache: where answers are kept. missing: the error that ``answer`` raises where there is no such thing.
    """

    cache: Cache
    missing: type[ApplicationError] | None = None
    permission_classes = [AllowAny]
    throttles: tuple[str, ...] = ("misses",)

    @classmethod
    def answer(cls, query: Mapping[str, Any], *, waiting: bool, **path: Any) -> Answer:
        """Build the answer; nothing about the caller goes in.

        Where nobody is ``waiting`` there is time to refresh what it is made of; an ApplicationError then leaves the
        old answer where it is.
        """
        raise NotImplementedError

    @classmethod
    def personal(cls, user: Any, data: Any) -> None:
        """Add to ``data`` what concerns this user alone."""

    @classmethod
    def warm(cls, query_string: str, **path: Any) -> None:
        """Keep the answer to this question, for whoever asks it next."""
        query, key = cls._asked(query_string, path)
        cls.cache.warm(key, partial(cls._entry, query, path, waiting=False))

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """A kept answer goes out before Django REST Framework wakes up; whatever else is asked for takes its way."""
        view = super().as_view(**initkwargs)

        def kept_or_view(request: HttpRequest, **path: Any) -> HttpResponseBase:
            return cls._kept(request, path) or view(request, **path)

        return update_wrapper(kept_or_view, view)

    @classmethod
    def _kept(cls, request: HttpRequest, path: dict[str, Any]) -> HttpResponse | None:
        accept = request.headers.get("Accept", "*/*")
        if request.method != "GET" or "Authorization" in request.headers or not _takes_json(accept):
            return None
        try:
            query, key = cls._asked(_query_string(request), path)
        except ValidationError:
            return None
        kept = cls.cache.get(key, partial(cls._entry, query, path, waiting=False))
        if kept is None or kept.missing:
            return None
        cls.cache.count(kept)
        return public_response(kept, request)

    def check_throttles(self, request: Request) -> None:
        """Not yet: what is kept is for everybody, as often as they like."""

    def respond(self, request: Request, **path: Any) -> HttpResponseBase:
        query, key = self._asked(_query_string(request), path)
        build = partial(self._entry, query, path)
        kept = self.cache.get(key, partial(build, waiting=False))
        if kept is None:
            super().check_throttles(request)
            kept = self.cache.get_or_build(key, partial(build, waiting=True), renew=partial(build, waiting=False))
        else:
            self.cache.count(kept)
        if kept.missing and self.missing:
            raise self.missing
        if not request.user.is_authenticated:
            return public_response(kept, request)
        body = orjson.loads(kept.body)
        self.personal(request.user, body["data"])
        meta = body["meta"] | {"age": kept.age, "stale": kept.stale}
        return ApiResponse(body["data"], pagination=body.get("pagination"), meta=meta)

    @classmethod
    def _asked(cls, query_string: str, path: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """The validated parameters, and the cache key that every spelling of the same question shares."""
        query, spelled = _parsed(cls.query_serializer_class, query_string)
        where = "".join(f"/{value}" for value in path.values())
        return query, f"{cls.__name__}{where}?{spelled}"

    @classmethod
    def _entry(cls, query: Mapping[str, Any], path: Mapping[str, Any], *, waiting: bool) -> Entry:
        try:
            answer = cls.answer(query, waiting=waiting, **path)
        except ApplicationError as failure:
            if cls.missing is None or not isinstance(failure, cls.missing):
                raise
            return Entry.of(b"", ttl=min(MISSING_TTL, cls.cache.ttl), missing=True)
        local = settings.CACHE_TTL_LOCAL if answer.meta["source"] == LOCAL else cls.cache.ttl
        body = to_json(envelope(answer.data, pagination=answer.pagination, meta=answer.meta))
        made_at = answer.as_of.timestamp() if answer.as_of else None
        return Entry.of(body, ttl=min(local, cls.cache.ttl, answer.ttl or local), made_at=made_at)


def public_response(kept: Entry, request: HttpRequest | Request) -> HttpResponse:
    """The entry with its age told, for anybody to keep while it is fresh."""
    age, stale = kept.age, kept.stale
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(_told(kept, age, stale, zipped), content_type="application/json")
    response["ETag"] = f'W/"{kept.fingerprint}{"-stale" if stale else ""}"'  # weak: of all but the age
    response["Age"] = str(age)
    if zipped:
        response["Content-Encoding"] = "gzip"
    patch_cache_control(response, public=True, max_age=int(kept.stale_at - kept.made_at))
    patch_vary_headers(response, ["Accept-Encoding", "Authorization"])
    return response


@lru_cache(maxsize=256)
def _told(kept: Entry, age: int, stale: bool, zipped: bool) -> bytes:
    """The body with age and staleness at the end of its ``meta``; a hot entry is put together once a second."""
    told = kept.body.removesuffix(b"}}") + b',"age":%d,"stale":%s}}' % (age, b"true" if stale else b"false")
    return gzip.compress(told, compresslevel=6, mtime=0) if zipped else told


@lru_cache(maxsize=4096)
def _parsed(serializer: type[QuerySerializer], query_string: str) -> tuple[dict[str, Any], str]:
    query = serializer.parse(QueryDict(query_string))
    return query, "&".join(f"{name}={value}" for name, value in sorted(query.items()) if value not in (None, ()))


def _query_string(request: HttpRequest | Request) -> str:
    """As it was sent: WSGI hands every byte over as a character."""
    sent: str = request.META.get("QUERY_STRING", "")
    return sent.encode("latin-1", "replace").decode("utf-8", "replace")


def _takes_json(accept: str) -> bool:
    return "application/json" in accept or "*/*" in accept
