"""What a row of any format says, and how its values are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, TypeAlias

from django.utils import timezone

from apps.favorites.models import RATING_VALUES, Part
from apps.favorites.transfer.models import ImportRow
from utils.query_params import MAX_ID

LONGEST_TITLE = 300
OURS = "import:"  # begins the client_ids that imports give
LATE = timedelta(days=1)  # a date of today may be tomorrow's somewhere
Reason = ImportRow.Reason

_NUMBER = re.compile(r"[0-9]{1,10}(\.0+)?", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,4}([.,][0-9]{1,24})?(e-[0-9]{1,3})?", re.ASCII)
_IMDB = re.compile(r"(?:tt)?([0-9]{1,10})", re.ASCII)


class Skip(ValueError):
    """This row holds nothing for a library; the argument is a Reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Film:
    """As far as a row says which one it is."""

    title: str = ""
    year: int | None = None
    tmdb_id: int | None = None
    imdb_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Something for a part of the library; ``at`` is when the user said so."""

    part: Part
    film: Film
    at: datetime | None = None
    value: float | None = None
    watched_at: datetime | None = None
    progress: float = 1
    client_id: str = ""
    only_seen: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    reason: Reason
    title: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What one line of a file came to."""

    file: str
    line: int
    row: Row | Skipped


Rows: TypeAlias = Iterator[Told]


def text(value: object) -> str:
    """Without what a database cannot hold: PostgreSQL no NUL, no encoding a lone surrogate."""
    return str(value).replace("\0", "").encode(errors="replace").decode().strip() if value is not None else ""


def title(value: object) -> str:
    return text(value)[:LONGEST_TITLE]


def number(value: object) -> int | None:
    """An id; None where it is empty. Raises Skip."""
    digits = text(value)
    if not digits or digits == "0":
        return None
    if not _NUMBER.fullmatch(digits) or not 0 < int(float(digits)) <= MAX_ID:
        raise Skip(Reason.BAD_VALUE)
    return int(float(digits))


def year(value: object) -> int | None:
    found = number(value)
    if found is not None and not 1800 <= found <= 2200:
        raise Skip(Reason.BAD_VALUE)
    return found


def imdb_id(value: object) -> str:
    """As TMDb writes it: "tt" and seven digits or more; "" where it is no film's."""
    found = _IMDB.fullmatch(text(value))
    return f"tt{int(found[1]):07d}" if found and int(found[1]) else ""


def rating(value: object, *, times: int = 1, halves: bool = False) -> float:
    """On our scale. ``times``: 2 where the format has five stars; ``halves`` of ours only we have. Raises Skip."""
    found = text(value)
    if not found:
        raise Skip(Reason.NO_RATING)
    if not _DECIMAL.fullmatch(found):
        raise Skip(Reason.BAD_RATING)
    ours = float(found.replace(",", ".")) * times
    if ours not in RATING_VALUES or not (halves or ours.is_integer()):
        raise Skip(Reason.BAD_RATING)
    return ours


def fraction(value: object) -> float:
    found = text(value)
    if not _DECIMAL.fullmatch(found) or not isfinite(ours := float(found.replace(",", "."))) or not 0 <= ours <= 1:
        raise Skip(Reason.BAD_VALUE)
    return ours


def moment(value: object) -> datetime | None:
    """A day is its first moment in UTC; None where it is empty. Raises Skip."""
    found = text(value)
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found)
    except ValueError:
        raise Skip(Reason.BAD_DATE) from None
    return _past(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


def second(value: object) -> datetime | None:
    """Seconds since 1970. Raises Skip."""
    found = text(value)
    if not found:
        return None
    if not _NUMBER.fullmatch(found):
        raise Skip(Reason.BAD_DATE)
    return _past(datetime.fromtimestamp(int(float(found)), UTC))


def _past(at: datetime) -> datetime:
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        raise Skip(Reason.BAD_DATE) from None
    if at > timezone.now() + LATE:
        raise Skip(Reason.BAD_DATE)
    return at


Fields: TypeAlias = Mapping[str, Any]


def told(path: str, lines: Iterable[tuple[int, Fields]], read: Callable[[Fields], Row], *, named: str) -> Rows:
    """What each line comes to; ``named`` is the field with the title, to name a line that holds nothing for us."""
    for line, fields in lines:
        try:
            yield Told(path, line, read(fields))
        except Skip as skip:
            yield Told(path, line, Skipped(skip.reason, title(fields.get(named))))


def film_named(film: Film) -> Film:
    """Raises Skip where nobody could know which film it is."""
    if not (film.title or film.tmdb_id or film.imdb_id):
        raise Skip(Reason.NO_TITLE)
    return film
