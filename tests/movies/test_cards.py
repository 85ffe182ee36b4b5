from datetime import date

import orjson
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from rest_framework import serializers

from apps.movies.cards import cards_of
from apps.movies.models import Movie
from apps.movies.overlays import attach_my, my_fields
from apps.movies.serializers import MovieCardSerializer
from tests.factories import FavoriteFactory, GenreFactory, MovieFactory, RatingFactory, ViewingFactory
from utils.rendering import to_json

pytestmark = pytest.mark.django_db

FILMS = [
    {},
    {"release_date": date(1999, 3, 30), "runtime": 136, "vote_average": 8.2, "vote_count": 10, "popularity": 3.5},
    {"release_date": date(1999, 1, 1), "only_year_known": True, "poster_path": "/p.jpg", "backdrop_path": "/b.jpg"},
    {"adult": True, "source": "demo", "overview": "Ünïcode — and “quotes”", "original_title": "原題", "language": "ja"},
]


@pytest.fixture
def films():
    genres = [GenreFactory(tmdb_id=tmdb_id, name=name) for tmdb_id, name in ((18, "Drama"), (28, "Action"))]
    return [MovieFactory(genres=genres[: number % 3], **values) for number, values in enumerate(FILMS)]


def as_json(cards):
    return orjson.loads(orjson.dumps(cards, option=orjson.OPT_NON_STR_KEYS))


def by_its_fields(film):
    """What the serializer's fields say, which describe a card in the schema."""
    return serializers.ModelSerializer.to_representation(MovieCardSerializer(), film)


def test_a_card_from_columns_is_the_card_that_the_fields_describe(films):
    expected = {film.pk: by_its_fields(film) for film in Movie.objects.for_cards()}
    cards = {pk: card for pk, (card, _) in cards_of(Movie.objects.all()).items()}
    assert as_json(cards) == as_json(expected)
    assert all(list(card) == list(MovieCardSerializer().fields) for card in cards.values())
    assert my_fields()


def test_a_card_of_a_film_is_the_same_and_has_what_the_caller_did(films, user):
    FavoriteFactory(user=user, movie=films[1])
    ViewingFactory(user=user, movie=films[1], progress=1.0)
    RatingFactory(user=user, movie=films[2], value=8.5)
    for asks in (AnonymousUser(), user):
        shown = list(Movie.objects.for_cards())
        attach_my(asks, shown)
        assert [orjson.loads(to_json(MovieCardSerializer(film).data)) for film in shown] == [
            orjson.loads(to_json(by_its_fields(film))) for film in shown
        ]


@pytest.mark.parametrize("n_films", [1, 4])
def test_cards_cost_one_query_whatever_their_number(films, django_assert_num_queries, n_films):
    some = Movie.objects.filter(pk__in=[film.pk for film in films[:n_films]])
    with django_assert_num_queries(1):
        assert len(cards_of(some)) == n_films


def test_marks_come_beside_the_card(films):
    assert {marks for _, marks in cards_of(Movie.objects.all(), age=F("runtime")).values()} == {(None,), (136,)}
