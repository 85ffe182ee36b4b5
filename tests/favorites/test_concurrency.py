from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection, connections

from apps.favorites.models import Favorite, LibraryState
from tests.conftest import signed_in
from tests.factories import MovieFactory, UserFactory
from tests.favorites.library import version_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="threads share no in-memory SQLite: set DATABASE_URL to a PostgreSQL"
    ),
]

N_THREADS = 8


def in_threads(work):
    """What ``work(thread)`` returned, for threads that all ran at once."""

    def one(thread):
        try:
            return work(thread)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(one, range(N_THREADS)))


def test_a_storm_on_one_library_loses_no_change_and_counts_each_once():
    user = UserFactory()
    for tmdb_id in (1, 2, 3):
        MovieFactory(tmdb_id=tmdb_id)
    clients = [signed_in(user) for _ in range(N_THREADS)]

    def toggle(thread):
        rng = np.random.default_rng(thread)
        statuses = []
        for tmdb_id in rng.integers(1, 4, size=12).tolist():
            path = f"/api/v1/favorites/{tmdb_id}/"
            response = clients[thread].put(path) if rng.random() < 0.5 else clients[thread].delete(path)
            statuses.append(response.status_code)
        return statuses

    statuses = [status for answers in in_threads(toggle) for status in answers]
    films = list(Favorite.objects.filter(user=user).values_list("movie__tmdb_id", flat=True))
    added = statuses.count(201)
    removed = added - len(films)
    assert set(statuses) <= {200, 201, 204}
    assert len(films) == len(set(films))
    assert version_of(user) == added + removed


def test_one_replay_of_many_is_recorded():
    user = UserFactory()
    MovieFactory(tmdb_id=1)
    clients = [signed_in(user) for _ in range(N_THREADS)]
    answers = in_threads(
        lambda thread: clients[thread].post("/api/v1/history/", {"tmdb_id": 1, "client_id": "tv-1"}).status_code
    )
    assert sorted(answers) == [200] * (N_THREADS - 1) + [201]
    assert LibraryState.objects.get(user=user).version == 1


def test_films_added_at_once_get_places_of_their_own():
    user = UserFactory()
    for tmdb_id in range(1, N_THREADS + 1):
        MovieFactory(tmdb_id=tmdb_id)
    clients = [signed_in(user) for _ in range(N_THREADS)]
    answers = in_threads(lambda thread: clients[thread].put(f"/api/v1/watchlist/{thread + 1}/").json())
    assert sorted(answer["data"]["position"] for answer in answers) == list(range(1, N_THREADS + 1))
    assert version_of(user) == N_THREADS
