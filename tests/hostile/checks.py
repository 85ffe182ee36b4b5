"""What must hold for the answer to any request at all."""

import json
import re
from collections.abc import Iterator

from config.settings.base import BASE_DIR

SUCCESS = {"success", "data", "message"}
BESIDE = {"pagination", "meta"}
FAILURE = {"success", "data", "message", "code", "errors", "request_id"}
LARGEST = {True: 16 * 1024, False: 4 * 1024 * 1024}  # bytes of a failure, of anything else
SLOWEST = 20.0  # seconds: who holds a worker for longer is heard of, a slow machine is not
LEAKS = re.compile(  # quotes are escaped where JSON is around
    rb'Traceback|psycopg|sqlite|django\.|rest_framework|simplejwt|site-packages|orjson|redis|\.py\b|File \\?"'
    rb'|Error at|Errno|Exception|SELECT |INSERT INTO|UPDATE \\?"|relation \\?"|column \\?"|0x[0-9a-f]{8}|'
    + re.escape(str(BASE_DIR)).encode()
)
CODE = re.compile(r"[a-z][a-z0-9_]+")


def complaints(request, answer) -> Iterator[str]:
    """What is wrong with an answer; nothing, if all is well."""
    if answer.status >= 500:
        yield f"a status of {answer.status}"
    if any(character in value for value in answer.headers.values() for character in "\r\n\x00"):
        yield "a header of two lines"
    if answer.seconds > SLOWEST:
        yield f"it took {answer.seconds:.1f} s"
    failed = answer.status >= 400
    if len(answer.body) > LARGEST[failed]:
        yield f"{len(answer.body)} bytes of answer"
    is_ours = request.path.startswith("/api/v1/")
    if (is_ours or failed) and (leak := LEAKS.search(answer.body)):
        yield f"it tells of the inside: {answer.body[max(0, leak.start() - 60) : leak.end() + 60]!r}"
    if is_ours and answer.body and "Content-Disposition" not in answer.headers:  # a file is what it is
        yield from _about_envelope(answer.status, answer.headers, answer.body)


def _about_envelope(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    try:
        envelope = json.loads(body)
    except ValueError:
        yield f"no JSON: {body[:80]!r}"
        return
    names = set(envelope) if isinstance(envelope, dict) else set()
    if status < 400:
        if not SUCCESS <= names <= SUCCESS | BESIDE or envelope["success"] is not True:
            yield f"no envelope of a success: {body[:80]!r}"
    elif names != FAILURE or envelope["success"] is not False or envelope["data"] is not None:
        yield f"no envelope of a failure: {body[:80]!r}"
    elif not CODE.fullmatch(envelope["code"]) or not envelope["message"]:
        yield f"no code or no message: {body[:80]!r}"
    elif envelope["request_id"] != headers.get("X-Request-ID"):
        yield f"another request's id: {envelope['request_id']}"
