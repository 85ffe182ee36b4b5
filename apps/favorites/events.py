"""Everything users did with films, as rows of one shape, in one query."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, DateTimeField, ExpressionWrapper, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from apps.favorites.models import Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from utils.database import Among, listed

ANYBODY, THESE = 2_147_483_629, "films"  # stand for a user and for films while a statement is written


class EventKind(StrEnum):
    FAVORITE = "favorite"
    RATING = "rating"
    WATCHLIST = "watchlist"
    HIDDEN = "hidden"
    VIEWING = "viewing"
    OPENED = "opened"  # from a list of recommendations, which keep it: no shelf has it


class Event(NamedTuple):
    """``value`` is the rating or the progress of a viewing, 1 elsewhere.

    ``at`` is when it was told, of a viewing with a known date (``dated``) that date.
    """

    user_id: int
    movie_id: int
    kind: EventKind
    value: float
    at: datetime
    dated: bool = True


def library_events(
    *,
    user_id: int | None = None,
    user_ids: Collection[int] | None = None,
    movie_ids: Sequence[int] | None = None,
    since: datetime | None = None,
) -> Iterator[Event]:
    """The events of one user (of some, of all), on these films (or on any), in no order.

    With ``since`` those first told from then on: a rating that was changed keeps the moment when it was new.
    """
    parts = event_rows(user_id=user_id, user_ids=user_ids, movie_ids=movie_ids, since=since)
    rows = parts[0].union(*parts[1:], all=True)
    # A cursor on the server is worth its three round trips for everybody's events, not for one page of one user's.
    for user, movie, kind, value, at, dated in rows.iterator() if user_id is None else rows:
        yield Event(user, movie, EventKind(kind), value, at, bool(dated))  # SQLite answers 0 or 1 from a union


def events_on(user_id: int, movie_ids: Sequence[int]) -> list[Event]:
    """One user's events on these films, by a statement that is written once a process."""
    statement, params = _statement(connection.vendor)
    asked: dict[Any, Any] = {ANYBODY: user_id, THESE: listed(movie_ids)}
    with connection.cursor() as cursor:
        cursor.execute(statement, [asked.get(param, param) for param in params])
        return [event_of(row) for row in cursor.fetchall()]


@cache
def _statement(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """To put a union of five together took Django longer than a database to answer it."""
    parts = [rows.filter(Among("movie_id", THESE)) for rows in event_rows(user_id=ANYBODY)]
    statement, params = parts[0].union(*parts[1:], all=True).query.sql_with_params()
    return statement, tuple(params)


def event_of(row: Sequence[Any]) -> Event:
    """From what a statement of ``event_rows`` gives where Django does not read it."""
    user_id, movie_id, kind, value, at, dated, *_ = row
    if isinstance(at, str):  # SQLite keeps moments as text, some of which Python's driver reads
        at = datetime.fromisoformat(at)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Event(user_id, movie_id, EventKind(kind), value, at, bool(dated))


def event_rows(
    *,
    user_id: int | None = None,
    user_ids: Collection[int] | None = None,
    movie_ids: Sequence[int] | None = None,
    since: datetime | None = None,
) -> list[QuerySet[Any, Any]]:
    """The same before it is asked: for each kind of event its rows, in columns that a union can put together."""
    mine = Q() if user_id is None else Q(user_id=user_id)
    mine &= Q() if user_ids is None else Q(user_id__in=user_ids)
    mine &= Q() if since is None else Q(created_at__gte=since)
    about = Q() if movie_ids is None else Q(movie_id__in=movie_ids)
    one = Value(1.0)
    always = Value(True, BooleanField())
    return [
        _rows(Favorite.objects.filter(mine, about), EventKind.FAVORITE, one, F("created_at"), always),
        _rows(Rating.objects.filter(mine, about), EventKind.RATING, F("value"), F("updated_at"), always),
        _rows(WatchlistItem.objects.filter(mine, about), EventKind.WATCHLIST, one, F("created_at"), always),
        _rows(HiddenMovie.objects.filter(mine, about), EventKind.HIDDEN, one, F("created_at"), always),
        _rows(
            ViewingHistory.objects.filter(mine, about),
            EventKind.VIEWING,
            F("progress"),
            Coalesce("watched_at", "created_at", output_field=DateTimeField()),
            ExpressionWrapper(Q(watched_at__isnull=False), BooleanField()),
        ),
    ]


def _rows(queryset: QuerySet[Any], kind: EventKind, value: Any, at: Any, dated: Any) -> QuerySet[Any, Any]:
    columns = {
        "event_kind": Value(kind.value),
        "event_value": Cast(value, FloatField()),
        "event_at": at,
        "event_dated": dated,
    }
    rows: QuerySet[Any, Any] = queryset.order_by().annotate(**columns).values_list("user_id", "movie_id", *columns)
    return rows
