import numpy as np

from apps.favorites.models import Favorite, LibraryState
from apps.movies.lists import list_swap
from apps.movies.models import ListEntry
from tests.conftest import signed_in
from tests.factories import PASSWORD, MovieFactory, UserFactory
from tests.favorites.answers import version_of
from tests.threads import at_once, concurrent_writers

pytestmark = concurrent_writers

N_THREADS = 32
N_STORMING = 12  # each waits for the others, turn after turn; a lock is waited for no longer than five seconds


def test_a_storm_on_one_library_loses_no_change_and_counts_each_once():
    user = UserFactory()
    for tmdb_id in (1, 2, 3):
        MovieFactory(tmdb_id=tmdb_id)
    clients = [signed_in(user) for _ in range(N_STORMING)]

    def toggle(thread):
        rng = np.random.default_rng(thread)
        statuses = []
        for tmdb_id in rng.integers(1, 4, size=12).tolist():
            path = f"/api/v1/favorites/{tmdb_id}/"
            response = clients[thread].put(path) if rng.random() < 0.5 else clients[thread].delete(path)
            statuses.append(response.status_code)
        return statuses

    statuses = [status for answers in at_once(toggle, range(N_STORMING)) for status in answers]
    films = list(Favorite.objects.filter(user=user).values_list("movie__tmdb_id", flat=True))
    added = statuses.count(201)
    removed = added - len(films)
    assert set(statuses) <= {200, 201, 204}
    assert len(films) == len(set(films))
    assert version_of(user) == added + removed


def test_adding_and_removing_different_films_at_once_loses_nothing():
    user = UserFactory()
    films = MovieFactory.create_batch(N_THREADS)
    there, wanted = films[: N_THREADS // 2], films[N_THREADS // 2 :]
    clients = [signed_in(user) for _ in films]
    for film in there:
        clients[0].put(f"/api/v1/favorites/{film.tmdb_id}/")

    def change(thread):
        film = films[thread]
        path = f"/api/v1/favorites/{film.tmdb_id}/"
        return (clients[thread].delete(path) if film in there else clients[thread].put(path)).status_code

    assert sorted(at_once(change, range(N_THREADS))) == [201] * len(wanted) + [204] * len(there)
    left = set(Favorite.objects.filter(user=user).values_list("movie", flat=True))
    assert left == {film.pk for film in wanted}
    assert version_of(user) == len(there) + N_THREADS


def test_an_account_that_goes_while_its_library_grows_leaves_nothing():
    user = UserFactory()
    films = MovieFactory.create_batch(N_THREADS)
    clients = [signed_in(user) for _ in films]

    def change(thread):
        if thread == 0:
            return clients[0].delete("/api/v1/auth/me/", {"password": PASSWORD}).status_code
        return clients[thread].put(f"/api/v1/favorites/{films[thread].tmdb_id}/").status_code

    codes = at_once(change, range(N_THREADS))
    assert codes[0] == 204
    assert set(codes[1:]) <= {201, 401}
    assert not Favorite.objects.exists()
    assert not LibraryState.objects.exists()


def test_one_replay_of_many_is_recorded():
    user = UserFactory()
    MovieFactory(tmdb_id=1)
    clients = [signed_in(user) for _ in range(N_THREADS)]
    replay = {"tmdb_id": 1, "client_id": "tv-1"}
    answers = at_once(lambda thread: clients[thread].post("/api/v1/history/", replay).status_code, range(N_THREADS))
    assert sorted(answers) == [200] * (N_THREADS - 1) + [201]
    assert LibraryState.objects.get(user=user).version == 1


def test_films_added_at_once_get_places_of_their_own():
    user = UserFactory()
    for tmdb_id in range(1, N_THREADS + 1):
        MovieFactory(tmdb_id=tmdb_id)
    clients = [signed_in(user) for _ in range(N_THREADS)]
    answers = at_once(lambda thread: clients[thread].put(f"/api/v1/watchlist/{thread + 1}/").json(), range(N_THREADS))
    assert sorted(answer["data"]["position"] for answer in answers) == list(range(1, N_THREADS + 1))
    assert version_of(user) == N_THREADS


def test_a_list_swapped_by_many_is_that_of_one_of_them():
    films = MovieFactory.create_batch(5)
    pks = [film.pk for film in films]
    list_swap(ListEntry.Name.TRENDING_DAY, pks)
    at_once(lambda thread: list_swap(ListEntry.Name.TRENDING_DAY, pks[thread % 3 :]), range(N_THREADS))
    places = list(ListEntry.objects.order_by("position").values_list("movie", flat=True))
    assert places in [pks, pks[1:], pks[2:]]
