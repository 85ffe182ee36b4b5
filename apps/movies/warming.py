"""Answers made before anybody asks."""

from __future__ import annotations

from apps.movies import views
from apps.movies.models import Movie
from utils.cached_views import CachedView
from utils.exceptions import ApplicationError
from utils.progress import Progress, silent

FIRST_PAGES = 3  # of each list
LISTS = (views.TrendingView, views.PopularView, views.TopRatedView, views.NowPlayingView, views.UpcomingView)

Asked = tuple[type[CachedView], str, dict[str, int]]


def cache_warm(*, films: int = 100, progress: Progress = silent) -> tuple[int, int]:
    """Keep the first pages of the lists, the genres, and the pages of the most popular films.

    How many answers are kept, and how many could not be had.
    """
    pages = ["", *(f"page={number}" for number in range(2, FIRST_PAGES + 1))]
    lists: list[Asked] = [(view, query, {}) for view in LISTS for query in pages]
    lists += [(views.TrendingView, "window=week", {}), (views.GenreListView, "", {})]
    kept = [_kept(*one) for one in progress(lists)]
    # Asked for after the lists, which may have told of them:
    popular = Movie.objects.shown().filter(adult=False).order_by("-popularity", "tmdb_id")
    ids = list(popular.values_list("tmdb_id", flat=True)[:films])
    kept += [_kept(views.MovieDetailView, "", {"tmdb_id": tmdb_id}) for tmdb_id in progress(ids)]
    return sum(kept), len(kept) - sum(kept)


def _kept(view: type[CachedView], query: str, path: dict[str, int]) -> bool:
    try:
        view.warm(query, **path)
    except ApplicationError:
        return False
    return True
