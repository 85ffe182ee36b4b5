"""The daily id file: one JSON object a line, gzip, written as it is sent."""

import json
import re
import zlib
from collections.abc import Iterator
from datetime import date, timedelta

from tests.fake_tmdb.catalogue import Catalogue, today_in_utc
from tests.fake_tmdb.errors import not_found

FILE_NAME = re.compile(r"/p/exports/movie_ids_(\d\d)_(\d\d)_(\d{4})\.json\.gz")
KEPT = timedelta(days=92)
LINES_A_CHUNK = 1000


def export(catalogue: Catalogue, path: str) -> Iterator[bytes]:
    """The chunks of a day's file; a Refusal for a day to come, for one too old and for any other file."""
    match = FILE_NAME.fullmatch(path)
    if match is None:
        raise not_found()
    try:
        day = date(int(match[3]), int(match[1]), int(match[2]))
    except ValueError:
        raise not_found() from None
    if not today_in_utc() - KEPT <= day <= today_in_utc():
        raise not_found()
    return _compressed(catalogue)


def _compressed(catalogue: Catalogue) -> Iterator[bytes]:
    compressor = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    columns, ids = catalogue.columns, catalogue.ids.tolist()
    for start in range(0, len(ids), LINES_A_CHUNK):
        lines = "".join(
            _line(catalogue, tmdb_id, float(columns.popularity[tmdb_id - 1]))
            for tmdb_id in ids[start : start + LINES_A_CHUNK]
            if not columns.adult[tmdb_id - 1]
        )
        if chunk := compressor.compress(lines.encode()):
            yield chunk
    yield compressor.flush()


def _line(catalogue: Catalogue, tmdb_id: int, popularity: float) -> str:
    entry = {"adult": False, "id": tmdb_id, "original_title": catalogue.original_title(tmdb_id)}
    entry |= {"popularity": popularity, "video": False}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
