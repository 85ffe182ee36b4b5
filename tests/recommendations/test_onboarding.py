import shutil

import numpy as np
import pytest

from apps.favorites.models import Favorite, HiddenMovie
from apps.movies.models import Genre, Movie
from apps.preferences.services import preference_set
from apps.recommendations import onboarding
from apps.recommendations.fresh import refresh
from apps.recommendations.informative import most_informative, most_varied
from apps.recommendations.lists import lists_flush
from apps.recommendations.models import RecommendationList
from apps.recommendations.serving import active_model, artifact_of
from apps.recommendations.training import train
from tests.factories import FavoriteFactory, HiddenMovieFactory, MovieFactory, RatingFactory, ViewingFactory
from tests.recommendations.community import FIRST_PK, UNLIKED, tmdb_id_of

URL = "/api/v1/recommendations/onboarding/"
LISTS = "/api/v1/recommendations/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    """Each test begins as a process that has asked nobody."""
    monkeypatch.setattr(onboarding, "_order", None)


def questions(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def ids(body):
    return [card["tmdb_id"] for card in body["data"]]


def answer(client, **answers):
    """Answers as ``liked=[ids]``, ``disliked=[ids]``, ``unseen=[ids]``."""
    told = [{"tmdb_id": tmdb_id, "answer": kind} for kind, films in answers.items() for tmdb_id in films]
    given = client.post(URL, {"answers": told}, format="json")
    assert given.status_code == 200, given.json()
    return given.json()


# Arithmetic.


def test_the_next_question_is_the_one_that_the_variance_of_scores_is_lowered_by_most():
    rng = np.random.default_rng(3)
    vectors, chances = rng.normal(size=(40, 5)), rng.random(40)
    normal, wanted = np.eye(5), vectors.T @ vectors
    order = most_informative(vectors, chances, normal=normal, wanted=wanted)
    assert sorted(order.tolist()) == list(range(40))
    for place, row in enumerate(order[:12]):
        after = {
            other: np.trace(np.linalg.inv(normal + chances[other] * np.outer(vectors[other], vectors[other])) @ wanted)
            for other in set(range(40)) - set(order[:place])
        }
        assert after[row] == pytest.approx(min(after.values()))
        normal = normal + chances[row] * np.outer(vectors[row], vectors[row])


def ask_about(vectors, chances):
    vectors = np.array(vectors, dtype=np.float32)
    return most_informative(vectors, np.array(chances), normal=np.eye(2), wanted=np.eye(2)).tolist()


def test_a_film_much_like_one_asked_about_comes_after_one_that_is_not():
    assert ask_about([[3.0, 0], [2.9, 0.1], [0, 1.0], [0, 0]], [1, 1, 1, 1]) == [0, 2, 1, 3]


def test_of_films_that_would_tell_the_same_the_one_that_more_people_like_comes_first():
    assert ask_about([[1.0, 0], [1.0, 0], [1.0, 0]], [0.1, 0.9, 0]) == [1, 0, 2]


def test_varied_films_have_each_genre_before_any_comes_again_and_those_without_come_last():
    genres = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    assert most_varied(genres).tolist() == [1, 3, 4, 2, 0]
    assert most_varied(np.zeros((2, 3), dtype=np.float32)).tolist() == [0, 1]


# Questions.


@pytest.mark.parametrize("n", [5, 10, 30])
def test_anybody_is_asked_about_films_that_people_know(anonymous, model, n):
    body = questions(anonymous, n=n)
    assert len(set(ids(body))) == n
    assert body["meta"] == {"chosen_by": "information", "model_version": model.name}
    assert not {tmdb_id_of(film) for film in UNLIKED} & set(ids(body))  # they would tell nothing
    assert {card["my"] for card in body["data"]} == {None}
    assert not any(card["adult"] for card in body["data"])
    assert questions(anonymous, n=n) == body


def test_the_first_questions_tell_camps_apart(anonymous, model):
    assert {tmdb_id % 2 for tmdb_id in ids(questions(anonymous, n=5))} == {0, 1}


def test_fewer_questions_begin_more(anonymous, model):
    assert ids(questions(anonymous)) == ids(questions(anonymous, n=30))[:10]


def test_a_fresh_layer_changes_no_question(anonymous, model, settings, tmp_path, monkeypatch):
    before = questions(anonymous, n=30)
    shutil.copytree(artifact_of(model), tmp_path / model.name)
    settings.ARTIFACT_ROOT = tmp_path
    MovieFactory(pk=FIRST_PK + 1000)
    refresh()
    monkeypatch.setattr(onboarding, "_order", None)
    assert questions(anonymous, n=30) == before
    assert active_model().fresh


def test_without_factors_genres_are_spread(anonymous, community):
    train(names=["popular"])
    body = questions(anonymous)
    assert body["meta"]["chosen_by"] == "genres"
    assert {genre["id"] for card in body["data"] for genre in card["genres"]} == {18, 28, 35, 878}


def test_before_the_first_training_popular_films_of_all_genres_are_asked_about(anonymous, community):
    body = questions(anonymous)
    assert body["meta"] == {"chosen_by": "genres", "model_version": None}
    assert {genre["id"] for card in body["data"] for genre in card["genres"]} == {18, 28, 35, 878}
    assert not any(card["adult"] for card in body["data"])


def test_an_empty_catalogue_asks_nothing(anonymous, db):
    assert questions(anonymous)["data"] == []


def test_nobody_is_asked_about_what_they_are_done_with_or_do_not_want_to_see(api, user, model):
    first = [Movie.objects.get(tmdb_id=tmdb_id) for tmdb_id in ids(questions(api))]
    for factory, film in zip((FavoriteFactory, RatingFactory, HiddenMovieFactory, ViewingFactory), first, strict=False):
        factory(user=user, movie=film)
    assert not {film.tmdb_id for film in first[:4]} & set(ids(questions(api)))
    preference_set(user=user, muted_genres=Genre.objects.filter(name="Drama"))
    body = questions(api, n=30)
    assert len(body["data"]) == 30
    assert not any(genre["name"] == "Drama" for card in body["data"] for genre in card["genres"])
    assert not any(any(card["my"].values()) for card in body["data"])


def test_where_few_of_the_known_films_are_left_others_are_asked_about(api, user, model, monkeypatch):
    monkeypatch.setattr(onboarding, "RECOGNISABLE", 3)
    body = questions(api, n=12)
    assert len(set(ids(body))) == 12
    rest = [card["popularity"] for card in body["data"][3:]]
    assert rest == sorted(rest, reverse=True)


@pytest.mark.parametrize("n", [5, 30])
def test_questions_cost_three_queries_besides_the_session(api, anonymous, model, django_assert_num_queries, n):
    questions(anonymous)  # loads the model
    with django_assert_num_queries(1 + 3):  # the caller, those that fit, cards
        questions(api, n=n)
    with django_assert_num_queries(3):  # the active model, those that fit, cards
        questions(anonymous, n=n)


@pytest.mark.parametrize("n", ["4", "31", "ten"])
def test_a_number_of_questions_out_of_bounds_is_refused(anonymous, n):
    response = anonymous.get(URL, {"n": n})
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["n"]


# Answers.


def test_three_likes_are_answered_with_personalised_recommendations_at_once(api, user, model):
    liked = ids(questions(api))[:3]
    body = answer(api, liked=liked)
    assert body["message"] == "Saved."
    assert body["meta"]["personalised"]
    assert len(body["data"]["recommendations"]) == 20
    assert all(item["movie"]["tmdb_id"] not in liked for item in body["data"]["recommendations"])
    assert body["data"]["recommendations"] == api.get(LISTS).json()["data"]
    more = api.get(LISTS, {"recommendation_id": body["meta"]["recommendation_id"], "page": 2})
    assert more.status_code == 200


def test_answers_go_to_the_shelves_that_they_speak_of(api, user, community):
    body = answer(api, liked=[5, 1], disliked=[2], unseen=[3, 2_000_000_000])
    told = {name: body["data"][name] for name in ("liked", "disliked", "unseen", "not_found")}
    assert told == {"liked": [5, 1], "disliked": [2], "unseen": [3], "not_found": [2_000_000_000]}
    favorites = Favorite.objects.of(user).order_by("created_at").values_list("movie__tmdb_id", flat=True)
    assert list(favorites) == [5, 1]
    assert list(HiddenMovie.objects.of(user).values_list("movie__tmdb_id", flat=True)) == [2]


def test_the_later_of_two_answers_about_a_film_holds(api, user, community):
    answer(api, liked=[1, 2], disliked=[3])
    answer(api, liked=[3], disliked=[1])
    assert set(Favorite.objects.of(user).values_list("movie__tmdb_id", flat=True)) == {2, 3}
    assert set(HiddenMovie.objects.of(user).values_list("movie__tmdb_id", flat=True)) == {1}


def test_answering_twice_is_the_same_as_once(api, user, community):
    first = answer(api, liked=[1], disliked=[2])["data"]
    version = user.library_state.version
    assert answer(api, liked=[1], disliked=[2])["data"] == first
    user.library_state.refresh_from_db()
    assert user.library_state.version == version


def test_what_was_disliked_is_never_recommended(api, user, model):
    body = answer(api, disliked=[2, 4], liked=[1])
    shown = {item["movie"]["tmdb_id"] for item in api.get(LISTS, {"per_page": 100}).json()["data"]}
    assert not {1, 2, 4} & shown
    assert body["meta"]["filtered_out"]["library"] == 3


def test_answers_of_which_none_is_a_like_are_followed_by_popular_films(api, user, model):
    assert not answer(api, unseen=[1, 2, 3])["meta"]["personalised"]


def test_what_comes_of_it_is_logged_as_such(api, user, model):
    list_id = answer(api, liked=[1])["meta"]["recommendation_id"]
    lists_flush()
    made = RecommendationList.objects.get(pk=list_id)
    assert (made.user, made.scenario, made.shown) == (user, "onboarding", 20)


@pytest.mark.parametrize("n_answers", [2, 30])
def test_answers_cost_the_same_however_many(api, model, django_assert_max_num_queries, n_answers):
    questions(api)  # loads the model
    with django_assert_max_num_queries(40):
        answer(api, liked=range(1, n_answers), disliked=[n_answers])


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("answers", "required")]),
        ({"answers": []}, [("answers", "min_length")]),
        ({"answers": {}}, [("answers", "not_a_list")]),
        ({"answers": [{"tmdb_id": 1, "answer": "liked"}] * 31}, [("answers", "max_length")]),
        ({"answers": [{"tmdb_id": 1, "answer": "liked"}] * 2}, [("answers", "repeated")]),
        ({"answers": [{"tmdb_id": 1, "answer": "loved"}]}, [("answers.0.answer", "invalid_choice")]),
        ({"answers": [{"tmdb_id": 0, "answer": "liked"}]}, [("answers.0.tmdb_id", "min_value")]),
        ({"answers": [{"tmdb_id": 1}]}, [("answers.0.answer", "required")]),
        ({"answers": [{"tmdb_id": 1, "answer": "liked", "stars": 5}]}, [("answers.0.stars", "unknown_field")]),
        ({"answers": [{"tmdb_id": 1, "answer": "liked"}], "n": 3}, [("n", "unknown_field")]),
    ],
)
def test_what_is_not_understood_is_refused_and_changes_nothing(api, user, body, errors):
    response = api.post(URL, body, format="json")
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == errors
    assert not Favorite.objects.of(user).exists()


def test_answering_needs_an_account(anonymous):
    response = anonymous.post(URL, {"answers": [{"tmdb_id": 1, "answer": "liked"}]}, format="json")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_a_strangers_answers_are_their_own(api, stranger, user, model):
    answer(stranger, liked=[1], disliked=[2])
    assert not Favorite.objects.of(user).exists()
    body = answer(api, unseen=[1])
    assert body["meta"]["filtered_out"]["library"] == 0
