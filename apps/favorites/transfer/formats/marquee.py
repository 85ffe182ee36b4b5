"""Our own exports: of the library as JSON or CSV, and the lists of the archive of all that we keep about somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from apps.favorites.models import Part
from apps.favorites.transfer.archive import FileRefused, Member, Upload
from apps.favorites.transfer.reading import first_key, header_of, table, values
from apps.favorites.transfer.rows import (
    Fields,
    Film,
    Reason,
    Row,
    Rows,
    Skip,
    film_named,
    fraction,
    imdb_id,
    moment,
    number,
    rating,
    text,
    title,
    told,
    year,
)

KEY = "marquee"  # the first name of our JSON, with the version of the format
VERSION = 1
PARTS = {part.value: part for part in (Part.FAVORITES, Part.RATINGS, Part.WATCHLIST, Part.HIDDEN, Part.HISTORY)}
COLUMNS = (
    "part",
    "tmdb_id",
    "imdb_id",
    "title",
    "year",
    "created_at",
    "value",
    "watched_at",
    "progress",
    "client_id",
)
LONGEST_CLIENT_ID = 64


def recognises(upload: Upload) -> bool:
    if upload.is_archive:
        return any(member.name == "readme.txt" for member in upload.members) and bool(_lists(upload))
    (member,) = upload.members
    return first_key(member) == KEY or {"part", "tmdb_id"} <= set(header_of(member))


def used(upload: Upload) -> Sequence[Member]:
    return list(_lists(upload).values()) if upload.is_archive else upload.members


def rows(upload: Upload) -> Rows:
    if upload.is_archive:
        return chain.from_iterable(_list(member, part) for part, member in _lists(upload).items())
    (member,) = upload.members
    return _document(member) if first_key(member) is not None else _table(member)


def _lists(upload: Upload) -> dict[str, Member]:
    found = ((part, upload.named(f"{part}.json")) for part in PARTS)
    return {part: member for part, member in found if member}


def _list(member: Member, part: str) -> Rows:
    lines = ((place, _entry(value, part)) for _, place, value in values(member))
    return told(member.path, lines, _row, named="title")


def _document(member: Member) -> Rows:
    return told(member.path, _entries(member), _row, named="title")


def _entries(member: Member) -> Iterator[tuple[int, Fields]]:
    for key, place, value in values(member):
        if place:
            yield place, _entry(value, key)
        elif key == KEY and value != VERSION:
            raise FileRefused(
                "version_unknown", f"This is version {value!r:.20} of the format; version 1 is read here."
            )


def _entry(value: Any, part: str) -> Mapping[str, Any]:
    return {**value, "part": part} if isinstance(value, Mapping) else {"part": part}


def _table(member: Member) -> Rows:
    return told(member.path, table(member, ["part", "tmdb_id", "title", "year"]), _row, named="title")


def _row(fields: Fields) -> Row:
    part = PARTS.get(text(fields["part"]))
    if part is None:
        raise Skip(Reason.BAD_PART)
    film = Film(
        title(fields.get("title")),
        year(fields.get("year")),
        number(fields.get("tmdb_id")),
        imdb_id(fields.get("imdb_id")),
    )
    row = Row(part, film_named(film), moment(fields.get("created_at")))
    match part:
        case Part.RATINGS:
            return replace(row, value=rating(fields.get("value"), halves=True))
        case Part.HISTORY:
            return replace(row, **_viewing(fields))
        case _:
            return row


def _viewing(fields: Fields) -> dict[str, Any]:
    client_id = text(fields.get("client_id"))
    if len(client_id) > LONGEST_CLIENT_ID:
        raise Skip(Reason.BAD_VALUE)
    progress = fields.get("progress")
    return {
        "watched_at": moment(fields.get("watched_at")),
        "progress": 1.0 if progress in (None, "") else fraction(progress),
        "client_id": client_id,
    }
