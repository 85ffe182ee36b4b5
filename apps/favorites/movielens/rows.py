"""The rows of a GroupLens download, streamed: CSV in the newer releases, ``::`` and Latin-1 in MovieLens 1M."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from typing import IO, Generic, NamedTuple, TypeVar

from apps.favorites.movielens.files import Member, NotMovieLens

LARGEST_ID = 2**31 - 1  # that our tables hold
LATEST_SECOND = 2**32 - 1

Row = TypeVar("Row")
Fields = Sequence[str]


class LinkRow(NamedTuple):
    """What a film of MovieLens is elsewhere."""

    movielens_id: int
    imdb_id: str  # as IMDb writes it, "tt0114709"; empty where unknown
    tmdb_id: int | None


class FilmRow(NamedTuple):
    movielens_id: int
    title: str  # as GroupLens writes it; see titles.parse_title
    genres: tuple[str, ...]


class RatingRow(NamedTuple):
    user: int
    movielens_id: int
    value: float  # 1 to 10: twice the stars
    rated_at: datetime


class Malformed(NamedTuple):
    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.why}"


PassOver = Callable[[Malformed], None]


class Rows(Generic[Row]):
    """The rows of one file, to be iterated once; malformed ones go to ``pass_over`` instead."""

    def __init__(self, member: Member, columns: Fields, parse: Callable[[Fields], Row], pass_over: PassOver) -> None:
        self.member = member
        self.columns = columns
        self.parse = parse
        self.pass_over = pass_over
        self._binary: IO[bytes] | None = None

    @property
    def bytes_read(self) -> int:
        if self._binary is None:
            return 0
        return self.member.size if self._binary.closed else self._binary.tell()

    def batches(self, size: int, read: Callable[[int], None]) -> Iterator[list[Row]]:
        """Up to ``size`` rows at a time; after each batch ``read`` is told how many bytes it has come to."""
        rows = iter(self)
        while batch := list(islice(rows, size)):
            yield batch
            read(self.bytes_read)

    def __iter__(self) -> Iterator[Row]:
        file = self.member.name
        is_dat = file.endswith(".dat")
        encoding = "latin-1" if is_dat else "utf-8-sig"
        # A byte that is not UTF-8 spoils the title it stands in, not the import.
        with self.member.open() as self._binary, TextIOWrapper(self._binary, encoding, "replace", newline="") as text:
            for line, fields in _dat_lines(text) if is_dat else self._csv_lines(text):
                try:
                    if len(fields) != len(self.columns):
                        raise ValueError(f"{len(fields)} columns where {len(self.columns)} belong")
                    row = self.parse(fields)
                except ValueError as exc:
                    self.pass_over(Malformed(file, line, str(exc)))
                else:
                    yield row

    def _csv_lines(self, text: Iterable[str]) -> Iterator[tuple[int, Fields]]:
        reader = csv.reader(text)
        try:
            header = next(reader, [])
            if tuple(header) != self.columns:
                begins, belongs = ",".join(header)[:80], ",".join(self.columns)
                raise NotMovieLens(f"{self.member.name} begins with {begins}, not with {belongs}.")
            for fields in filter(None, reader):
                yield reader.line_num, fields
        except csv.Error as exc:
            raise NotMovieLens(f"{self.member.name} line {reader.line_num} cannot be read as CSV: {exc}.") from exc


def _dat_lines(text: Iterable[str]) -> Iterator[tuple[int, Fields]]:
    for number, line in enumerate(text, start=1):
        if fields := line.rstrip("\r\n"):
            yield number, fields.split("::")


def read_links(member: Member, pass_over: PassOver) -> Rows[LinkRow]:
    return Rows(member, ("movieId", "imdbId", "tmdbId"), _link, pass_over)


def read_films(member: Member, pass_over: PassOver) -> Rows[FilmRow]:
    return Rows(member, ("movieId", "title", "genres"), _film, pass_over)


def read_ratings(member: Member, pass_over: PassOver) -> Rows[RatingRow]:
    return Rows(member, ("userId", "movieId", "rating", "timestamp"), _rating, pass_over)


def _link(fields: Fields) -> LinkRow:
    film, imdb, tmdb = fields
    return LinkRow(
        _number(film, "movieId"),
        f"tt{_number(imdb, 'imdbId'):07d}" if imdb else "",
        _number(tmdb, "tmdbId") if tmdb else None,
    )


def _film(fields: Fields) -> FilmRow:
    film, title, genres = fields
    if not title.strip():
        raise ValueError("the title is empty")
    return FilmRow(_number(film, "movieId"), title.strip(), tuple(genres.split("|")))


def _rating(fields: Fields) -> RatingRow:
    user, film, stars, at = fields
    second = _number(at, "timestamp", largest=LATEST_SECOND)
    return RatingRow(
        _number(user, "userId"), _number(film, "movieId"), _value(stars), datetime.fromtimestamp(second, UTC)
    )


def _value(stars: str) -> float:
    value = 2 * float(stars)
    if not (1 <= value <= 10 and value.is_integer()):
        raise ValueError(f"no film can have {stars} stars")
    return value


def _number(text: str, what: str, *, largest: int = LARGEST_ID) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= largest:
        raise ValueError(f"{what} is {text!r}")
    return number
