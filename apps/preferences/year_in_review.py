"""A user's year with films, in eight queries at most, by the rules of ``statistics``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q, Subquery, prefetch_related_objects

from apps.authentication.models import User
from apps.favorites.models import Rating, ViewingHistory
from apps.favorites.querysets import OwnedQuerySet
from apps.movies.models import Movie
from apps.preferences.statistics import by_month, by_weekday, viewed_by_day, viewed_in_all
from apps.preferences.taste import FINISHED, Row, Taste, films_finished, taste_of

BEST_RATED = 5


@dataclass(frozen=True)
class YearInReview:
    """``streak`` is the longest run of days with a viewing on each; the first of several as long."""

    year: int
    totals: Row
    months: list[Row]
    weekdays: list[Row]
    busiest_month: Row | None
    busiest_day: Row | None
    longest_streak: Row | None
    first: ViewingHistory | None
    last: ViewingHistory | None
    best_rated: list[Rating]
    taste: Taste
    unknown: dict[str, int]

    @property
    def movies(self) -> list[Movie]:
        """Every film whose card is shown."""
        edges = [viewing.movie for viewing in (self.first, self.last) if viewing]
        return edges + [rating.movie for rating in self.best_rated]


def year_in_review(user: User, year: int) -> YearInReview:
    begin = datetime(year, 1, 1, tzinfo=UTC)
    library = ViewingHistory.objects.of(user)
    viewings = library.filter(watched_at__gte=begin, watched_at__lt=begin.replace(year=year + 1))
    days = viewed_by_day(viewings)
    viewed = viewed_in_all(days)
    months = by_month(days, always=[date(year, month, 1) for month in range(1, 13)])
    active = [row["day"] for row in days if row["viewings"]]
    taste = taste_of(user, viewings, before=library.filter(watched_at__lt=begin))
    first, last = _first_and_last(viewings)
    review = YearInReview(
        year=year,
        totals={
            "viewings": viewed["viewings"],
            "unfinished_viewings": viewed["unfinished"],
            "films_watched": taste.films,
            "rewatches": viewed["viewings"] - taste.films + taste.seen_before,
            "hours": viewed["hours"],
            "days_with_a_viewing": len(active),
        },
        months=months,
        weekdays=by_weekday(days),
        busiest_month=_busiest(months, "month"),
        busiest_day=_busiest(days, "day"),
        longest_streak=_longest_streak(active),
        first=first,
        last=last,
        best_rated=_best_rated(user, viewings),
        taste=taste,
        unknown={"viewings_without_runtime": viewed["without_runtime"]} | taste.unknown,
    )
    prefetch_related_objects(review.movies, "genres")
    return review


def _busiest(rows: Sequence[Row], key: str) -> Row | None:
    """The row of most viewings, the first of several as busy; None where there are none."""
    busiest = max(rows, key=lambda row: row["viewings"], default=None)
    return {name: busiest[name] for name in (key, "viewings")} if busiest and busiest["viewings"] else None


def _longest_streak(days: Sequence[date]) -> Row | None:
    longest: Row | None = None
    for place, day in enumerate(days):
        if not place or days[place - 1] != day - timedelta(days=1):
            first = day
        length = (day - first).days + 1
        if longest is None or length > longest["days"]:
            longest = {"days": length, "first": first, "last": day}
    return longest


def _first_and_last(viewings: OwnedQuerySet) -> tuple[ViewingHistory | None, ViewingHistory | None]:
    """Of those to the end, with their films; one and the same where there is but one."""
    finished = viewings.filter(FINISHED)
    first = finished.order_by("watched_at", "pk").values("pk")[:1]
    last = finished.order_by("-watched_at", "-pk").values("pk")[:1]
    edges = viewings.filter(Q(pk=Subquery(first)) | Q(pk=Subquery(last))).select_related("movie")
    found = list(edges.order_by("watched_at", "pk"))
    return (found[0], found[-1]) if found else (None, None)


def _best_rated(user: User, viewings: OwnedQuerySet) -> list[Rating]:
    """The films watched that the user rates highest, whenever they said so."""
    ratings = Rating.objects.of(user).filter(movie__in=films_finished(viewings)).select_related("movie")
    return list(ratings.order_by("-value", "movie__tmdb_id")[:BEST_RATED])
