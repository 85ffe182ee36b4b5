"""The library as a file: all of it as JSON or CSV, which come back byte for byte, or what Letterboxd takes.

The same library makes the same bytes: nothing in a file says when it was made, and every list has one order. What is
not in a file: keys and versions of ours, when a row was last changed, and ids that an import made up for viewings.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from io import StringIO
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.db.models import Case, F, Value, When

from apps.authentication.models import User
from apps.favorites.models import (
    WATCHED_FROM,
    Favorite,
    HiddenMovie,
    Part,
    Rating,
    ViewingHistory,
    WatchlistItem,
)
from apps.favorites.transfer.formats import letterboxd
from apps.favorites.transfer.formats.marquee import COLUMNS, KEY, VERSION
from apps.favorites.transfer.reading import harmless
from apps.favorites.transfer.rows import OURS
from utils.rendering import to_json

IN_MEMORY = 1024 * 1024  # bytes of a file that is kept off the disk
BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
NAMED = ["movie__title", "movie__release_date"]
OF_ENTRY = ["movie__tmdb_id", "movie__imdb_id", *NAMED, "created_at"]
SHELVES: list[tuple[Any, list[str], list[Any]]] = [  # with what each has beside a film and when it came
    (Favorite, [], ["created_at", "movie__tmdb_id"]),
    (Rating, ["value"], ["created_at", "movie__tmdb_id"]),
    (WatchlistItem, [], ["position", "pk"]),
    (HiddenMovie, [], ["created_at", "movie__tmdb_id"]),
]

Line = dict[str, Any]
Spooled = SpooledTemporaryFile[bytes]


def library_json(user: User) -> Spooled:
    return _spooled(_json(user))


def library_csv(user: User) -> Spooled:
    """One table: ``part`` says which shelf a row is of, or the history; the watchlist is in its own order."""
    lines = ([_cell(line.get(column)) for column in COLUMNS] for line in _all(user))
    return _spooled(chain([BOM.encode()], _table(COLUMNS, lines)))


def library_letterboxd(user: User) -> Spooled:
    """Films Letterboxd's way: by title and year, days without times, stars in halves. It has no hidden films."""
    file: Spooled = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the answer closes it
    with ZipFile(file, "w") as archive:
        for name, columns, lines in _letterboxd(user):
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w") as target:
                for part in _table(columns, lines):
                    target.write(part)
    file.seek(0)
    return file


def _spooled(parts: Iterable[bytes]) -> Spooled:
    """Whole before the first byte leaves: what goes wrong is an error and not half a file."""
    file: Spooled = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the answer closes it
    for part in parts:
        file.write(part)
    file.seek(0)
    return file


def _json(user: User) -> Iterator[bytes]:
    yield b'{"%s": %d' % (KEY.encode(), VERSION)
    for part, lines in _parts(user):
        yield b',\n"%s": [' % part.encode()
        before = b"\n"
        for line in lines:
            yield before + to_json(line)
            before = b",\n"
        yield b"\n]" if before == b",\n" else b"]"
    yield b"\n}\n"


def _all(user: User) -> Iterator[Line]:
    for part, lines in _parts(user):
        for line in lines:
            yield {"part": part, **line}


def _parts(user: User) -> Iterator[tuple[str, Iterator[Line]]]:
    """Every part with its rows, each in one query, never all of them in memory."""
    for shelf, values, ordering in SHELVES:
        yield shelf.part.value, _entries(shelf.objects.of(user).order_by(*ordering), values)
    yield Part.HISTORY.value, _entries(_viewings(user), ["watched_at", "progress", "shown_id"])


def _viewings(user: User) -> Any:
    shown = Case(When(client_id__startswith=OURS, then=Value("")), default=F("client_id"))
    when = F("watched_at").asc(nulls_first=True)
    ordering = ["created_at", "movie__tmdb_id", when, "progress", "shown_id"]
    return ViewingHistory.objects.of(user).annotate(shown_id=shown).order_by(*ordering)


def _entries(rows: Any, values: list[str]) -> Iterator[Line]:
    names = ["client_id" if value == "shown_id" else value for value in values]
    for tmdb_id, imdb_id, title, released, created_at, *rest in rows.values_list(*OF_ENTRY, *values).iterator():
        film = {"tmdb_id": tmdb_id, "imdb_id": imdb_id, "title": title, "year": released and released.year}
        yield {**film, "created_at": created_at, **dict(zip(names, rest, strict=True))}


def _table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> Iterator[bytes]:
    text = StringIO(newline="")
    writer = csv.writer(text)
    for line in chain([columns], lines):
        writer.writerow([harmless(cell) for cell in line])
        yield text.getvalue().encode(errors="replace")
        text.seek(0)
        text.truncate()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return to_json(value).decode().strip('"')
    return "" if value is None else str(value)


def _letterboxd(user: User) -> Iterator[tuple[str, tuple[str, ...], Iterator[list[str]]]]:
    seen = ViewingHistory.objects.of(user).filter(progress__gte=WATCHED_FROM)
    yield "ratings.csv", letterboxd.RATINGS, ([*film, _stars(value)] for film, value in _films(Rating, user, "value"))
    yield "watched.csv", letterboxd.ENTRY, _once(seen)
    yield "diary.csv", letterboxd.DIARY, _diary(user, seen)
    yield "watchlist.csv", letterboxd.ENTRY, (film for film, _ in _films(WatchlistItem, user, "position"))
    yield "likes/films.csv", letterboxd.ENTRY, (film for film, _ in _films(Favorite, user, "pk"))


def _films(shelf: Any, user: User, value: str) -> Iterator[tuple[list[str], Any]]:
    ordering = [value, "pk"] if shelf is WatchlistItem else ["created_at", "movie__tmdb_id"]
    rows = shelf.objects.of(user).order_by(*ordering)
    for title, released, created_at, found in rows.values_list(*NAMED, "created_at", value).iterator():
        yield _film(created_at, title, released), found


def _once(seen: Any) -> Iterator[list[str]]:
    """Each film at its first viewing."""
    met: set[int] = set()
    rows = seen.order_by("created_at", "movie__tmdb_id", "pk").values_list(*NAMED, "created_at", "movie")
    for title, released, created_at, movie in rows.iterator():
        if movie not in met:
            met.add(movie)
            yield _film(created_at, title, released)


def _diary(user: User, seen: Any) -> Iterator[list[str]]:
    """Viewings of a known day, each but the first of a film a rewatch, with the rating of today."""
    stars = dict(Rating.objects.of(user).values_list("movie", "value"))
    met: set[int] = set()
    rows = seen.exclude(watched_at=None).order_by("watched_at", "movie__tmdb_id", "pk")
    for title, released, created_at, movie, watched_at in rows.values_list(
        *NAMED, "created_at", "movie", "watched_at"
    ).iterator():
        rating = _stars(stars[movie]) if movie in stars else ""
        yield [*_film(created_at, title, released), rating, "Yes" if movie in met else "", "", _day(watched_at)]
        met.add(movie)


def _film(created_at: datetime, title: str, released: date | None) -> list[str]:
    return [_day(created_at), title, str(released.year) if released else "", ""]


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _stars(value: float) -> str:
    """Half a star is what Letterboxd has between two stars: 8.5 of ours is nearer to none, and counts as 4.5."""
    return f"{math.floor(value + 0.5) / letterboxd.STARS:g}"
