"""A GroupLens download on the disk, zip or folder: which layout it has, and its files as streams."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, ZipFile

CSV_LAYOUT = ("ratings.csv", "movies.csv", "links.csv")
DAT_LAYOUT = ("ratings.dat", "movies.dat")  # MovieLens 1M; it has no links of its own


class NotMovieLens(Exception):
    """What is wrong with the download, as a sentence for whoever named its path."""


@dataclass(frozen=True)
class Member:
    """One file of a download."""

    name: str
    folder: str
    size: int  # bytes, unpacked
    open: Callable[[], IO[bytes]]  # at its first byte


@dataclass(frozen=True)
class Download:
    """``name`` is that of the folder in which the files lie, so that a zip and what was unpacked from it share it."""

    name: str
    ratings: Member
    movies: Member
    links: Member


@contextmanager
def open_download(path: Path, links: Path | None = None) -> Iterator[Download]:
    """The download at ``path``; ``links`` is where a better links.csv is: a newer release, or the file itself.

    Raises NotMovieLens, also where a zip turns out to be damaged while it is read.
    """
    with ExitStack() as stack:
        members = stack.enter_context(_members(path))
        layout = _layout(path, members)
        ratings, movies = members[layout[0]], members[layout[1]]
        if links is not None:
            members = stack.enter_context(_members(links))
            if "links.csv" not in members:
                raise NotMovieLens(f"{links} has no links.csv.")
        elif layout == DAT_LAYOUT:
            raise NotMovieLens(
                f"{path} is MovieLens 1M, which tells no TMDb ids: name a newer release with --links PATH "
                "(ml-latest-small will do, or its links.csv)."
            )
        try:
            yield Download(ratings.folder or path.stem, ratings, movies, members["links.csv"])
        except (BadZipFile, zlib.error, EOFError) as exc:
            raise NotMovieLens(f"The zip file is damaged ({exc}): download it again.") from exc


def _layout(path: Path, members: dict[str, Member]) -> tuple[str, ...]:
    for layout in (CSV_LAYOUT, DAT_LAYOUT):
        if all(name in members for name in layout):
            return layout
    likely = DAT_LAYOUT if any(name in members for name in DAT_LAYOUT) else CSV_LAYOUT
    missing = " and no ".join(name for name in likely if name not in members)
    raise NotMovieLens(f"{path} is not a MovieLens download that can be read here: it has no {missing}.")


@contextmanager
def _members(path: Path) -> Iterator[dict[str, Member]]:
    """The files of a layout, by name; whatever else is there is not looked at, and nothing is unpacked."""
    path = path.resolve()
    if path.is_dir():
        yield _by_name(_member_of_folder(file) for file in path.iterdir() if file.is_file())
    elif path.name == "links.csv" and path.is_file():
        yield _by_name([_member_of_folder(path)])
    elif path.is_file():
        with _zip(path) as archive:
            yield _by_name(_members_of_zip(archive))
    else:
        raise NotMovieLens(f"There is nothing at {path}.")


def _zip(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except BadZipFile as exc:
        raise NotMovieLens(f"{path} is not a zip file, or a damaged one ({exc}): download it again.") from exc


def _member_of_folder(file: Path) -> Member:
    return Member(file.name, file.parent.name, file.stat().st_size, lambda: file.open("rb"))


def _members_of_zip(archive: ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        inside = PurePosixPath(info.filename)
        yield Member(inside.name, inside.parent.name, info.file_size, partial(archive.open, info))


def _by_name(members: Iterable[Member]) -> dict[str, Member]:
    return {member.name: member for member in members if member.name in CSV_LAYOUT + DAT_LAYOUT}
