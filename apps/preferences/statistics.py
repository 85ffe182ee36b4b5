"""What a user's library says of them, counted by the database in as many queries for ten viewings as for ten thousand.

A viewing counts from ``WATCHED_FROM`` of the film on, hours count whatever was seen. Months and days are those of UTC.
What is not known, such as a film's runtime, is counted as unknown and guessed nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db.models import Count, ExpressionWrapper, F, FloatField, Q, Sum, Value
from django.db.models.functions import TruncDate

from apps.authentication.models import User
from apps.favorites.models import RATING_VALUES, Entry, Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from apps.favorites.querysets import OwnedQuerySet
from apps.preferences.taste import FINISHED, Row, Taste, rounded, taste_of

WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
SHELVES: dict[str, type[Entry]] = {"favorites": Favorite, "watchlist": WatchlistItem, "hidden": HiddenMovie}
EVERYONE = [User.Kind.PERSON, User.Kind.PSEUDONYMOUS]  # whose ratings people did give
RATINGS_COMPARED = 100_000  # the latest: these take PostgreSQL 60 ms, and an import has 32 million
MINUTES = ExpressionWrapper(F("movie__runtime") * F("progress"), FloatField())


@dataclass(frozen=True)
class Statistics:
    totals: Row
    months: list[Row]
    weekdays: list[Row]
    taste: Taste
    ratings: Row
    unknown: dict[str, int]


def statistics_of(user: User) -> Statistics:
    """All of a user's library, in seven queries."""
    viewings = ViewingHistory.objects.of(user)
    days = viewed_by_day(viewings)
    viewed = viewed_in_all(days)
    taste = taste_of(user, viewings, before=viewings.none())
    ratings = _ratings_of(user)
    totals = {
        "viewings": viewed["viewings"],
        "unfinished_viewings": viewed["unfinished"],
        "films_watched": taste.films,
        "rewatches": viewed["viewings"] - taste.films,
        "hours": viewed["hours"],
        "films_rated": ratings["films"],
    }
    unknown = {
        "viewings_without_date": sum(row["viewings"] for row in days if not row["day"]),
        "viewings_without_runtime": viewed["without_runtime"],
    }
    return Statistics(
        totals=totals | _shelf_sizes(user),
        months=by_month(days),
        weekdays=by_weekday(days),
        taste=taste,
        ratings=ratings,
        unknown=unknown | taste.unknown,
    )


def viewed_by_day(viewings: OwnedQuerySet) -> list[Row]:
    """How many viewings there were on each day, in order, and how long they took; last the day that nobody knows.

    Months and weekdays are sums of these: SQLite calls Python for every date function of every row, so one is enough.
    """
    days = viewings.values(day=TruncDate("watched_at", tzinfo=UTC)).annotate(
        viewings=Count("pk", filter=FINISHED),
        unfinished=Count("pk", filter=~FINISHED),
        minutes=Sum(MINUTES, default=0.0),
        without_runtime=Count("pk", filter=Q(movie__runtime=None)),
    )
    return list(days.order_by(F("day").asc(nulls_last=True)))


def viewed_in_all(rows: Sequence[Row]) -> Row:
    """The sum of what ``viewed_by_day`` says."""
    counts = {name: sum(row[name] for row in rows) for name in ("viewings", "unfinished", "without_runtime")}
    return counts | {"hours": round(sum(row["minutes"] for row in rows) / 60, 2)}


def by_month(days: Sequence[Row], always: Iterable[date] = ()) -> list[Row]:
    """Months with a viewing, and those that begin on the days ``always`` given, oldest first."""
    months = _grouped(days, lambda day: day.replace(day=1), always)
    return [{"month": month.isoformat()[:7], **_viewings_and_hours(rows)} for month, rows in sorted(months.items())]


def by_weekday(days: Sequence[Row]) -> list[Row]:
    weekdays = _grouped(days, date.weekday, range(7))
    return [{"weekday": WEEKDAYS[day], **_viewings_and_hours(rows)} for day, rows in sorted(weekdays.items())]


def _grouped(days: Iterable[Row], by: Callable[[date], Any], always: Iterable[Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {value: [] for value in always}
    for row in days:
        if row["day"]:
            groups.setdefault(by(row["day"]), []).append(row)
    return groups


def _viewings_and_hours(rows: Sequence[Row]) -> Row:
    viewed = viewed_in_all(rows)
    return {"viewings": viewed["viewings"], "hours": viewed["hours"]}


def _shelf_sizes(user: User) -> dict[str, int]:
    """How many films are on each shelf, in one query."""
    sizes = [
        model.objects.of(user).values(shelf=Value(name)).annotate(films=Count("pk")).order_by()
        for name, model in SHELVES.items()
    ]
    found = {row["shelf"]: row["films"] for row in sizes[0].union(*sizes[1:], all=True)}
    return {name: found.get(name, 0) for name in SHELVES}


def _ratings_of(user: User) -> Row:
    """Own ratings beside everyone's and beside the films' votes, in two queries."""
    voted = Q(movie__vote_count__gt=0)
    own = {
        row["value"]: row
        for row in Rating.objects.of(user)
        .values("value")
        .annotate(
            films=Count("pk"),
            voted=Count("pk", filter=voted),
            votes=Sum("movie__vote_average", filter=voted, default=0.0),
        )
        .order_by()
    }
    everyones = _everyones_ratings()
    films, of_everyone = sum(row["films"] for row in own.values()), sum(everyones.values())
    voted_films = sum(row["voted"] for row in own.values())
    return {
        "films": films,
        "mean": _mean(sum(value * row["films"] for value, row in own.items()), films),
        "everyone": of_everyone,
        "histogram": [
            {
                "value": value,
                "own": own[value]["films"] if value in own else 0,
                "own_share": _share(own[value]["films"] if value in own else 0, films),
                "everyone_share": _share(everyones[value], of_everyone),
            }
            for value in RATING_VALUES
        ],
        "beside_votes": {
            "films": voted_films,
            "own_mean": _mean(sum(value * row["voted"] for value, row in own.items()), voted_films),
            "vote_mean": _mean(sum(row["votes"] for row in own.values()), voted_films),
        },
    }


def _everyones_ratings() -> dict[float, int]:
    """How often people gave each value, lately."""
    latest = Rating.objects.filter(user__kind__in=EVERYONE).order_by("-pk")[:RATINGS_COMPARED]
    counts = latest.aggregate(**{str(value): Count("pk", filter=Q(value=value)) for value in RATING_VALUES})
    return {value: counts[str(value)] for value in RATING_VALUES}


def _mean(total: float, count: int) -> float | None:
    return rounded(total / count) if count else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
