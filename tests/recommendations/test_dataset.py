from datetime import UTC, date, datetime

import numpy as np
import pytest
from django.db import connection

from apps.authentication.models import User
from apps.favorites.models import Favorite, Rating
from apps.movies.models import Credit, Keyword, Movie, Person
from apps.preferences.services import preference_set
from apps.recommendations.dataset import training_data
from apps.recommendations.profile import Caller
from apps.recommendations.tags import LEADS
from tests.factories import (
    FavoriteFactory,
    GenreFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_every_event_is_a_cell_with_its_confidence_and_its_moment(db):
    first, second = UserFactory(), UserFactory()
    films = MovieFactory.create_batch(4)
    WatchlistItemFactory(user=second, movie=films[3], created_at=NEW_YEAR.replace(day=4))
    ViewingFactory(user=second, movie=films[0], watched_at=NEW_YEAR.replace(day=2))
    HiddenMovieFactory(user=first, movie=films[2], created_at=NEW_YEAR.replace(day=3))
    FavoriteFactory(user=first, movie=films[1], created_at=NEW_YEAR)
    dataset = training_data().dataset
    assert dataset.item_ids.tolist() == [film.pk for film in films]
    np.testing.assert_allclose(dataset.profiles.interactions.toarray(), [[0, 1.5, -1, 0], [0.5, 0, 0, 0.3]], rtol=1e-6)
    assert [datetime.fromtimestamp(at, UTC).day for at in dataset.profiles.timestamps] == [1, 3, 2, 4]


def test_films_carry_their_genres_popularity_and_overview(db):
    late, early = GenreFactory(tmdb_id=900), GenreFactory(tmdb_id=7)
    MovieFactory(title="Sails", release_date=date(1999, 1, 2), popularity=2.5, overview="A ship.", genres=[early])
    MovieFactory(popularity=7.0, genres=[early, late])
    data = training_data()
    assert data.catalogue.genre_ids.tolist() == [900, 7]
    assert data.dataset.item_genres.toarray().tolist() == [[0, 1], [1, 1]]
    assert data.dataset.item_popularity.tolist() == [2.5, 7.0]
    assert data.dataset.item_texts == ["A ship.", ""]
    assert data.dataset.item_titles[0] == "Sails"
    assert data.dataset.item_years[0] == 1999
    assert len(data.dataset.item_languages) == 2


def test_tags_are_keywords_the_crew_and_the_leads(db):
    film, other = MovieFactory(), MovieFactory()
    keyword, star, director, extra = Keyword.objects.create(name="sea"), *(Person.objects.create(name=n) for n in "abc")
    film.keywords.add(keyword)
    other.keywords.add(keyword)
    for person, kind, role, order in (
        (star, "cast", "A sailor", 0),
        (star, "crew", "Writer", LEADS + 3),
        (director, "crew", "Director", LEADS + 1),
        (extra, "cast", "A gull", LEADS),
    ):
        Credit.objects.create(movie=film, person=person, kind=kind, role=role, order=order)
    dataset = training_data().dataset
    assert dataset.item_keywords.toarray().tolist() == [[1], [1]]
    assert dataset.item_directors.toarray().tolist() == [[1, 1], [0, 0]]
    assert dataset.item_cast.toarray().tolist() == [[1], [0]]
    assert dataset.item_tags.toarray().tolist() == [[1, 1, 1, 1], [1, 0, 0, 0]]


def test_said_genres_are_in_the_row_of_the_user_who_said_so(db):
    late, early = GenreFactory(tmdb_id=900), GenreFactory(tmdb_id=7)
    silent, talker, bystander = UserFactory.create_batch(3)
    film = MovieFactory()
    FavoriteFactory(user=silent, movie=film)
    FavoriteFactory(user=talker, movie=film)
    preference_set(user=talker, liked_genres=[early])
    preference_set(user=bystander, liked_genres=[late])  # who did nothing has no row
    data = training_data()
    assert data.catalogue.genre_ids.tolist() == [900, 7]
    assert data.dataset.profiles.genres.toarray().tolist() == [[0, 0], [0, 1]]


def test_users_are_counted_by_kind(community, fan):
    assert training_data().users_by_kind == {"person": 1, "pseudonymous": 0, "simulated": 24}


@pytest.mark.parametrize("n_users", [1, 20])
def test_reading_everything_costs_ten_queries(db, django_assert_num_queries, n_users):
    for user in UserFactory.create_batch(n_users):
        FavoriteFactory(user=user, movie=MovieFactory(genres=[GenreFactory()]))
    with django_assert_num_queries(10):
        training_data()


def test_empty_tables_are_an_empty_dataset(db):
    data = training_data()
    assert (data.dataset.n_users, data.dataset.n_items) == (0, 0)
    assert data.dataset.profiles.likes.nnz == 0


def test_a_caller_is_seen_as_the_training_saw_them(community, fan):
    preference_set(user=fan, liked_genres=Movie.objects.get(tmdb_id=1).genres.all())
    HiddenMovieFactory(user=fan, movie=community[11])
    RatingFactory(user=fan, movie=community[0], value=2.0)
    data = training_data()
    user_ids = sorted(Favorite.objects.values_list("user_id", flat=True).distinct())
    for row, user in enumerate(User.objects.filter(pk__in=user_ids).order_by("pk")):
        learned, asked = data.dataset.profiles.take(np.array([row])), Caller.of(user).profiles(data.catalogue)
        assert (learned.interactions != asked.interactions).nnz == 0
        assert learned.timestamps.tolist() == asked.timestamps.tolist()
        np.testing.assert_array_equal(learned.ratings, asked.ratings)
        assert (learned.genres != asked.genres).nnz == 0


def test_a_film_that_arrives_while_the_tables_are_read_waits_for_the_next_run(community):
    def film_arrives(execute, sql, *args):
        if 'FROM "favorites_favorite"' in sql and not Movie.objects.filter(title="Late").exists():
            FavoriteFactory(movie=MovieFactory(title="Late", genres=community[0].genres.all()))
        return execute(sql, *args)

    before = training_data()
    with connection.execute_wrapper(film_arrives):
        during = training_data()
    assert Movie.objects.filter(title="Late").exists()
    assert during.fingerprint == before.fingerprint


CHANGES = {
    "a new favorite": lambda films, user: FavoriteFactory(user=user, movie=films[3]),
    "a favorite taken back": lambda films, user: Favorite.objects.filter(user=user).first().delete(),
    "another moment": lambda films, user: Favorite.objects.filter(user=user).update(created_at=NEW_YEAR),
    "a rating": lambda films, user: RatingFactory(user=user, movie=films[0], value=9.0),
    "a lower rating": lambda films, user: Rating.objects.update(value=3.0),
    "a new film": lambda films, user: MovieFactory(),
    "a film gone": lambda films, user: films[70].delete(),
    "a genre that moved to the next film": lambda films, user: move_a_genre(),
    "an overview": lambda films, user: Movie.objects.filter(pk=films[0].pk).update(overview="A ship."),
    "popularity": lambda films, user: Movie.objects.filter(pk=films[0].pk).update(popularity=101),
    "an adult flag": lambda films, user: Movie.objects.filter(pk=films[0].pk).update(adult=True),
    "a runtime": lambda films, user: Movie.objects.filter(pk=films[0].pk).update(runtime=61),
    "a keyword more": lambda films, user: films[79].keywords.add(Keyword.objects.first()),
    "a genre said by another": lambda films, user: say_by_another(user),
}


def move_a_genre():
    """The flat list of who has which genre stays what it was, but for where one film ends and the next begins."""
    drama = GenreFactory(tmdb_id=18)
    Movie.genres.through.objects.filter(movie__title="one", genre=drama).delete()
    Movie.objects.get(title="two").genres.add(drama)


def say_by_another(user):
    genres = list(user.preference.liked_genres.all())
    preference_set(user=user, liked_genres=[])
    preference_set(user=Favorite.objects.exclude(user=user).latest("user_id").user, liked_genres=genres)


@pytest.mark.parametrize("change", CHANGES)
def test_the_fingerprint_changes_with(community, fan, change):
    drama = GenreFactory(tmdb_id=18)
    MovieFactory(title="one", genres=[drama])
    MovieFactory(title="two")
    RatingFactory(movie=community[1], value=8.0)
    preference_set(user=fan, liked_genres=[drama])
    before = training_data().fingerprint
    CHANGES[change](community, fan)
    assert training_data().fingerprint != before


def test_equal_tables_have_equal_fingerprints(community, fan):
    assert training_data().fingerprint == training_data().fingerprint
