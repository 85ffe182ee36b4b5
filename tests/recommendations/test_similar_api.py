import shutil
from uuid import uuid4

import pytest

from apps.movies.models import Genre, Keyword, Movie
from apps.preferences.services import preference_set
from apps.recommendations.fresh import refresh
from apps.recommendations.serving import active_model, artifact_of
from apps.recommendations.similar import BY_ONE_FILM
from tests.factories import FavoriteFactory, HiddenMovieFactory, MovieFactory, RatingFactory, ViewingFactory
from tests.recommendations.community import FIRST_PK, UNLIKED, tmdb_id_of

URL = "/api/v1/recommendations/similar/"
LISTS = "/api/v1/recommendations/"
FILM = tmdb_id_of(0)  # of the first camp

pytestmark = pytest.mark.django_db


def ask(client, tmdb_id=FILM, **query):
    answer = client.get(f"{URL}{tmdb_id}/", query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def ids(body):
    return [item["movie"]["tmdb_id"] for item in body["data"]]


def test_each_engine_answers_by_the_one_film_and_gives_it_as_its_reason(anonymous, model):
    for name in BY_ONE_FILM:
        body = ask(anonymous, algorithm=name)
        meta = body["meta"]
        assert (meta["requested"], meta["served"], meta["fallback_reason"]) == (name, name, None)
        assert (meta["model_version"], meta["personalised"], meta["filled"]) == (model.name, False, 0)
        reasons = [reason for item in body["data"] for reason in item["reasons"]]
        assert {tuple(reason["refs"]) for reason in reasons} == {(FILM,)}
        assert all("Film 0" in reason["text"] for reason in reasons)
        assert FILM not in ids(body)


def test_left_to_us_it_is_what_the_film_is_about_that_counts(anonymous, model):
    meta = ask(anonymous)["meta"]
    assert (meta["requested"], meta["served"], meta["fallback_reason"]) == (None, "content_based", None)


def test_the_tier_asked_for_answers(anonymous, model):
    meta = ask(anonymous, engine="basic")["meta"]
    assert (meta["requested"], meta["served"], meta["fallback_reason"]) == (None, "similar", None)


@pytest.mark.parametrize("name", ["co_favorited", "knn", "matrix_factorization"])
def test_who_liked_it_liked_its_camp(anonymous, model, name):
    assert all(tmdb_id % 2 == 1 for tmdb_id in ids(ask(anonymous, algorithm=name, per_page=10)))


def test_an_engine_without_any_opinion_on_others_gives_way_and_says_so(anonymous, model):
    body = ask(anonymous, tmdb_id_of(UNLIKED[0]), algorithm="knn")
    meta = body["meta"]
    assert (meta["requested"], meta["served"], meta["fallback_reason"]) == ("knn", "content_based", "no_signal")
    assert body["data"]


def test_there_are_fewer_films_rather_than_such_as_are_not_alike(anonymous, model):
    body = ask(anonymous, algorithm="co_favorited", per_page=100)
    assert 0 < len(body["data"]) == body["pagination"]["total"] < 60
    assert {reason["code"] for item in body["data"] for reason in item["reasons"]} == {"liked_together"}
    assert (body["meta"]["filled"], body["meta"]["exhausted"]) == (0, True)


def test_an_engine_that_fails_gives_way(anonymous, model, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    ask(anonymous)
    monkeypatch.setattr(active_model().engines["knn"], "score", fail)
    meta = ask(anonymous, algorithm="knn")["meta"]
    assert (meta["requested"], meta["served"]) == ("knn", "content_based")
    assert meta["fallback_reason"] is not None
    assert "engine knn" in caplog.text


def test_where_films_may_not_be_read_another_engine_answers(anonymous, model, settings):
    settings.TRAIN_ON_TMDB_CONTENT = False
    meta = ask(anonymous, algorithm="similar")["meta"]
    assert meta["fallback_reason"] == "tmdb_terms"
    assert meta["served"] in {"knn", "co_favorited", "matrix_factorization"}


# Whoever asks, their limits hold.


def test_what_the_caller_is_done_with_and_what_they_limit_is_left_out(api, user, model, community):
    before = ids(ask(api, per_page=100))
    hidden, rated, favorite, watched = (Movie.objects.get(tmdb_id=tmdb_id) for tmdb_id in before[:4])
    HiddenMovieFactory(user=user, movie=hidden)
    RatingFactory(user=user, movie=rated)
    FavoriteFactory(user=user, movie=favorite)
    ViewingFactory(user=user, movie=watched)
    assert ids(ask(api, per_page=100)) == before[4:]
    assert ids(ask(api, per_page=100, include_watched="true")) == before[3:]
    preference_set(user=user, muted_genres=Genre.objects.filter(name="Comedy"))
    for item in ask(api, per_page=100)["data"]:
        assert "Comedy" not in {genre["name"] for genre in item["movie"]["genres"]}


def test_what_the_caller_likes_does_not_change_what_is_alike(api, user, anonymous, model, community):
    FavoriteFactory(user=user, movie=community[11])
    own = ask(api, per_page=100)
    everybodys = [tmdb_id for tmdb_id in ids(ask(anonymous, per_page=100)) if tmdb_id != community[11].tmdb_id]
    assert ids(own) == everybodys
    assert all(item["movie"]["my"] == item["movie"]["my"] | {"favorite": False} for item in own["data"])


@pytest.mark.parametrize("trained", [True, False])
def test_filters_hold(anonymous, request, community, trained):
    if trained:
        request.getfixturevalue("model")
    query = {"genres": "28|35", "without_genres": "18", "year_gte": 1980, "exclude_ids": "2,4", "per_page": 100}
    for tmdb_id in (FILM, tmdb_id_of(1)):
        for item in ask(anonymous, tmdb_id, **query)["data"]:
            genres = {genre["id"] for genre in item["movie"]["genres"]}
            assert genres & {28, 35}
            assert 18 not in genres
            assert item["movie"]["year"] >= 1980
            assert item["movie"]["tmdb_id"] not in {2, 4, tmdb_id}
            assert not item["movie"]["adult"]


@pytest.mark.parametrize("trained", [True, False])
def test_films_below_the_relevance_asked_for_are_left_out(anonymous, request, community, trained):
    if trained:
        request.getfixturevalue("model")
    whole, best = ask(anonymous, per_page=100), ask(anonymous, per_page=100, min_relevance=0.6)
    relevant = [item["movie"]["tmdb_id"] for item in whole["data"] if item["relevance"] >= 0.6]
    assert 0 < len(relevant) < len(whole["data"])
    assert ids(best) == relevant
    assert best["meta"]["filtered_out"]["relevance"] > 0


# Films that no model knows.


@pytest.fixture
def newcomer(community):
    """A film that shares a genre and a keyword with the first camp."""
    film = MovieFactory(pk=FIRST_PK + 1000, title="The Late One", genres=Genre.objects.filter(name="Drama"))
    film.keywords.set(Keyword.objects.filter(name="quiet"))
    return film


@pytest.mark.parametrize("trained", [True, False])
def test_a_film_newer_than_the_training_is_answered_from_the_tables(anonymous, request, newcomer, trained):
    if trained:
        request.getfixturevalue("model")
    body = ask(anonymous, newcomer.tmdb_id)
    meta = body["meta"]
    assert (meta["served"], meta["fallback_reason"], meta["model_version"]) == ("similar", "not_trained", None)
    assert all(tmdb_id % 2 == 1 for tmdb_id in ids(body))
    for item in body["data"]:
        (reason,) = item["reasons"]
        assert (reason["code"], reason["refs"], reason["text"]) == (
            *("similar_to", [newcomer.tmdb_id]),
            "Similar to The Late One",
        )
    assert [item["score"] for item in body["data"]] == sorted((item["score"] for item in body["data"]), reverse=True)


def test_a_film_that_a_fresh_layer_knows_is_answered_by_what_it_is_about(
    anonymous, model, newcomer, settings, tmp_path
):
    shutil.copytree(artifact_of(model), tmp_path / model.name)
    settings.ARTIFACT_ROOT = tmp_path
    refresh()
    body = ask(anonymous, newcomer.tmdb_id)
    assert (body["meta"]["served"], body["meta"]["fallback_reason"]) == ("content_based", None)
    assert {tuple(reason["refs"]) for item in body["data"] for reason in item["reasons"]} == {(newcomer.tmdb_id,)}


def test_the_limits_of_the_caller_hold_in_the_tables(api, user, model, newcomer, community):
    done = ids(ask(api, newcomer.tmdb_id, per_page=100))
    HiddenMovieFactory(user=user, movie=Movie.objects.get(tmdb_id=done[0]))
    preference_set(user=user, runtime_lte=120)
    body = ask(api, newcomer.tmdb_id, per_page=100)
    assert body["data"]
    assert done[0] not in ids(body)
    assert all(item["movie"]["runtime"] <= 120 for item in body["data"])
    assert body["meta"]["filtered_out"]["library"] == 2  # the hidden film, and the one asked about


def test_a_film_that_we_do_not_have_or_no_more_is_not_found(anonymous, model):
    Movie.objects.filter(tmdb_id=3).update(gone_at="2026-01-01T00:00:00Z")
    for tmdb_id in (2_000_000_000, 3):
        answer = anonymous.get(f"{URL}{tmdb_id}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "movie_not_found")


# Pages.


def test_pages_are_cut_from_one_list(anonymous, model):
    whole = ids(ask(anonymous, per_page=30))
    first = ask(anonymous, per_page=10)
    second = ask(anonymous, recommendation_id=first["meta"]["recommendation_id"], page=2, per_page=10)
    assert ids(first) + ids(second) == whole[:20]
    assert all(reason["refs"] == [FILM] for item in second["data"] for reason in item["reasons"])


def test_a_list_about_another_film_or_of_somebody_else_is_no_such_list(anonymous, api, stranger, fan, model):
    own = ask(api)["meta"]["recommendation_id"]
    for_you = api.get(LISTS).json()["meta"]["recommendation_id"]
    asked = [(stranger, FILM, own), (anonymous, FILM, own), (api, 3, own), (api, FILM, for_you), (api, FILM, uuid4())]
    for client, tmdb_id, list_id in asked:
        answer = client.get(f"{URL}{tmdb_id}/", {"recommendation_id": list_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"algorithm": "popular"}, [("algorithm", "invalid_choice")]),
        ({"genre": "28"}, [("genre", "unknown_parameter")]),
        ({"per_page": "101"}, [("per_page", "max_value")]),
        ({"algorithm": "knn", "engine": "basic"}, [("engine", "another_tier")]),
        ({"recommendation_id": str(uuid4()), "genres": "28"}, [("genres", "list_is_made")]),
    ],
)
def test_what_is_not_understood_is_refused(anonymous, query, errors):
    answer = anonymous.get(f"{URL}{FILM}/", query)
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == errors


@pytest.mark.parametrize("per_page", [5, 50])
@pytest.mark.parametrize("n_favorites", [1, 20])
def test_an_answer_costs_three_queries_besides_the_session_whatever_its_size(
    api, user, anonymous, model, community, django_assert_num_queries, per_page, n_favorites
):
    for film in community[11 : 11 + n_favorites]:
        FavoriteFactory(user=user, movie=film)
    ask(anonymous, tmdb_id_of(1))  # loads the model
    with django_assert_num_queries(1 + 3):  # the film, the caller, cards
        assert ask(api, per_page=per_page)["data"]
    with django_assert_num_queries(3):  # the film, the active model, cards
        assert ask(anonymous, per_page=per_page)["data"]
