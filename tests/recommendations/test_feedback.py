from uuid import uuid4

import pytest

from apps.favorites.models import Favorite, HiddenMovie, ViewingHistory
from apps.movies.models import Movie
from apps.recommendations.dataset import training_data
from apps.recommendations.lists import lists_flush
from apps.recommendations.models import Feedback, RecommendationList
from tests.factories import ViewingFactory

URL = "/api/v1/recommendations/feedback/"
LISTS = "/api/v1/recommendations/"


@pytest.fixture
def shown(api, fan, model):
    """A page of five films: the list's id, and the films' TMDb ids."""
    body = api.get(LISTS, {"per_page": 5}).json()
    return body["meta"]["recommendation_id"], [item["movie"]["tmdb_id"] for item in body["data"]]


def give(client, list_id, tmdb_id, kind):
    return client.post(URL, {"recommendation_id": list_id, "tmdb_id": tmdb_id, "kind": kind})


@pytest.mark.parametrize("kind", Feedback.Kind.values)
def test_feedback_is_kept_with_the_list_and_the_rank_and_twice_is_once(api, user, shown, kind):
    list_id, films = shown
    first, again = (give(api, list_id, films[2], kind) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["data"] == again.json()["data"]
    row = Feedback.objects.get()
    assert (str(row.list_id), row.movie.tmdb_id, row.rank, row.kind, row.user) == (list_id, films[2], 3, kind, user)
    assert row.list.shown == 5


@pytest.mark.parametrize(
    ("kind", "shelf"),
    [("liked", Favorite), ("dismissed", HiddenMovie), ("watched", ViewingHistory), ("opened", None)],
)
def test_what_the_library_has_a_shelf_for_goes_there_and_does_not_come_again(api, user, shown, kind, shelf):
    list_id, films = shown
    for _ in range(2):
        give(api, list_id, films[0], kind)
    on_shelves = {each: each.objects.filter(user=user, movie__tmdb_id=films[0]).count() for each in (shelf,) if each}
    assert on_shelves == ({shelf: 1} if shelf else {})
    after = [item["movie"]["tmdb_id"] for item in api.get(LISTS, {"per_page": 100}).json()["data"]]
    assert (films[0] in after) == (shelf is None)


def test_a_film_that_was_watched_before_is_not_watched_once_more(api, user, shown):
    list_id, films = shown
    ViewingFactory(user=user, movie=Movie.objects.get(tmdb_id=films[0]))
    give(api, list_id, films[0], "watched")
    assert ViewingHistory.objects.filter(user=user).count() == 1


def test_what_was_opened_is_learned_from(api, user, shown):
    before = training_data().dataset.profiles.interactions.nnz
    list_id, films = shown
    give(api, list_id, films[1], "opened")
    data = training_data()
    assert data.dataset.profiles.interactions.nnz == before + 1
    assert data.dataset.profiles.interactions.data.min() < 0.3


def test_a_film_that_the_list_has_not_shown_is_refused(api, shown):
    list_id, films = shown
    unseen = next(film for film in range(1, 80) if film not in films)
    for tmdb_id in (unseen, 999_999):
        answer = give(api, list_id, tmdb_id, "opened")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Feedback.objects.exists()


def test_a_list_is_nobody_elses(stranger, anonymous, shown):
    list_id, films = shown
    for client in (stranger, anonymous):
        for each in (list_id, str(uuid4())):
            assert give(client, each, films[0], "dismissed").status_code == 404
    assert not Feedback.objects.exists()
    assert not HiddenMovie.objects.filter(movie__tmdb_id=films[0], user__kind="person").exists()
    assert stranger.get(LISTS, {"recommendation_id": list_id}).status_code == 404


def test_feedback_finds_a_list_whose_row_is_still_to_be_written(api, shown):
    assert not RecommendationList.objects.exists()
    assert give(api, *shown[:1], shown[1][0], "opened").status_code == 201
    assert RecommendationList.objects.count() == 1
    lists_flush()
    assert RecommendationList.objects.count() == Feedback.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"recommendation_id": "x", "tmdb_id": 1, "kind": "opened"},
        {"recommendation_id": str(uuid4()), "tmdb_id": 0, "kind": "opened"},
        {"recommendation_id": str(uuid4()), "tmdb_id": 1, "kind": "eaten"},
        {"recommendation_id": str(uuid4()), "tmdb_id": 1, "kind": "opened", "rank": 3},
    ],
)
def test_what_is_not_understood_is_refused(api, body):
    answer = api.post(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
