import pytest

from tests.factories import GenreFactory, MovieFactory
from tests.favorites.shelves import SHELVES


@pytest.fixture(params=SHELVES, ids=repr)
def shelf(request):
    return request.param


@pytest.fixture
def alien(db):
    return MovieFactory(tmdb_id=348, title="Alien", genres=[GenreFactory(tmdb_id=27)])
