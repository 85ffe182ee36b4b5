"""Request bodies."""

import json
from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework import parsers
from rest_framework.exceptions import ParseError

MAX_DEPTH = 32  # of objects and lists in each other; no body of ours needs more than three
MAX_OPENED = 1000  # objects and lists in all: three hundred thousand empty ones are a second's work


class JSONParser(parsers.JSONParser):
    """Strict JSON: UTF-8 without lone surrogates, finite numbers, each name once in an object; bounds on nesting.

    REST framework holds only children of its own parser to DATA_UPLOAD_MAX_MEMORY_SIZE.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read()
        if body.count(b"{") + body.count(b"[") > MAX_OPENED:
            raise ParseError(f"The body holds more than {MAX_OPENED} objects and lists.")
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as exc:
            raise ParseError(f"The body is not valid JSON: line {exc.lineno}, column {exc.colno}.") from exc
        if _is_deeper_than(MAX_DEPTH, value):
            raise ParseError(f"The body nests objects and lists more than {MAX_DEPTH} deep.")
        json.loads(body, object_pairs_hook=_refuse_repeated)  # by now it neither recurses far nor meets a huge integer
        return value


def _is_deeper_than(limit: int, value: Any) -> bool:
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        inside = (child for outer in layer for child in (outer.values() if isinstance(outer, dict) else outer))
        layer = [child for child in inside if isinstance(child, dict | list)]
    return bool(layer)


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    """orjson takes the last of two values of one name, where a proxy in front of us may have looked at the first."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ParseError("An object in the body gives one name twice.")
