"""The one place that knows the envelope."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response


def envelope(
    data: Any = None,
    *,
    message: str = "",
    pagination: Mapping[str, int] | None = None,
    meta: Mapping[str, Any] | None = None,
    code: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    request_id: str = "",
) -> dict[str, Any]:
    """The body of every answer: a failure where there is a ``code``, a success elsewhere."""
    if code:
        return {
            "success": False,
            "data": None,
            "message": message,
            "code": code,
            "errors": list(errors),
            "request_id": request_id,
        }
    body = {"success": True, "data": data, "message": message}
    if pagination is not None:
        body["pagination"] = dict(pagination)
    if meta is not None:
        body["meta"] = dict(meta)
    return body


def to_json(body: object) -> bytes:
    """JSON bytes; lazy strings and decimals become text, NaN becomes null."""
    return orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


class ApiResponse(Response):
    """A bare resource and what the envelope says beside it."""

    def __init__(
        self,
        data: Any = None,
        *,
        message: str = "",
        pagination: Mapping[str, int] | None = None,
        meta: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.beside_data = {"message": message, "pagination": pagination, "meta": meta}


class EnvelopeRenderer(BaseRenderer):
    """Puts the envelope around what a view returned; a failure comes with its envelope from the exception handler."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        response = (renderer_context or {})["response"]
        if response.status_code == 204:
            return b""
        if response.exception:
            return to_json(data)
        return to_json(envelope(data, **getattr(response, "beside_data", {})))
