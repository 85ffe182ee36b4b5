"""Trakt's export: JSON lists, in one ZIP or alone. Older ones lie in folders of the user's name.

What a row is shows in what it dates: a rating was rated, a play watched, an entry of a list listed. Plays that are
dated 1970 were entered without a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from apps.favorites.models import Part
from apps.favorites.transfer.archive import Member, Upload
from apps.favorites.transfer.reading import first_key, values
from apps.favorites.transfer.rows import (
    OURS,
    Fields,
    Film,
    Reason,
    Row,
    Rows,
    Skip,
    film_named,
    imdb_id,
    moment,
    number,
    rating,
    text,
    title,
    told,
    year,
)

# In the order in which they are read: that a film was seen (watched-movies) says nothing after its plays.
FILES = [
    re.compile(pattern)
    for pattern in (
        r"ratings[-_]?(movies)?([-_][0-9]+)?\.json",
        r"(watched[-_])?history([-_](movies|[0-9]+))*\.json",
        r"watched[-_]movies([-_][0-9]+)?\.json",
        r"(lists?[-_])?favou?rites([-_](movies|[0-9]+))*\.json",
        r"(lists?[-_])?watchlist([-_](movies|[0-9]+))*\.json",
    )
]
NO_DATE = 1970


def recognises(upload: Upload) -> bool:
    if upload.is_archive:
        return bool(used(upload)) and not any(member.name == "readme.txt" for member in upload.members)
    return first_key(upload.members[0]) == ""


def used(upload: Upload) -> Sequence[Member]:
    if not upload.is_archive:
        return upload.members
    return [m for pattern in FILES for m in upload.members if pattern.fullmatch(m.name)]


def rows(upload: Upload) -> Rows:
    return chain.from_iterable(_rows(member) for member in used(upload))


def _rows(member: Member) -> Rows:
    lines = ((place, _flat(value, member)) for _, place, value in values(member))
    return told(member.path, lines, _row, named="title")


def _flat(value: Any, member: Member) -> Mapping[str, Any]:
    """The entry with what it says of the film; ``movie`` is whether it is about one."""
    entry = value if isinstance(value, Mapping) else {}
    film = entry.get("movie")
    known = film if isinstance(film, Mapping) else {}
    ids = known.get("ids")
    ids = ids if isinstance(ids, Mapping) else {}
    about = next((known for known in (film, entry.get("show")) if isinstance(known, Mapping)), {})
    return {
        **entry,
        "movie": isinstance(film, Mapping) and entry.get("type", "movie") == "movie",
        "title": about.get("title"),
        "year": known.get("year"),
        "tmdb": ids.get("tmdb"),
        "imdb": ids.get("imdb"),
        "liked": "favo" in member.name,
    }


def _row(fields: Fields) -> Row:
    if not fields["movie"]:
        raise Skip(Reason.NOT_A_FILM)
    film = film_named(
        Film(title(fields["title"]), year(fields["year"]), number(fields["tmdb"]), imdb_id(fields["imdb"]))
    )
    if "rating" in fields and "rated_at" in fields:
        return Row(Part.RATINGS, film, moment(fields["rated_at"]), value=rating(fields["rating"]))
    if "watched_at" in fields:
        at, play = _watched(fields["watched_at"]), text(fields.get("id"))[:40]
        return Row(Part.HISTORY, film, at, watched_at=at, client_id=f"{OURS}trakt:{play}" if play else "")
    if "last_watched_at" in fields:
        at = _watched(fields["last_watched_at"])
        return Row(Part.HISTORY, film, at, watched_at=at, only_seen=True)
    if "listed_at" in fields:
        part = Part.FAVORITES if fields["liked"] else Part.WATCHLIST
        return Row(part, film, moment(fields["listed_at"]))
    raise Skip(Reason.BAD_PART)


def _watched(value: Any) -> datetime | None:
    at = moment(value)
    return None if at and at.year == NO_DATE else at
