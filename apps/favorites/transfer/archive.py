"""What a user sends, opened with care: a file, or a ZIP of files. Nothing is ever written to the disk from it."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from rest_framework.exceptions import ErrorDetail, ValidationError

from utils.exceptions import BodyTooLarge

MIB = 1024 * 1024
MAX_UPLOAD = 10 * MIB
MAX_EXPANDED = 50 * MIB
MAX_RATIO = 100  # of expanded to sent; texts of people's libraries have 3 to 20
RATIO_COUNTS_FROM = MIB  # expanded; less harms nobody, whatever it was
MAX_ENTRIES = 100
MAX_ROWS = 50_000
MAX_LINES = 200_000  # of one table: MovieLens names all its films beside one user's ratings
MAX_COLUMNS = 100
LONGEST_NAME = 200

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED = 0x41  # flags: the password of old, and the strong kind


class FileRefused(ValidationError):
    """Says of the field ``file`` what is wrong with it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__({"file": [ErrorDetail(sentence, code=code)]})


class FileTooLarge(BodyTooLarge):
    pass


@dataclass(frozen=True)
class Member:
    """A file; ``path`` is as the archive has it, without a folder that all are in."""

    path: str
    open: Callable[[], IO[bytes]]

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name.casefold()


@dataclass(frozen=True)
class Upload:
    name: str
    members: Sequence[Member]
    is_archive: bool

    def named(self, path: str) -> Member | None:
        """The file at this path, or of this name where it was sent alone."""
        return next((m for m in self.members if m.path.casefold() == path or (not self.is_archive)), None)


@contextmanager
def opened(name: str, data: bytes) -> Iterator[Upload]:
    """The files of an upload. Raises FileRefused or FileTooLarge, whatever turns out to be wrong while it is read."""
    if len(data) > MAX_UPLOAD:
        raise FileTooLarge(f"A file of at most {MAX_UPLOAD // MIB} MiB can be imported.")
    with refusing():
        if not data.startswith(ZIP_STARTS):
            yield Upload(name, [Member(name, lambda: BytesIO(data))], is_archive=False)
            return
        # Before anything is made of them: a directory of 10 MiB would be 200,000 objects.
        if data.count(DIRECTORY_ENTRY) > 2 * MAX_ENTRIES:
            raise too_many_entries()
        with _archive(data) as archive:
            yield Upload(name, _members(archive, sent=len(data)), is_archive=True)


def _archive(data: bytes) -> ZipFile:
    try:
        return ZipFile(BytesIO(data))
    except ValueError as exc:  # of a name that is no UTF-8, or of a place before the file's beginning
        raise BadZipFile from exc


@contextmanager
def refusing() -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, OverflowError) as exc:
        raise FileRefused("archive_broken", "The ZIP file is broken, or of a kind that is not read here.") from exc


def too_many_entries() -> FileTooLarge:
    return FileTooLarge(f"An archive of at most {MAX_ENTRIES} files can be imported.")


def _members(archive: ZipFile, *, sent: int) -> list[Member]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise too_many_entries()
    for entry in entries:
        _check(entry)
    if len({entry.filename.casefold() for entry in entries}) < len(entries):
        raise FileRefused("archive_repeats", "The archive has two files of one name.")
    expanded = sum(entry.file_size for entry in entries)  # zipfile reads no more of an entry than it declares
    if expanded > MAX_EXPANDED:
        raise FileTooLarge(f"An archive of at most {MAX_EXPANDED // MIB} MiB, expanded, can be imported.")
    if expanded > RATIO_COUNTS_FROM and expanded > MAX_RATIO * sent:
        raise FileTooLarge(f"An archive expands to at most {MAX_RATIO} times its size.")
    folder = _common_folder(entries)
    return [Member(entry.filename.removeprefix(folder), _opener(archive, entry)) for entry in entries]


def _check(entry: ZipInfo) -> None:
    path = PurePosixPath(entry.filename)
    odd = "\\" in entry.filename or ":" in entry.filename or len(entry.filename) > LONGEST_NAME
    if path.is_absolute() or ".." in path.parts or odd or not entry.filename.isprintable():
        raise FileRefused("archive_path", "A file of the archive has a path that no export has.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise FileRefused("archive_link", "A file of the archive is a link.")
    if entry.flag_bits & ENCRYPTED:
        raise FileRefused("archive_encrypted", "The archive is encrypted: send it without a password.")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise FileRefused("archive_compression", "The archive is compressed in a way that is not read here.")


def _common_folder(entries: Sequence[ZipInfo]) -> str:
    """The folder that an archive made by hand has all its files in, and what macOS puts beside it."""
    paths = [entry.filename for entry in entries if not entry.filename.startswith("__MACOSX/")]
    folders = {path.partition("/")[0] if "/" in path else "" for path in paths}
    folder = folders.pop() if len(folders) == 1 else ""
    return "" if folder in {"", "likes", "lists"} else f"{folder}/"


def _opener(archive: ZipFile, entry: ZipInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        try:
            return archive.open(entry)
        except ValueError as exc:  # as above, of what stands before the entry itself
            raise BadZipFile from exc

    return opened
