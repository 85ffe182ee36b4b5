"""The formats that can be imported: each a module that recognises its files and reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from apps.favorites.transfer.archive import FileRefused, Member, Upload
from apps.favorites.transfer.formats import imdb, letterboxd, marquee, movielens, trakt
from apps.favorites.transfer.models import ImportJob
from apps.favorites.transfer.rows import Rows

Name = ImportJob.Format


class Format(Protocol):
    def recognises(self, upload: Upload) -> bool:
        """Whether it looks like a file of this format; whatever is wrong with it, it never raises for that."""

    def used(self, upload: Upload) -> Sequence[Member]:
        """The files that it reads."""

    def rows(self, upload: Upload) -> Rows:
        """All rows of them, in order, those that hold nothing for a library too. Raises FileRefused."""


# In the order in which they are asked: ours first, whose columns nobody else has.
FORMATS: dict[str, Format] = {
    name: cast(Format, module)
    for name, module in {
        Name.MARQUEE: marquee,
        Name.LETTERBOXD: letterboxd,
        Name.IMDB: imdb,
        Name.MOVIELENS: movielens,
        Name.TRAKT: trakt,
    }.items()
}


def detected(upload: Upload) -> str:
    """The name of the format. Raises FileRefused."""
    for name, reader in FORMATS.items():
        if reader.recognises(upload):
            return name
    raise FileRefused(
        "format_unknown",
        "This is no export that is known here: a ZIP of Letterboxd, Trakt or MovieLens, a CSV file of IMDb, or the "
        "JSON or CSV of Marquee. Where you know better, say so in `format`.",
    )
