"""What everybody's libraries together say of the catalogue: trending lists, and votes where TMDb gives none."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Round
from django.utils import timezone

from apps.favorites.models import Favorite, Rating, ViewingHistory
from apps.movies.lists import list_swap
from apps.movies.models import ListEntry, Movie, Source
from utils.database import no_statement_timeout
from utils.tmdb_client import tmdb

WINDOWS = {
    ListEntry.Name.TRENDING_DAY: timedelta(days=1),
    ListEntry.Name.TRENDING_WEEK: timedelta(days=7),
}
LONGEST_LIST = 500


def community_refresh() -> None:
    """Votes and trends anew, however long that takes."""
    with no_statement_timeout():
        votes_refresh()
        trending_refresh()


def trending_refresh() -> None:
    """Swap the trending lists for what was most favorited, rated and watched in each window.

    A window ends at the newest event, so that a library imported from the past has trends too. Where there is TMDb,
    the lists are TMDb's.
    """
    if tmdb():
        return
    newest = max(filter(None, (_newest(rows) for rows in _activity())), default=None)
    newest = newest and min(newest, timezone.now())  # a file may speak of tomorrow
    if newest is None:
        return
    for name, window in WINDOWS.items():
        counts: Counter[int] = Counter()
        for rows in _activity():
            counts.update(_per_movie(rows, since=newest - window))
        busiest = sorted(counts, key=lambda pk: (-counts[pk], pk))[:LONGEST_LIST]
        list_swap(name, busiest)


def votes_refresh() -> None:
    """Films that TMDb has not voted on take votes and popularity from the ratings here."""
    ratings = Rating.objects.filter(movie=OuterRef("pk")).order_by().values("movie")
    mean = ratings.values(figure=Round(Avg("value"), precision=2))
    films = Movie.objects.exclude(source=Source.TMDB)
    films.update(
        vote_count=Coalesce(Subquery(ratings.values(figure=Count("pk"))), 0),
        vote_average=Coalesce(Subquery(mean), 0.0, output_field=FloatField()),
    )
    films.update(popularity=F("vote_count"))


def _activity() -> list[QuerySet[Any]]:
    """The moments of likes, ratings and viewings, each as ``at``."""
    return [
        Favorite.objects.annotate(at=F("created_at")),
        Rating.objects.annotate(at=F("created_at")),
        ViewingHistory.objects.filter(watched_at__isnull=False).annotate(at=F("watched_at")),
    ]


def _newest(rows: QuerySet[Any]) -> datetime | None:
    newest: datetime | None = rows.aggregate(newest=Max("at"))["newest"]
    return newest


def _per_movie(rows: QuerySet[Any], *, since: datetime) -> dict[int, int]:
    return dict(rows.filter(at__gt=since).order_by().values_list("movie").annotate(Count("pk")))
