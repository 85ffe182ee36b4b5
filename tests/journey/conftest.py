import pytest

from tests.journey.server import Server, database, redis_database


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """One start for all journeys, on demo data with trained engines."""
    folder = tmp_path_factory.mktemp("journey")
    with (
        database(folder) as data,
        redis_database() as cache,
        redis_database() as broker,
        Server(folder, data, cache, broker) as started,
    ):
        yield started
