"""CSV tables and JSON lists, a row at a time: what a file holds never is in memory as a whole."""

from __future__ import annotations

import csv
import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import Any, NoReturn

from apps.favorites.transfer.archive import MAX_COLUMNS, MAX_LINES, FileRefused, FileTooLarge, Member

LONGEST_LINE = 256 * 1024  # letters
CHUNK = 64 * 1024
LONGEST_VALUE = 256 * 1024

# What a spreadsheet takes for a formula, after any number of the quotes that keep it from doing so.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SPACE = re.compile(r"[ \t\n\r]*")
_END = object()


def harmless(cell: str) -> str:
    """What a spreadsheet shows and does not carry out. ``plain`` takes the quote off again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def text_of(member: Member, errors: str = "strict") -> TextIOWrapper:
    with member.open() as file:
        start = file.read(3)
    encoding = "utf-16" if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    return TextIOWrapper(member.open(), encoding, errors, newline="")


def header_of(member: Member) -> tuple[str, ...]:
    """The names of a table's columns, folded; of anything else something or nothing."""
    with text_of(member, errors="replace") as file:
        try:
            return _names(next(csv.reader(_lines(file, member)), []))
        except (csv.Error, UnicodeError, FileRefused):
            return ()


def table(member: Member, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row by the folded names of its columns, with the line it ends on. Raises FileRefused.

    columns: those that there must be, in any order, among any others.
    """
    with text_of(member) as file:
        reader = csv.reader(_lines(file, member))
        try:
            names = _names(next(reader, []))
            if len(names) > MAX_COLUMNS:
                raise FileRefused("not_csv", f"{member.path} has more than {MAX_COLUMNS} columns.")
            if missing := [column for column in columns if column.casefold() not in names]:
                raise FileRefused("columns_missing", f"{member.path} lacks these columns: {', '.join(missing)}.")
            for place, cells in enumerate(reader):
                if place > MAX_LINES:
                    raise FileTooLarge(f"Tables of at most {MAX_LINES:,} lines can be imported.")
                if any(cells):
                    row = dict.fromkeys(names, "")
                    # From the last: of two columns of one name the first counts.
                    row.update(reversed(list(zip(names, map(plain, cells), strict=False))))
                    yield reader.line_num, row
        except csv.Error as exc:
            sentence = f"{member.path} line {reader.line_num} cannot be read as CSV: {exc}."
            raise FileRefused("not_csv", sentence) from exc
        except UnicodeError as exc:
            _refuse_encoding(member, exc)


def values(member: Member) -> Iterator[tuple[str, int, Any]]:
    """The values in a JSON list; of an object those in each list it holds, and every other value as it is.

    Each with the name of its list ("" for the only one) and its place in there from 1, or 0. Raises FileRefused.
    """
    with text_of(member) as file:
        reader = _JsonReader(file, member)
        try:
            if reader.skip("["):
                yield from _items(reader, "")
            elif reader.skip("{"):
                yield from _members(reader)
            else:
                reader.refuse()
            reader.end()
        except UnicodeError as exc:
            _refuse_encoding(member, exc)


def first_key(member: Member) -> str | None:
    """The first name in a JSON object, "" where it is a list, None where it is neither."""
    with text_of(member, errors="replace") as file:
        try:
            reader = _JsonReader(file, member)
            if reader.skip("["):
                return ""
            return str(reader.value()) if reader.skip("{") and not reader.skip("}") else None
        except (UnicodeError, FileRefused):
            return None


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip().casefold() for cell in cells)


def _lines(file: TextIOWrapper, member: Member) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise FileRefused("not_csv", f"{member.path} has a line of more than {LONGEST_LINE:,} letters.")
        yield line


def _refuse_encoding(member: Member, exc: UnicodeError) -> NoReturn:
    sentence = (
        f"{member.path} is not text in UTF-8, nor in UTF-16 with a byte order mark. Other encodings, such as "
        "Windows-1252, are not guessed: save it as UTF-8."
    )
    raise FileRefused("not_utf8", sentence) from exc


class _JsonReader:
    """A place in a JSON text of which a window is in memory."""

    def __init__(self, file: TextIOWrapper, member: Member) -> None:
        self._file = file
        self._member = member
        self._decoder = json.JSONDecoder(parse_constant=self._constant)
        self._text = ""
        self._at = 0

    def skip(self, sign: str) -> bool:
        """Go past this sign where it is the next."""
        found = self._next() == sign
        self._at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.skip(sign):
            self.refuse()

    def end(self) -> None:
        if self._next():
            self.refuse()

    def value(self) -> Any:
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                value, end = _END, 0
            if value is not _END and (end < len(self._text) or not self._more()):  # else a number may go on
                self._at = end
                return value
            if value is _END and not self._more():
                self.refuse()

    def refuse(self) -> NoReturn:
        raise FileRefused("not_json", f"{self._member.path} is not JSON as an export has it.")

    def _constant(self, name: str) -> NoReturn:
        self.refuse()

    def _next(self) -> str:
        """The next sign that is no space; "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches anything
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _more(self) -> bool:
        """Read on; False at the end. What is behind the place is forgotten."""
        if len(self._text) - self._at > LONGEST_VALUE:
            self.refuse()
        read = self._file.read(CHUNK)
        self._text, self._at = self._text[self._at :] + read, 0
        return bool(read)


def _items(reader: _JsonReader, name: str) -> Iterator[tuple[str, int, Any]]:
    if reader.skip("]"):
        return
    place = 0
    while True:
        place += 1
        yield name, place, reader.value()
        if reader.skip("]"):
            return
        reader.expect(",")


def _members(reader: _JsonReader) -> Iterator[tuple[str, int, Any]]:
    if reader.skip("}"):
        return
    while True:
        name = reader.value()
        reader.expect(":")
        if not isinstance(name, str):
            reader.refuse()
        if reader.skip("["):
            yield from _items(reader, name)
        else:
            yield name, 0, reader.value()
        if reader.skip("}"):
            return
        reader.expect(",")
