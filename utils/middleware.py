"""A name for every request, in its answer and in every log line."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

_ACCEPTABLE = re.compile(r"[A-Za-z0-9_.-]{8,64}", re.ASCII)


def current_request_id() -> str:
    return str(get_contextvars().get("request_id", "-"))


class RequestIdMiddleware:
    """Takes X-Request-ID from the caller where it is well-formed, else makes one; sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        clear_contextvars()
        bind_contextvars(request_id=request_id)  # not undone: Django logs a failure after the last middleware is done
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
