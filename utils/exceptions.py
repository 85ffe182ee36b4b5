"""What may go wrong, and the one shape in which a client hears of it."""

import logging
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.response import Response
from rest_framework.views import set_rollback

from utils.middleware import current_request_id
from utils.rendering import envelope, to_json

logger = logging.getLogger(__name__)

# An error quotes what was sent: without a bound, a mebibyte of unknown fields was answered with twenty.
MAX_ERRORS = 50
MAX_FIELD = 200
MAX_SENTENCE = 1000


class ApplicationError(Exception):
    """Something a client can be told: a status, a stable code, a sentence."""

    status = 400
    code = "bad_request"
    message = "The request could not be carried out."

    def __init__(self, message: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        self.message = message or self.message
        self.headers = dict(headers or {})
        super().__init__(self.message)


class BodyTooLarge(ApplicationError):
    status = 413
    code = "payload_too_large"
    message = "The body is larger than this server accepts."


class DatabaseUnavailable(ApplicationError):
    status = 503
    code = "service_unavailable"
    message = "The service is not available just now; try again in a few seconds."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Any known exception as a failure envelope; None for the unknown, which Django answers with ``server_error``."""
    exc = _known_by_another_name(exc)
    if isinstance(exc, ApplicationError):
        response = Response(_failure(exc.code, exc.message), status=exc.status, headers=exc.headers)
    elif isinstance(exc, ValidationError):
        errors = list(islice(_field_errors(exc.get_full_details()), MAX_ERRORS))
        message = "The request has errors; see the list." if errors else "The request is not valid."
        response = Response(_failure("validation_error", message, errors), status=exc.status_code)
    elif isinstance(exc, APIException):
        response = Response(_failure(_code_of(exc), _sentence_of(exc)), status=exc.status_code)
        if wait := getattr(exc, "wait", None):
            response["Retry-After"] = str(int(wait))
    else:
        return None
    if response.status_code == 401:
        response["WWW-Authenticate"] = getattr(exc, "auth_header", 'Bearer realm="api"')
    set_rollback()
    return response


def _known_by_another_name(exc: Exception) -> Exception:
    match exc:
        case Http404():
            return NotFound()
        case PermissionDenied():
            return ApiPermissionDenied()
        case RequestDataTooBig():
            return BodyTooLarge()
        case OperationalError() | InterfaceError():
            # Without a connection the traceback says nothing more, and an outage would fill the log with it.
            reason, is_connected = str(exc).partition("\n")[0], connection.connection is not None
            logger.error("the database did not do its work: %s", reason, exc_info=exc if is_connected else None)
            return DatabaseUnavailable()
    return exc


def _failure(code: str, message: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return envelope(code=code, message=message, errors=errors or [], request_id=current_request_id())


def _code_of(exc: APIException) -> str:
    detail = exc.detail
    if isinstance(detail, dict) and "code" in detail:  # simplejwt packs detail, code and messages in one
        return str(detail["code"])
    return "not_authenticated" if isinstance(exc, NotAuthenticated) else str(getattr(detail, "code", exc.default_code))


def _sentence_of(exc: APIException) -> str:
    if isinstance(exc, NotAuthenticated):
        return "Sign in, and send the access token: Authorization: Bearer <access>."
    if _code_of(exc) == "token_not_valid":  # simplejwt speaks of token types here
        return "This access token is not valid any more: refresh it, or sign in again."
    detail = exc.detail
    return str(detail["detail"] if isinstance(detail, dict) and "detail" in detail else detail)


def _field_errors(details: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Nested DRF details as rows; the place of a nested field is spelled with dots."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"}:
        sentence = str(details["message"])[:MAX_SENTENCE]
        yield {"field": field[:MAX_FIELD], "code": str(details["code"]), "message": sentence}
    elif isinstance(details, Mapping):
        for key, value in details.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _field_errors(value, ".".join(filter(None, (field, name))))
    else:
        for index, value in enumerate(details):
            leaf = isinstance(value, Mapping) and set(value) == {"message", "code"}
            yield from _field_errors(value, field if leaf else f"{field}.{index}".lstrip("."))


def _plain(status: int, code: str, message: str) -> HttpResponse:
    return HttpResponse(to_json(_failure(code, message)), status=status, content_type="application/json")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a Host we do not answer to, a body over the limit, a malformed URL."""
    if isinstance(exception, RequestDataTooBig):
        return _plain(413, BodyTooLarge.code, BodyTooLarge.message)
    return _plain(400, "bad_request", "The request was not understood.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _plain(403, "permission_denied", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: no such path."""
    hint = "" if request.path.endswith("/") else " Every path of the API ends in a slash."
    return _plain(404, "not_found", f"There is nothing at this path.{hint}")


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: ours to mend; the log has the traceback under the same request id."""
    return _plain(500, "server_error", "Something went wrong on our side. Quote the request_id if you report it.")
