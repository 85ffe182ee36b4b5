"""The server as gunicorn has it: what breaks before the first middleware, Django's test client would not count."""

import gzip
import logging
import time
from io import BytesIO
from typing import NamedTuple
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults

from config.wsgi import application

logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float = 0.0


def ask(request, authorization=""):
    environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.media_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_X_FORWARDED_FOR": "203.0.113.7",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(request.body),
    }
    if authorization:
        environ["HTTP_AUTHORIZATION"] = authorization
    environ |= request.environ
    setup_testing_defaults(environ)
    return _answered(environ)


def _answered(environ):
    told = {}

    def start_response(status, headers):
        told.update(status=int(status.split()[0]), headers=dict(headers))

    began = time.monotonic()
    try:
        parts = application(environ, start_response)
        body = b"".join(parts)
    except Exception:
        logger.exception("this would be a 500 of gunicorn's own")
        return Answer(500, {}, b"", time.monotonic() - began)
    seconds = time.monotonic() - began
    parts.close()
    if told["headers"].get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return Answer(told["status"], told["headers"], body, seconds)
