import pytest

from apps.preferences.services import preference_set
from apps.recommendations.registry import ENGINES, NAMES
from apps.recommendations.training import train
from tests.conftest import signed_in
from tests.factories import FavoriteFactory, GenreFactory, MovieFactory, UserFactory

URL = "/api/v1/recommendations/algorithms/"


def ask(client):
    answer = client.get(URL)
    assert answer.status_code == 200
    return answer.json()["data"]


def why_not(client):
    return {engine["name"]: engine["why_not"] for engine in ask(client)}


def test_engines_are_described_in_their_order_with_their_figures(anonymous, model):
    assert ask(anonymous) == [
        {
            "name": name,
            "tier": ENGINES[name].tier.value,
            "description": ENGINES[name].description,
            "usable": not ENGINES[name].personalised,
            "why_not": "no_signal" if ENGINES[name].personalised else None,
            "metrics": model.metrics[name],
        }
        for name in NAMES
    ]


def test_to_a_new_user_the_same_are_usable_as_to_an_anonymous_caller(anonymous, api, model):
    assert ask(api) == ask(anonymous)


def test_a_stranger_is_not_told_what_would_answer_somebody_else(stranger, fan, model):
    assert why_not(stranger)["knn"] == "no_signal"


def test_to_who_likes_something_every_engine_is_usable(api, fan, model):
    assert set(why_not(api).values()) == {None}
    assert all(engine["usable"] for engine in ask(api))


def test_a_liked_genre_makes_the_engine_usable_that_reads_it(api, user, model):
    preference_set(user=user, liked_genres=[GenreFactory(tmdb_id=28)])
    usable = [name for name, reason in why_not(api).items() if reason is None]
    assert usable == ["popular", "trending", "genre_affinity", "hybrid"]


def test_a_film_that_came_after_the_training_makes_nothing_usable(api, user, model):
    FavoriteFactory(user=user, movie=MovieFactory())
    assert why_not(api)["knn"] == "no_signal"


@pytest.mark.parametrize("who", ["anonymous", "api"])
def test_before_the_first_training_no_engine_is_usable(request, fan, who):
    engines = ask(request.getfixturevalue(who))
    assert [engine["name"] for engine in engines] == list(NAMES)
    assert {(engine["usable"], engine["why_not"], engine["metrics"]) for engine in engines} == {
        (False, "not_trained", None)
    }


def test_an_engine_that_was_left_out_of_the_training_is_not_usable(api, fan):
    train(names=["knn"])
    states = why_not(api)
    assert {name for name, reason in states.items() if reason is None} == {"popular", "knn"}
    assert states["matrix_factorization"] == "not_trained"


def test_what_is_said_to_be_usable_answers_and_nothing_else_does(api, user, community, model):
    def served():
        url = "/api/v1/recommendations/"
        return {name for name in NAMES if api.get(url, {"algorithm": name}).json()["meta"]["served"] == name}

    assert served() == {name for name, reason in why_not(api).items() if reason is None}
    FavoriteFactory(user=user, movie=community[0])
    assert served() == {name for name, reason in why_not(api).items() if reason is None} == set(NAMES)


def test_no_parameters_are_known_here(anonymous, model):
    answer = anonymous.get(URL, {"tier": "basic"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "unknown_parameter"


@pytest.mark.parametrize("n_favorites", [1, 20])
def test_the_list_costs_one_query_besides_the_session(model, community, django_assert_num_queries, n_favorites):
    viewer = UserFactory()
    for film in community[:n_favorites]:
        FavoriteFactory(user=viewer, movie=film)
    client = signed_in(viewer)
    ask(client)  # loads the model
    with django_assert_num_queries(1 + 1):
        ask(client)


def test_the_list_costs_an_anonymous_caller_one_query(anonymous, model, django_assert_num_queries):
    ask(anonymous)
    with django_assert_num_queries(1):
        ask(anonymous)
