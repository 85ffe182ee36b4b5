"""A name for every request, in its answer and in every log line."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_.-]{8,64}", re.ASCII)


def current_request_id() -> str:
    return _request_id.get()


class RequestIdMiddleware:
    """Takes X-Request-ID from the caller where it is well-formed, else makes one; sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        _request_id.set(request_id)  # not reset: Django logs a failure after the last middleware is done
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class ConditionalGet(ConditionalGetMiddleware):
    """Django's own leaves Age out of a 304: a client would take the answer it has for a new one."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer = super().process_response(request, response)
        if "Age" in response:
            answer["Age"] = response["Age"]
        return answer


class RequestIdFilter(logging.Filter):
    """Adds ``request_id`` to log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
