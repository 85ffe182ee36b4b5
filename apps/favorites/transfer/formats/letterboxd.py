"""Letterboxd's export: names and years, no ids.

``diary.csv`` has the single viewings and ``watched.csv`` every film ever seen, those of the diary too: the latter say
no more than that. Addresses tell nothing: in the diary they are those of its entries. Films it says were deleted lie in
folders of their own, ``deleted`` and ``orphaned``, and are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from apps.favorites.models import Part
from apps.favorites.transfer.archive import Member, Upload
from apps.favorites.transfer.reading import header_of, table
from apps.favorites.transfer.rows import (
    Fields,
    Film,
    Row,
    Rows,
    film_named,
    moment,
    rating,
    title,
    told,
    year,
)

STARS = 2  # of ours in one of theirs
ENTRY = ("Date", "Name", "Year", "Letterboxd URI")
RATINGS = (*ENTRY, "Rating")
DIARY = (*ENTRY, "Rating", "Rewatch", "Tags", "Watched Date")


def recognises(upload: Upload) -> bool:
    return any("letterboxd uri" in header_of(member) for member in _files(upload).values())


def used(upload: Upload) -> Sequence[Member]:
    return list(_files(upload).values())


def rows(upload: Upload) -> Rows:
    files = _files(upload)
    readers: dict[str, Callable[[Member], Rows]] = {
        "ratings.csv": lambda file: _read(file, RATINGS, _rating),
        "diary.csv": lambda file: _diary(file, with_ratings="ratings.csv" not in files),
        "watched.csv": lambda file: _read(file, ENTRY, _seen),
        "likes/films.csv": lambda file: _read(file, ENTRY, _like),
        "watchlist.csv": lambda file: _read(file, ENTRY, _wish),
    }
    return chain.from_iterable(read(files[path]) for path, read in readers.items() if path in files)


def _files(upload: Upload) -> dict[str, Member]:
    if upload.is_archive:
        wanted = {"ratings.csv", "diary.csv", "watched.csv", "likes/films.csv", "watchlist.csv"}
        return {m.path.casefold(): m for m in upload.members if m.path.casefold() in wanted}
    (member,) = upload.members
    return {_path(member): member} if member.name.endswith(".csv") else {}


def _path(member: Member) -> str:
    """Which file of an export this is that was sent alone, by its columns or by its name."""
    header = header_of(member)
    if "watched date" in header:
        return "diary.csv"
    if "rating" in header:
        return "ratings.csv"
    for begins, path in {"watchlist": "watchlist.csv", "watched": "watched.csv"}.items():
        if member.name.startswith(begins):
            return path
    return "likes/films.csv"


def _read(member: Member, columns: Sequence[str], read: Callable[[Fields], Row]) -> Rows:
    return told(member.path, table(member, columns), read, named="name")


def _diary(member: Member, *, with_ratings: bool) -> Rows:
    """Ratings are those of ratings.csv, which has the last of each film; the diary has what was said at a viewing."""
    yield from _read(member, DIARY, _viewing)
    if with_ratings:
        yield from _read_some(member)


def _read_some(member: Member) -> Rows:
    rated = ((line, fields) for line, fields in table(member, DIARY) if fields["rating"])
    yield from told(member.path, rated, _rating, named="name")


def _film(fields: Fields) -> Film:
    return film_named(Film(title(fields["name"]), year(fields["year"])))


def _rating(fields: Fields) -> Row:
    return Row(Part.RATINGS, _film(fields), moment(fields["date"]), value=rating(fields["rating"], times=STARS))


def _viewing(fields: Fields) -> Row:
    at = moment(fields["date"])
    return Row(Part.HISTORY, _film(fields), at, watched_at=moment(fields["watched date"]))


def _seen(fields: Fields) -> Row:
    return Row(Part.HISTORY, _film(fields), moment(fields["date"]), only_seen=True)


def _like(fields: Fields) -> Row:
    return Row(Part.FAVORITES, _film(fields), moment(fields["date"]))


def _wish(fields: Fields) -> Row:
    return Row(Part.WATCHLIST, _film(fields), moment(fields["date"]))
