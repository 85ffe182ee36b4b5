from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.favorites import community
from apps.favorites.community import trending_refresh, votes_refresh
from apps.favorites.jobs import refresh_community
from apps.favorites.models import Favorite, Rating
from apps.movies.models import ListEntry, Movie, Source
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    ViewingFactory,
    WatchlistItemFactory,
)

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2003, 5, 1, 12, tzinfo=UTC)
DAY, WEEK = ListEntry.Name.TRENDING_DAY, ListEntry.Name.TRENDING_WEEK


def trending(name):
    return list(Movie.objects.on_list(name).values_list("tmdb_id", flat=True))


def test_the_busiest_film_trends_first_and_ties_are_by_age_in_the_catalogue():
    films = [MovieFactory(tmdb_id=tmdb_id) for tmdb_id in (5, 4, 3)]
    for film, count in zip(films, (1, 3, 1), strict=True):
        FavoriteFactory.create_batch(count, movie=film, created_at=LONG_AGO)
    trending_refresh()
    assert trending(DAY) == [4, 5, 3]


def test_likes_ratings_and_every_viewing_count_alike():
    first, second = MovieFactory(tmdb_id=1), MovieFactory(tmdb_id=2)
    FavoriteFactory.create_batch(2, movie=second, created_at=LONG_AGO)
    FavoriteFactory(movie=first, created_at=LONG_AGO)
    RatingFactory(movie=first, created_at=LONG_AGO)
    trending_refresh()
    assert trending(DAY) == [1, 2]
    viewing = ViewingFactory(movie=second, watched_at=LONG_AGO)
    ViewingFactory(movie=second, watched_at=LONG_AGO, user=viewing.user)
    trending_refresh()
    assert trending(DAY) == [2, 1]


@pytest.mark.parametrize(
    ("factory", "values"),
    [(WatchlistItemFactory, {}), (HiddenMovieFactory, {}), (ViewingFactory, {"watched_at": None})],
)
def test_plans_dislikes_and_viewings_of_unknown_date_do_not_count(factory, values):
    factory(**values)
    trending_refresh()
    assert trending(DAY) == []


@pytest.mark.parametrize(
    ("ago", "day", "week"),
    [
        (timedelta(hours=23, minutes=59), [1, 2], [1, 2]),
        (timedelta(days=1), [1], [1, 2]),
        (timedelta(days=6, hours=23), [1], [1, 2]),
        (timedelta(days=7), [1], [1]),
    ],
)
def test_a_window_ends_at_the_newest_event_however_long_ago_that_was(ago, day, week):
    FavoriteFactory(movie=MovieFactory(tmdb_id=1), created_at=LONG_AGO)
    RatingFactory(movie=MovieFactory(tmdb_id=2), created_at=LONG_AGO - ago)
    trending_refresh()
    assert (trending(DAY), trending(WEEK)) == (day, week)


def test_a_list_has_an_end(monkeypatch):
    monkeypatch.setattr(community, "LONGEST_LIST", 2)
    FavoriteFactory.create_batch(3, created_at=LONG_AGO)
    trending_refresh()
    assert len(trending(DAY)) == 2


def test_where_nothing_ever_happened_nothing_trends():
    MovieFactory()
    trending_refresh()
    assert not ListEntry.objects.exists()


def votes_of(movie):
    movie.refresh_from_db()
    return movie.vote_count, movie.vote_average, movie.popularity


@pytest.mark.parametrize("source", [Source.DEMO, Source.MOVIELENS])
def test_a_film_without_votes_of_tmdb_takes_them_from_the_ratings_here(source):
    movie = MovieFactory(source=source)
    for value in (7, 7.5, 9.5):
        RatingFactory(movie=movie, value=value)
    RatingFactory(value=1)
    votes_refresh()
    assert votes_of(movie) == (3, 8, 3)


def test_the_average_is_told_to_two_places():
    movie = MovieFactory(source=Source.DEMO)
    for value in (7, 7.5, 7.5):
        RatingFactory(movie=movie, value=value)
    votes_refresh()
    assert votes_of(movie)[1] == 7.33


def test_votes_of_tmdb_stay():
    movie = MovieFactory(source=Source.TMDB, vote_count=5, vote_average=6, popularity=7)
    RatingFactory(movie=movie, value=10)
    votes_refresh()
    assert votes_of(movie) == (5, 6, 7)


def test_a_film_whose_last_rating_went_has_no_votes_left():
    movie = MovieFactory(source=Source.DEMO)
    RatingFactory(movie=movie)
    votes_refresh()
    Rating.objects.all().delete()
    votes_refresh()
    assert votes_of(movie) == (0, 0, 0)


def test_the_job_does_both_and_may_run_twice():
    movie = MovieFactory(source=Source.DEMO)
    RatingFactory(movie=movie, created_at=LONG_AGO)
    for _ in range(2):
        refresh_community()
        assert votes_of(movie)[0] == 1
        assert trending(DAY) == trending(WEEK) == [movie.tmdb_id]


def test_refreshing_takes_no_more_queries_for_thirty_events_than_for_one():
    FavoriteFactory(created_at=LONG_AGO)
    with CaptureQueriesContext(connection) as one:
        refresh_community()
    FavoriteFactory.create_batch(29, created_at=LONG_AGO)
    with CaptureQueriesContext(connection) as thirty:
        refresh_community()
    assert len(thirty) == len(one)
    assert Favorite.objects.count() == len(trending(DAY)) == 30
