"""Single values out of TMDb's JSON: whatever is missing, null, empty or of the wrong type is the empty value."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from math import inf
from typing import Any, TypeVar

from utils.tmdb_client.records import MAX_ID, MAX_PAGE

MAX_POPULARITY = 1e9
TITLE_LENGTH = 300
NAME_LENGTH = 200
PATH_LENGTH = 100
KEYWORD_LENGTH = 120
ROLE_LENGTH = 300
GENRE_LENGTH = 40
LANGUAGE_LENGTH = 8
CERTIFICATION_LENGTH = 20
URL_LENGTH = 500
TEXT_LENGTH = 10_000

Record = TypeVar("Record")


class Unreadable(ValueError):
    """The answer parses as JSON but is not what was asked for."""


def an_object(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Unreadable(f"an object was expected, not {type(raw).__name__}")
    return raw


def a_list(raw: Any, key: str) -> list[Any]:
    items = an_object(raw).get(key)
    if not isinstance(items, list):
        raise Unreadable(f"{key} was expected to be a list, not {type(items).__name__}")
    return items


def mapping(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def objects(raw: Any) -> list[dict[str, Any]]:
    return [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []


def part(
    raw: Mapping[str, Any], part: str, key: str, read: Callable[[list[Any]], Iterable[Record]]
) -> tuple[Record, ...] | None:
    """An appended part's records, or None where the answer lacks the part."""
    items = mapping(raw.get(part)).get(key)
    return tuple(dict.fromkeys(read(items))) if isinstance(items, list) else None


def unique(items: Iterable[Record | None], key: Callable[[Record], object]) -> tuple[Record, ...]:
    """The items without the empty ones and without repeats: lists move while they are being paged."""
    kept: dict[object, Record] = {}
    for item in items:
        if item:
            kept.setdefault(key(item), item)
    return tuple(kept.values())


def paging(raw: Mapping[str, Any]) -> tuple[int, int]:
    return count(raw.get("page")) or 1, min(count(raw.get("total_pages")), MAX_PAGE)


def an_id(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    return value if type(value) is int and 1 <= value <= MAX_ID else None


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: Any, top: float) -> float:
    return float(min(value, top)) if is_number(value) and 0 < value < inf else 0.0


def count(value: Any) -> int:
    return int(min(value, MAX_ID)) if is_number(value) and 0 < value < inf else 0


def text(value: Any, length: int) -> str:
    """Text as a column takes it: PostgreSQL refuses NUL, UTF-8 refuses half a surrogate pair."""
    if not isinstance(value, str):
        return ""
    text = value.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()[:length].rstrip()


def whole(value: Any, length: int) -> str:
    """Text that means nothing when cut: a key, a path, a code."""
    uncut = text(value, length + 1)
    return uncut if len(uncut) <= length else ""


def path(value: Any) -> str:
    path = whole(value, PATH_LENGTH)
    return path if path.startswith("/") else ""


def country_code(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Z]{2}", value) else ""


def a_date(value: Any) -> date | None:
    """The day of ``2013-02-14`` or ``2013-02-14T00:00:00.000Z``; TMDb sends "" for an unknown one."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", value):
        return None
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return day if 1870 <= day.year <= 2200 else None


def a_moment(value: Any) -> datetime | None:
    if a_date(value) is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
