"""One caller, as the engines see them: read from the tables at the moment of asking, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Self

import numpy as np
import orjson
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import BigIntegerField, BooleanField, DateTimeField, F, FloatField, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject
from django.utils import timezone
from scipy.sparse import csr_matrix

from apps.authentication.models import User
from apps.favorites.events import ANYBODY, Event, EventKind, event_of, event_rows
from apps.favorites.models import WATCHED_FROM, LibraryState
from apps.movies.querysets import MovieFilter
from apps.preferences.models import UserPreference
from apps.recommendations.catalogue import UNKNOWN, Catalogue
from apps.recommendations.engines.contract import Profiles
from apps.recommendations.models import Feedback, ModelVersion
from apps.recommendations.signals import as_cells, signals_of

SHELVES_NOT_SHOWN_AGAIN = {EventKind.FAVORITE, EventKind.RATING, EventKind.HIDDEN}

EVENT_KINDS = frozenset(kind.value for kind in EventKind)
ZERO, NEVER, NOTHING = Value(0), Value(None), Value("")
LIKED_GENRE, MUTED_GENRE, TOLD, LIBRARY, MODEL = "liked_genre", "muted_genre", "told", "library", "model"
PREFERENCES = (
    *("languages", "year_gte", "year_lte", "runtime_gte", "runtime_lte", "vote_gte", "include_adult"),
    *("watch_region", "certification_lte", "providers"),
)


@dataclass(frozen=True)
class Caller:
    """What somebody did and said; an anonymous caller did and said nothing.

    model: the key and the fresh layer of the version that is to answer, None before the first training.
    state: of all that is told here; any write changes it.
    """

    user: User | None = None
    events: tuple[Event, ...] = ()
    liked_genres: tuple[int, ...] = ()
    limits: MovieFilter = field(default_factory=MovieFilter)
    model: tuple[int, int] | None = None
    state: str = ""

    @classmethod
    def of(cls, user: User | AnonymousUser) -> Self:
        if not isinstance(user, User):
            return cls(model=_active())
        told = _told(user.pk)
        return cls(
            user=user,
            events=tuple(event_of(row) for row in told if row[2] in EVENT_KINDS),
            liked_genres=tuple(sorted(row[1] for row in told if row[2] == LIKED_GENRE)),
            limits=_limits(told),
            model=next(((row[1], int(row[3])) for row in told if row[2] == MODEL), None),
            state=_digest(told),
        )

    @classmethod
    def in_session(cls, movie_ids: Sequence[int]) -> Self:
        """Somebody without an account who picked these films, in this order."""
        now = timezone.now()
        beginning = now - timedelta(minutes=len(movie_ids))
        picked = [
            Event(0, movie_id, EventKind.FAVORITE, 1.0, beginning + timedelta(minutes=place))
            for place, movie_id in enumerate(movie_ids)
        ]
        return cls(events=tuple(picked), model=_active())

    def profiles(self, catalogue: Catalogue) -> Profiles:
        """The one profile, by position; films that came later than the training are left out."""
        signals = signals_of(self.events)
        places = catalogue.positions(np.array([movie_id for _, movie_id in signals], dtype=np.int64))
        confidence, moments, ratings = as_cells(signals.values())
        order = np.argsort(places)
        order = order[places[order] != UNKNOWN]
        cells = confidence[order], places[order], [0, len(order)]
        return Profiles(
            interactions=csr_matrix(cells, shape=(1, len(catalogue.item_ids)), dtype=np.float32),
            timestamps=moments[order],
            ratings=ratings[order],
            genres=catalogue.genre_row(list(self.liked_genres)),
        )

    def done_with(self, *, include_watched: bool, include_watchlisted: bool) -> set[int]:
        """The films that are not to be shown again, by primary key."""
        kinds = SHELVES_NOT_SHOWN_AGAIN | (set() if include_watchlisted else {EventKind.WATCHLIST})
        done = {event.movie_id for event in self.events if event.kind in kinds}
        if not include_watched:
            done |= {e.movie_id for e in self.events if e.kind == EventKind.VIEWING and e.value >= WATCHED_FROM}
        return done

    def only(self, films: Collection[int]) -> Self:
        """Somebody who did the same with these films, and nothing with any other."""
        events = tuple(event for event in self.events if event.movie_id in films)
        return replace(self, events=events, liked_genres=())

    def on_shelf(self, kind: EventKind) -> list[int]:
        """The films of these events by primary key, the newest first."""
        events = sorted((event for event in self.events if event.kind == kind), key=lambda event: event.at)
        return [event.movie_id for event in reversed(events)]


def _told(user_id: int) -> list[tuple[Any, ...]]:
    """(user, film or key, kind, value, at, dated, told) of all that recommendations go by, in one query."""
    statement, params = _statement(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(statement, [user_id if param == ANYBODY else param for param in params])
        return list(cursor.fetchall())


@cache
def _statement(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Written once a process: to put a union of ten together took Django longer than a database to answer it."""
    parts = [rows.annotate(told=Value("", TextField())) for rows in event_rows(user_id=ANYBODY)]
    opened = Feedback.objects.filter(user_id=ANYBODY, kind=Feedback.Kind.OPENED)
    preference = UserPreference.objects.filter(user_id=ANYBODY)
    told = Cast(JSONObject(**{name: name for name in PREFERENCES}), TextField())
    parts += [
        _rows(opened, EventKind.OPENED, F("movie_id"), at=F("created_at")),
        _rows(preference, TOLD, told=told),
        _rows(preference.filter(liked_genres__isnull=False), LIKED_GENRE, F("liked_genres__tmdb_id")),
        _rows(preference.filter(muted_genres__isnull=False), MUTED_GENRE, F("muted_genres__tmdb_id")),
        _rows(LibraryState.objects.filter(user_id=ANYBODY), LIBRARY, value=F("version")),
        _rows(ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE), MODEL, F("pk"), value=F("fresh")),
    ]
    statement, params = parts[0].union(*parts[1:], all=True).query.sql_with_params()
    return statement, tuple(params)


def _rows(
    queryset: QuerySet[Any],
    kind: str,
    key: Any = ZERO,
    *,
    value: Any = ZERO,
    at: Any = NEVER,
    told: Any = NOTHING,
) -> QuerySet[Any, Any]:
    columns = {
        "row_user": Value(ANYBODY),
        "row_key": Cast(key, BigIntegerField()),
        "row_kind": Value(str(kind)),
        "row_value": Cast(value, FloatField()),
        "row_at": Cast(at, DateTimeField()),
        "row_dated": Value(True, BooleanField()),
        "row_told": Cast(told, TextField()),
    }
    rows: QuerySet[Any, Any] = queryset.order_by().annotate(**columns).values_list(*columns)
    return rows


def _limits(told: Iterable[tuple[Any, ...]]) -> MovieFilter:
    """What the preferences among these rows let pass; the defaults where there are none."""
    said: dict[str, Any] = next((orjson.loads(row[6]) for row in told if row[2] == TOLD), {})
    for name in said.keys() & {"languages", "providers", "include_adult"}:
        said[name] = _as_told(said[name])
    muted = tuple(sorted(row[1] for row in told if row[2] == MUTED_GENRE))
    return UserPreference(**said).limits_without(muted)


def _as_told(value: Any) -> Any:
    """SQLite keeps lists as text, and truths as numbers."""
    return orjson.loads(value) if isinstance(value, str) else bool(value) if isinstance(value, int) else value


def _digest(told: Iterable[tuple[Any, ...]]) -> str:
    return blake2b(orjson.dumps(sorted(told, key=itemgetter(2, 1, 3, 4))), digest_size=12).hexdigest()


def _active() -> tuple[int, int] | None:
    return ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE).values_list("pk", "fresh").first()
