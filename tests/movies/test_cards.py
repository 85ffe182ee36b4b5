from datetime import date

import orjson
import pytest
from django.db.models import F

from apps.movies.cards import cards_of
from apps.movies.models import Movie
from apps.movies.overlays import my_fields
from apps.movies.serializers import MovieCardSerializer
from tests.factories import GenreFactory, MovieFactory

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


def test_a_card_from_columns_is_the_card_of_the_serializer(films):
    expected = {film.pk: MovieCardSerializer(film).data for film in Movie.objects.for_cards()}
    cards = {pk: card for pk, (card, _) in cards_of(Movie.objects.all()).items()}
    assert orjson.loads(orjson.dumps(cards, option=orjson.OPT_NON_STR_KEYS)) == orjson.loads(
        orjson.dumps(expected, option=orjson.OPT_NON_STR_KEYS)
    )
    assert all(list(card) == list(MovieCardSerializer().fields) for card in cards.values())
    assert my_fields()


@pytest.mark.parametrize("n_films", [1, 4])
def test_cards_cost_one_query_whatever_their_number(films, django_assert_num_queries, n_films):
    some = Movie.objects.filter(pk__in=[film.pk for film in films[:n_films]])
    with django_assert_num_queries(1):
        assert len(cards_of(some)) == n_films


def test_marks_come_beside_the_card(films):
    assert {marks for _, marks in cards_of(Movie.objects.all(), age=F("runtime")).values()} == {(None,), (136,)}
