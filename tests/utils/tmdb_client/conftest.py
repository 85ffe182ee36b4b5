import pytest

from tests.fake_tmdb import FakeTMDb


@pytest.fixture
def server():
    with FakeTMDb(n_films=60) as fake:
        yield fake
