"""movie/changes: which ids changed on the days asked for."""

from datetime import date, timedelta

import numpy as np

from tests.fake_tmdb.catalogue import Catalogue, today_in_utc
from tests.fake_tmdb.columns import Ints
from tests.fake_tmdb.errors import invalid_date, invalid_date_range

LONGEST_WINDOW = 14
Query = dict[str, str]


def changed_ids(catalogue: Catalogue, query: Query) -> tuple[Ints, bool]:
    """The ids changed after ``start_date`` up to ``end_date``, and whether that is all in the past.

    The edits made through the catalogue are among them; deletions never are.
    """
    start, end = _window(query)
    changed = np.zeros(catalogue.n_films, dtype=bool)
    for day in range(start.toordinal() + 1, min(end, today_in_utc()).toordinal() + 1):
        changed |= catalogue.columns.changed_on(day)
    for tmdb_id, edited_on in catalogue.edited_on.items():
        changed[tmdb_id - 1] |= start < edited_on <= end
    ids = np.flatnonzero(changed & catalogue.columns.alive) + 1
    return ids[np.argsort(ids * 2_654_435_761 % 4_294_967_296)], end < today_in_utc()


def _window(query: Query) -> tuple[date, date]:
    end = _date(query.get("end_date"))
    start = _date(query.get("start_date"))
    end = end or today_in_utc()
    start = start or end - timedelta(days=1)
    if not timedelta(0) <= end - start <= timedelta(days=LONGEST_WINDOW):
        raise invalid_date_range()
    return start, end


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise invalid_date() from None
