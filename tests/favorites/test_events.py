from datetime import UTC, datetime

import pytest

from apps.favorites.events import Event, library_events
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)

pytestmark = pytest.mark.django_db

MAY, JUNE = (datetime(2025, month, 1, tzinfo=UTC) for month in (5, 6))


@pytest.mark.parametrize(
    ("factory", "values", "kind", "value", "at"),
    [
        (FavoriteFactory, {"created_at": MAY}, "favorite", 1, MAY),
        (RatingFactory, {"value": 6.5, "created_at": MAY, "updated_at": JUNE}, "rating", 6.5, JUNE),
        (WatchlistItemFactory, {"created_at": MAY}, "watchlist", 1, MAY),
        (HiddenMovieFactory, {"created_at": MAY}, "hidden", 1, MAY),
        (ViewingFactory, {"watched_at": MAY, "created_at": JUNE, "progress": 0.25}, "viewing", 0.25, MAY),
        (ViewingFactory, {"watched_at": None, "created_at": JUNE}, "viewing", 1, JUNE),
    ],
)
def test_everything_done_with_a_film_is_a_row_of_one_shape(user, factory, values, kind, value, at):
    movie = MovieFactory()
    factory(user=user, movie=movie, **values)
    dated = values.get("watched_at", at) is not None
    assert list(library_events()) == [Event(user.pk, movie.pk, kind, value, at, dated)]


def test_the_same_value_on_two_shelves_is_two_events_and_so_is_a_film_seen_twice(user):
    movie = MovieFactory()
    for factory in (FavoriteFactory, HiddenMovieFactory, ViewingFactory, ViewingFactory):
        factory(user=user, movie=movie, created_at=MAY)
    kinds = sorted(event.kind for event in library_events())
    assert kinds == ["favorite", "hidden", "viewing", "viewing"]


def test_can_be_those_of_one_user_or_on_some_films(user):
    films, other = MovieFactory.create_batch(2), UserFactory()
    for owner in (user, other):
        for film in films:
            FavoriteFactory(user=owner, movie=film)
            RatingFactory(user=owner, movie=film)

    def of(**narrowed):
        return {(event.user_id, event.movie_id) for event in library_events(**narrowed)}

    assert len(list(library_events())) == 8
    assert of(user_id=user.pk) == {(user.pk, film.pk) for film in films}
    assert of(movie_ids=[films[0].pk]) == {(user.pk, films[0].pk), (other.pk, films[0].pk)}
    assert of(user_id=other.pk, movie_ids=[films[1].pk]) == {(other.pk, films[1].pk)}
    assert of(movie_ids=[]) == set()


def test_can_be_those_of_some_users(user):
    others = UserFactory.create_batch(2)
    for owner in (user, *others):
        FavoriteFactory(user=owner)
    assert {event.user_id for event in library_events(user_ids=[user.pk, others[1].pk])} == {user.pk, others[1].pk}
    assert list(library_events(user_ids=[])) == []


def test_can_be_those_first_told_since_a_moment(user):
    old = {"created_at": MAY, "updated_at": JUNE}
    new = {"created_at": JUNE}
    RatingFactory(user=user, **old)  # and changed since
    fresh = {factory(user=user, **new).movie_id for factory in (FavoriteFactory, RatingFactory, HiddenMovieFactory)}
    fresh |= {
        WatchlistItemFactory(user=user, **new).movie_id,
        ViewingFactory(user=user, watched_at=MAY, **new).movie_id,
    }
    assert {event.movie_id for event in library_events(since=JUNE)} == fresh


@pytest.mark.parametrize("n_events", [1, 50])
def test_reading_costs_one_query(user, django_assert_num_queries, n_events):
    FavoriteFactory.create_batch(n_events, user=user)
    with django_assert_num_queries(1):
        assert len(list(library_events(user_id=user.pk))) == n_events
