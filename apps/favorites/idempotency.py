"""Requests that a client may send again without doing their work twice: ``Idempotency-Key``.

After draft-ietf-httpapi-idempotency-key-header. Only what succeeded is kept: a refused request may be mended and sent
again under its key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.authentication.requests import signed_in
from apps.favorites.models import IdempotencyKey
from utils.exceptions import ApplicationError
from utils.rendering import ApiResponse, to_json

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
DEAD = timedelta(seconds=60)  # after so long without an answer whoever worked on it works no more
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Anything of yours, such as a UUID: the same request under the same key within 24 hours is answered as "
    "the first time (with `Idempotency-Replayed: true`), and does nothing again.",
)
_ACCEPTABLE = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class KeyMalformed(ApplicationError):
    status = 400
    code = "idempotency_key_malformed"
    message = "An Idempotency-Key has 1 to 255 printable ASCII characters without spaces."


class KeyReused(ApplicationError):
    status = 422
    code = "idempotency_key_reused"
    message = "This Idempotency-Key came with another request before."


class StillWorking(ApplicationError):
    status = 409
    code = "still_working"
    message = "The first request with this Idempotency-Key is still being worked on."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


def answered_once(request: Request, work: Callable[[], ApiResponse], *, of: bytes | None = None) -> ApiResponse:
    """The answer of ``work``, or the one that it gave when this came before under the same key.

    of: what the request is told apart by, beside method and path; its JSON body unless said. The work and the keeping
    of its answer are one transaction, so that there is never one without the other.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    if not _ACCEPTABLE.fullmatch(key):
        raise KeyMalformed
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS) if of is None else of
    row = _claim(request, key, sha256(b"\n".join([f"{request.method} {request.path}".encode(), body])).hexdigest())
    if row.body is not None:
        headers = row.body["headers"] | {REPLAYED: "true"}
        return ApiResponse(row.body["data"], message=row.body["message"], status=row.status, headers=headers)
    try:
        with transaction.atomic():
            answer = work()
            told = {"data": answer.data, "message": answer.beside_data["message"], "headers": dict(answer.headers)}
            kept = orjson.loads(to_json(told))
            if not IdempotencyKey.objects.filter(pk=row.pk).update(status=answer.status_code, body=kept):
                raise StillWorking  # it took us so long that another took our place
    except BaseException:
        IdempotencyKey.objects.filter(pk=row.pk, status=None).delete()
        raise
    return answer


def keys_forget() -> None:
    """Keys past their time, whose requests may be made anew."""
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _claim(request: Request, key: str, fingerprint: str) -> IdempotencyKey:
    """The key's row: one with an answer, or a new one of ours to be worked on."""
    user, now = signed_in(request), timezone.now()
    rows = IdempotencyKey.objects.filter(user=user, key=key)
    rows.filter(created_at__lt=now - KEPT).delete()
    rows.filter(status=None, created_at__lt=now - DEAD).delete()
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(user=user, key=key, fingerprint=fingerprint)
    except IntegrityError:
        row = rows.first()
    if row is None or (row.status is None and row.fingerprint == fingerprint):
        raise StillWorking
    if row.fingerprint != fingerprint:
        raise KeyReused
    return row
