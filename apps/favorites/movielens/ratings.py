"""The ratings of a download into the libraries of stand-ins: users without a name, who can never log in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.contrib.auth.hashers import make_password
from django.db import reset_queries, transaction

from apps.authentication.models import User
from apps.favorites.models import Rating
from apps.favorites.movielens.files import Download
from apps.favorites.movielens.report import Report
from apps.favorites.movielens.rows import RatingRow, read_ratings

BATCH = 5_000


def ratings_load(download: Download, film_pks: Mapping[int, int], report: Report, read: Callable[[int], None]) -> None:
    """Add the ratings of these films (primary keys by MovieLens id) that are not there yet.

    Where a user rated one film twice, as happens to doubles, the newer rating stays.
    """
    for batch in read_ratings(download.ratings, report.pass_over).batches(BATCH, read):
        rows = [row for row in batch if row.movielens_id in film_pks]
        report.ratings_left_out += len(batch) - len(rows)
        with transaction.atomic():
            user_pks = _stand_ins(rows, report)
            placed = [(user_pks[row.user], film_pks[row.movielens_id], row) for row in rows]
            _add(_newest(placed, report), report)
        reset_queries()  # with DEBUG on, Django would keep the text of every INSERT


def _stand_ins(rows: Sequence[RatingRow], report: Report) -> dict[int, int]:
    """The users of these rows, made where they are missing; primary keys by MovieLens' number."""
    aliases = {f"{report.dataset}:{row.user}": row.user for row in rows}
    known = _pks_by_alias(aliases)
    missing = [alias for alias in aliases if alias not in known]
    if missing:
        User.objects.bulk_create([_stand_in(alias) for alias in missing], ignore_conflicts=True)
        report.users_added += len(missing)
        known = _pks_by_alias(aliases)
    return {aliases[alias]: pk for alias, pk in known.items()}


def _pks_by_alias(aliases: Mapping[str, int]) -> dict[str, int]:
    found = User.objects.filter(alias__in=list(aliases)).values_list("alias", "pk")
    return {alias: pk for alias, pk in found if alias}


def _stand_in(alias: str) -> User:
    return User(kind=User.Kind.PSEUDONYMOUS, alias=alias, is_active=False, password=make_password(None))


def _newest(placed: Iterable[tuple[int, int, RatingRow]], report: Report) -> dict[tuple[int, int], RatingRow]:
    """The newest row of each user and film."""
    newest: dict[tuple[int, int], RatingRow] = {}
    for user_pk, film_pk, row in placed:
        rival = newest.get((user_pk, film_pk))
        if rival:
            report.ratings_merged += 1
        if rival is None or row.rated_at > rival.rated_at:
            newest[user_pk, film_pk] = row
    return newest


def _add(rows: dict[tuple[int, int], RatingRow], report: Report) -> None:
    """Insert the ratings that are missing; change those of which this batch has a newer one, as a double's can be.

    No library's version is bumped: it tells a reader's caches what is stale, and stand-ins read nothing.
    """
    changed = []
    stored = Rating.objects.filter(user__in={user_pk for user_pk, _ in rows})  # about a batch: GroupLens sorts by user
    columns = stored.values_list("pk", "user_id", "movie_id", "value", "updated_at")
    for pk, user_pk, film_pk, value, rated_at in columns.iterator():
        row = rows.pop((user_pk, film_pk), None)
        if row is None:
            continue
        if (row.value, row.rated_at) == (value, rated_at):
            report.ratings_known += 1
            continue
        report.ratings_merged += 1
        if row.rated_at > rated_at:
            changed.append(_rating(user_pk, film_pk, row, pk=pk))
    Rating.objects.bulk_update(changed, ["value", "created_at", "updated_at"])
    Rating.objects.bulk_create([_rating(*place, row) for place, row in rows.items()], ignore_conflicts=True)
    report.ratings_added += len(rows)


def _rating(user_pk: int, film_pk: int, row: RatingRow, *, pk: int | None = None) -> Rating:
    return Rating(
        pk=pk, user_id=user_pk, movie_id=film_pk, value=row.value, created_at=row.rated_at, updated_at=row.rated_at
    )
