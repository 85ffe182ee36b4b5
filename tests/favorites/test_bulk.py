import pytest

from tests.factories import MovieFactory
from tests.favorites.answers import complaints, version_of
from tests.favorites.shelves import SHELVES, listed

MANY_IDS = ",".join(map(str, range(1, 101)))

pytestmark = pytest.mark.django_db


@pytest.fixture
def films(db):
    return [MovieFactory(tmdb_id=tmdb_id) for tmdb_id in (1, 2, 3, 4)]


def bulk(client, shelf, **body):
    return client.post(f"{shelf.path}bulk/", body)


def outcomes(answer, way):
    assert answer.status_code == 200, answer.content
    return [(told["tmdb_id"], told["outcome"]) for told in answer.json()["data"][way]]


def test_each_film_is_told_what_became_of_it(api, user, shelf, films):
    shelf.put_on(api, 1)
    answer = bulk(
        api,
        shelf,
        add=[shelf.body(1), shelf.body(2), shelf.body(999), {"tmdb_id": "x"}, "nonsense", shelf.body(2)],
        remove=[3, 0, None, 1],
    )
    assert outcomes(answer, "add") == [
        (1, "existing"),
        (2, "added"),
        (999, "not_found"),
        (None, "invalid"),
        (None, "invalid"),
        (2, "invalid"),
    ]
    assert outcomes(answer, "remove") == [(3, "absent"), (None, "invalid"), (None, "invalid"), (1, "invalid")]
    assert listed(api, shelf.path) == [2, 1] if shelf.name != "watchlist" else [1, 2]
    messages = [told["message"] for told in answer.json()["data"]["add"]]
    assert messages[:2] == ["", ""]
    assert all(messages[2:])


def test_it_is_one_change_and_each_row_tells_its_version(api, user, shelf, films):
    answer = bulk(api, shelf, add=[shelf.body(n) for n in (1, 2, 3)])
    assert {told["version"] for told in answer.json()["data"]["add"]} == {1}
    assert version_of(user) == 1
    answer = bulk(api, shelf, add=[shelf.body(1), shelf.body(4)], remove=[2])
    assert [told["version"] for told in answer.json()["data"]["add"]] == [1, 2]
    assert [told["version"] for told in answer.json()["data"]["remove"]] == [2]
    assert version_of(user) == 2


def test_what_changes_nothing_is_no_change(api, user, shelf, films):
    bulk(api, shelf, add=[shelf.body(1)])
    bulk(api, shelf, add=[shelf.body(1)], remove=[2])
    assert version_of(user) == 1


def test_ratings_bring_a_value_each_and_a_new_one_replaces_the_old(api, user, films):
    ratings = SHELVES[1]
    bulk(api, ratings, add=[{"tmdb_id": 1, "value": 5}, {"tmdb_id": 2, "value": 5}])
    values = {1: 7.5, 2: 5, 3: 7.3}
    add = [{"tmdb_id": tmdb_id, "value": value} for tmdb_id, value in values.items()]
    answer = bulk(api, ratings, add=[*add, {"tmdb_id": 4}])
    assert outcomes(answer, "add") == [(1, "changed"), (2, "existing"), (3, "invalid"), (4, "invalid")]
    assert dict(user.ratings.values_list("movie__tmdb_id", "value")) == {1: 7.5, 2: 5}


def test_the_watchlist_grows_in_the_order_of_the_request(api, user, films):
    watchlist = SHELVES[2]
    watchlist.put_on(api, 4)
    bulk(api, watchlist, add=[watchlist.body(n) for n in (3, 1, 2)])
    assert listed(api, watchlist.path) == [4, 3, 1, 2]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"add": [], "remove": []},
        {"add": {}},
        {"remove": [1] * 501},
        {"add": [1] * 300, "remove": [1] * 201},
        {"ad": []},
    ],
)
def test_what_is_no_bulk_is_a_400_and_changes_nothing(api, user, shelf, body):
    assert complaints(bulk(api, shelf, **body))
    assert version_of(user) == 0


@pytest.mark.parametrize("n_films", [2, 200])
def test_it_costs_the_same_whatever_the_size(api, user, shelf, n_films, django_assert_num_queries):
    there = [MovieFactory(tmdb_id=10_000 + n) for n in range(n_films)]
    for film in there[: n_films // 2]:
        shelf.factory(user=user, movie=film)
    add = [shelf.body(film.tmdb_id) for film in there[1:]]
    with django_assert_num_queries(18 + (shelf.name == "watchlist"), exact=False):
        answer = bulk(api, shelf, add=add, remove=[there[0].tmdb_id])
    assert answer.status_code == 200


def test_a_check_tells_which_are_there(api, stranger, shelf, films, django_assert_num_queries):
    shelf.put_on(api, 3)
    shelf.put_on(stranger, 1)
    with django_assert_num_queries(2):
        answer = api.get(f"{shelf.path}check/?ids=4,3,999")
    assert answer.json()["data"] == {"present": [3], "absent": [4, 999]}
    assert stranger.get(f"{shelf.path}check/?ids=3").json()["data"] == {"present": [], "absent": [3]}


@pytest.mark.parametrize("query", ["", "ids=", "ids=x", "ids=1,,2", "ids=1&ids=2", f"ids={MANY_IDS},101"])
def test_a_check_of_nothing_or_too_much_is_a_400(api, shelf, query):
    assert complaints(api.get(f"{shelf.path}check/?{query}"))


def test_a_hundred_ids_are_checked_at_once(api, shelf):
    answer = api.get(f"{shelf.path}check/?ids={MANY_IDS}")
    assert len(answer.json()["data"]["absent"]) == 100


def test_a_strangers_shelf_stays_as_it_is(api, stranger, shelf, films):
    shelf.put_on(stranger, 1)
    bulk(api, shelf, remove=[1])
    assert listed(stranger, shelf.path) == [1]


def test_a_film_that_we_lack_is_read_from_tmdb(api, tmdb, user):
    favorites = SHELVES[0]
    ids = [5, 6, 7]
    answer = bulk(api, favorites, add=[{"tmdb_id": tmdb_id} for tmdb_id in ids])
    assert outcomes(answer, "add") == [(tmdb_id, "added") for tmdb_id in ids]
    assert user.favorites.count() == 3


def test_while_tmdb_is_away_the_films_that_we_have_go_in_and_the_others_are_told_apart(api, tmdb, films):
    tmdb.fault("server_error")
    answer = bulk(api, SHELVES[0], add=[{"tmdb_id": 1}, {"tmdb_id": 100}, {"tmdb_id": 101}])
    assert outcomes(answer, "add") == [(1, "added"), (100, "unavailable"), (101, "unavailable")]
