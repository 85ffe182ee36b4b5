"""All that is kept about a user, as one file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from tempfile import SpooledTemporaryFile
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from apps.authentication.models import User
from apps.authentication.personal_data import Rows, personal_rows
from utils.rendering import to_json

IN_MEMORY = 1024 * 1024  # bytes of a file that is kept off the disk
README = """\
This is all that Marquee keeps about you, as of {day}.

Every .json file is a list; where it is empty, we keep nothing of that kind.

account.json          your account: e-mail address, name, language, region, when you joined and last signed in
email_links.json      links that we sent you and that still work, without what makes them work
favorites.json        films you liked
hidden.json           films you do not want to be shown
history.json          what you watched, and when
imports.json          files that you imported in the last 90 days
preferences.json      what you told us about your taste and limits
ratings.json          films you rated, from 0.5 to 10
recommendation_feedback.json  what you did with films that were recommended to you, and at which place they stood
recommendations.json  what was recommended to you, when and by which algorithm; kept for 90 days
removed.json          what you took off these lists, and when: item is the film's tmdb_id, in the history the viewing
security_events.json  what happened to your account, such as sign-ins and changes of password, and from which networks
sessions.json         devices on which you are or were signed in, and the networks they came from
watchlist.json        films you want to see, in your order

A film is named by its title and by tmdb_id, its number at themoviedb.org. Times are in UTC. A null stands for what we
do not know. Your password is not in here: we keep only a fingerprint of it, which is of use to nobody.
"""


def personal_archive(user: User, *, day: date) -> SpooledTemporaryFile[bytes]:
    """A ZIP file of JSON, rewound. The same rows on the same day make the same bytes.

    It is whole before the first byte of it leaves: what goes wrong is an error and not half a file, and a slow client
    keeps no cursor open.
    """
    file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the answer closes it
    with ZipFile(file, "w") as archive:
        _write(archive, "README.txt", day, iter([README.format(day=day).encode()]))
        for name, rows in personal_rows(user):
            _write(archive, f"{name}.json", day, _json_list(rows))
    file.seek(0)
    return file


def _write(archive: ZipFile, name: str, day: date, parts: Iterator[bytes]) -> None:
    entry = ZipInfo(name, date_time=(day.year, day.month, day.day, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    with archive.open(entry, "w") as target:
        for part in parts:
            target.write(part)


def _json_list(rows: Rows) -> Iterator[bytes]:
    """One row a line, never all of them in memory."""
    before = b"[\n"
    for row in rows:
        yield before + to_json(row)
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"
