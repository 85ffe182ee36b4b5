from uuid import uuid4

import pytest

from apps.favorites.models import Favorite
from apps.movies.models import Movie
from apps.recommendations.lists import lists_flush
from apps.recommendations.models import Feedback, RecommendationList
from apps.recommendations.registry import NAMES
from tests.factories import FavoriteFactory
from tests.recommendations.community import tmdb_id_of
from tests.utils.test_throttling import allow

URL = "/api/v1/recommendations/session/"
MERGE = f"{URL}merge/"
LISTS = "/api/v1/recommendations/"
PICKED = [tmdb_id_of(film) for film in (0, 2, 4)]  # of the first camp
NOBODY = 2_000_000_000

pytestmark = pytest.mark.django_db


def post(client, url=URL, **body):
    answer = client.post(url, body, format="json")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def ask(client, tmdb_ids=PICKED, **body):
    return post(client, tmdb_ids=tmdb_ids, **body)


def merge(client, tmdb_ids=PICKED, **body):
    return post(client, MERGE, tmdb_ids=tmdb_ids, **body)


def ids(body):
    return [item["movie"]["tmdb_id"] for item in body["data"]]


def complaint(answer):
    assert answer.status_code == 400, answer.json()
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


# Without an account.


def test_who_picked_films_is_answered_by_every_engine_and_never_with_what_they_picked(anonymous, model):
    for name in (*NAMES, None):
        body = ask(anonymous, per_page=100, **({"algorithm": name} if name else {}))
        assert body["meta"]["requested"] == name
        assert name in {None, body["meta"]["served"]}
        assert body["meta"]["model_version"] == model.name
        assert len(body["data"]) > 20
        assert not set(PICKED) & set(ids(body))
        assert {item["movie"]["my"] for item in body["data"]} == {None}


def test_picks_are_answered_like_the_same_favorites_of_an_account(anonymous, api, user, model, community):
    for film in (0, 2, 4):
        FavoriteFactory(user=user, movie=community[film])
    asked = {"algorithm": "matrix_factorization", "per_page": 30}
    assert ids(ask(anonymous, **asked)) == ids(api.get(LISTS, asked).json())


def test_reasons_name_the_films_picked(anonymous, model):
    reasons = [reason for item in ask(anonymous, algorithm="knn", per_page=10)["data"] for reason in item["reasons"]]
    assert {ref for reason in reasons for ref in reason["refs"]} <= set(PICKED)
    assert any(reason["refs"] for reason in reasons)


def test_the_order_of_the_picks_counts(anonymous, model):
    first, second = (ask(anonymous, picked, algorithm="sequential", per_page=50) for picked in (PICKED, PICKED[::-1]))
    assert [item["score"] for item in first["data"]] != [item["score"] for item in second["data"]]


def test_films_that_nobody_knows_are_counted_and_passed_over(anonymous, model):
    known, more = ask(anonymous, algorithm="knn"), ask(anonymous, [NOBODY, *PICKED], algorithm="knn")
    assert (known["meta"]["unknown"], more["meta"]["unknown"]) == (0, 1)
    assert known["data"] == more["data"]


def test_who_picked_nothing_that_is_known_gets_popular_films(anonymous, model):
    meta = ask(anonymous, [NOBODY], algorithm="knn")["meta"]
    assert (meta["unknown"], meta["fallback_reason"], meta["personalised"]) == (1, "no_signal", False)


def test_a_session_is_the_same_as_long_as_its_id_is_sent(anonymous, model):
    first = ask(anonymous)["meta"]
    again = ask(anonymous, session_id=first["session_id"])["meta"]
    other = ask(anonymous)["meta"]
    assert (again["session_id"], again["recommendation_id"]) == (first["session_id"], first["recommendation_id"])
    assert other["session_id"] != first["session_id"]
    assert other["recommendation_id"] != first["recommendation_id"]


def test_pages_of_a_list_hold_no_film_twice_and_miss_none_whatever_was_picked_meanwhile(anonymous, model):
    whole = ids(ask(anonymous, per_page=100))
    first = ask(anonymous, per_page=10)
    same = {name: first["meta"][name] for name in ("session_id", "recommendation_id")}
    second = ask(anonymous, [*PICKED, whole[12]], **same, page=2, per_page=10)
    assert ids(first) == whole[:10]
    assert ids(second) == [film for film in whole[10:21] if film != whole[12]]


def test_filters_hold(anonymous, model):
    body = ask(anonymous, genres="28|35", without_genres="18", year_gte=1980, exclude_ids="2,4", per_page=100)
    assert body["data"]
    for item in body["data"]:
        genres = {genre["id"] for genre in item["movie"]["genres"]}
        assert genres & {28, 35}
        assert 18 not in genres
        assert item["movie"]["year"] >= 1980
        assert item["movie"]["tmdb_id"] not in {2, 4}
        assert not item["movie"]["adult"]


def test_before_the_first_training_popular_films_answer_without_the_picks(anonymous, community):
    body = ask(anonymous, per_page=100)
    assert (body["meta"]["served"], body["meta"]["fallback_reason"]) == ("popular", "not_trained")
    assert set(ids(body)) == {film.tmdb_id for film in community if not film.adult} - set(PICKED)


@pytest.mark.parametrize("n_picked", [1, 40])
@pytest.mark.parametrize("per_page", [5, 50])
def test_an_answer_costs_three_queries_whatever_its_size(
    anonymous, model, django_assert_num_queries, n_picked, per_page
):
    picked = [tmdb_id_of(film) for film in range(n_picked)]
    ask(anonymous)  # loads the model
    with django_assert_num_queries(3):  # the films picked, the active model, cards
        assert ask(anonymous, picked, per_page=per_page, algorithm="knn")["data"]


# Whose lists.


def test_a_list_of_another_session_is_no_such_list(anonymous, model):
    first, other = ask(anonymous)["meta"], ask(anonymous)["meta"]
    body = {"tmdb_ids": PICKED, "recommendation_id": first["recommendation_id"], "session_id": other["session_id"]}
    answer = anonymous.post(URL, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_lists_of_accounts_and_of_sessions_are_kept_apart(anonymous, api, fan, model):
    own = api.get(LISTS).json()["meta"]["recommendation_id"]
    session = ask(anonymous)["meta"]
    for client in (anonymous, api):
        body = {"tmdb_ids": PICKED, "recommendation_id": own, "session_id": session["session_id"]}
        assert client.post(URL, body, format="json").status_code == 404
    assert api.get(LISTS, {"recommendation_id": session["recommendation_id"]}).status_code == 404


def test_a_token_changes_nothing(api, anonymous, fan, model):
    assert ask(api, per_page=50)["data"] == ask(anonymous, per_page=50)["data"]


@pytest.mark.parametrize(("method", "path"), [("post", "session/"), ("get", "similar/1/"), ("get", "onboarding/")])
def test_what_anybody_may_ask_is_counted_by_address(settings, anonymous, method, path):
    allow(settings, misses="1/minute")
    first, second = (getattr(anonymous, method)(LISTS + path, REMOTE_ADDR="203.0.113.77") for _ in range(2))
    assert first.status_code in {200, 400, 404}
    assert (second.status_code, second.json()["code"]) == (429, "throttled")


# What may be asked.


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("tmdb_ids", "required")]),
        ({"tmdb_ids": []}, [("tmdb_ids", "min_length")]),
        ({"tmdb_ids": None}, [("tmdb_ids", "null")]),
        ({"tmdb_ids": "603"}, [("tmdb_ids", "not_a_list")]),
        ({"tmdb_ids": list(range(1, 102))}, [("tmdb_ids", "max_length")]),
        ({"tmdb_ids": [1, 2, 1]}, [("tmdb_ids", "repeated")]),
        ({"tmdb_ids": [0]}, [("tmdb_ids.0", "min_value")]),
        ({"tmdb_ids": [1], "genre": "28"}, [("genre", "unknown_field")]),
        ({"tmdb_ids": [1], "include_watched": True}, [("include_watched", "unknown_field")]),
        ({"tmdb_ids": [1], "include_adult": True}, [("include_adult", "unknown_field")]),
        ({"tmdb_ids": [1], "genres": [28]}, [("genres", "wrong_type")]),
        ({"tmdb_ids": [1], "exclude_ids": 28}, [("exclude_ids", "wrong_type")]),
        ({"tmdb_ids": [1], "page": "2"}, [("page", "wrong_type")]),
        ({"tmdb_ids": [1], "per_page": 101}, [("per_page", "max_value")]),
        ({"tmdb_ids": [1], "session_id": 5}, [("session_id", "wrong_type")]),
        ({"tmdb_ids": [1], "session_id": "mine"}, [("session_id", "invalid")]),
        ({"tmdb_ids": [1], "algorithm": "oracle"}, [("algorithm", "invalid_choice")]),
        ({"tmdb_ids": [1], "algorithm": "knn", "engine": "basic"}, [("engine", "another_tier")]),
        ({"tmdb_ids": [1], "year_gte": 2000, "year_lte": 1990}, [("year_gte", "empty_range")]),
        ({"tmdb_ids": [1], "recommendation_id": str(uuid4())}, [("session_id", "required")]),
        (
            {"tmdb_ids": [1], "recommendation_id": str(uuid4()), "session_id": str(uuid4()), "genres": "28"},
            [("genres", "list_is_made")],
        ),
    ],
)
def test_what_is_not_understood_is_refused(anonymous, body, errors):
    assert complaint(anonymous.post(URL, body, format="json")) == errors


@pytest.mark.parametrize("body", [[], "603", 7, None])
def test_a_body_that_is_no_object_is_refused(anonymous, body):
    assert anonymous.post(URL, body, format="json").status_code == 400


# Into an account.


def test_merging_makes_the_picks_favorites_in_their_order(api, user, community):
    films = [community[film].tmdb_id for film in (9, 2, 7)]
    body = merge(api, [*films, NOBODY])
    assert body["data"] == {"added": films, "existing": [], "not_found": [NOBODY], "unavailable": []}
    assert body["message"] == "Your picks are in your library now."
    favorites = Favorite.objects.of(user).order_by("created_at")
    assert [favorite.movie.tmdb_id for favorite in favorites] == films
    assert len({favorite.created_at for favorite in favorites}) == 3


def test_merging_twice_is_the_same_as_once(api, user, community):
    FavoriteFactory(user=user, movie=community[0])
    assert merge(api)["data"] == {"added": PICKED[1:], "existing": PICKED[:1], "not_found": [], "unavailable": []}
    before = list(Favorite.objects.of(user).values())
    version = user.library_state.version
    assert merge(api)["data"] == {"added": [], "existing": PICKED, "not_found": [], "unavailable": []}
    assert list(Favorite.objects.of(user).values()) == before
    user.library_state.refresh_from_db()
    assert user.library_state.version == version


def test_a_merged_film_shows_in_the_very_next_answer(api, user, model):
    before = api.get(LISTS, {"algorithm": "knn"}).json()["meta"]
    merge(api)
    after = api.get(LISTS, {"algorithm": "knn"}).json()["meta"]
    assert (before["fallback_reason"], after["fallback_reason"]) == ("no_signal", None)


def test_lists_and_feedback_of_the_session_belong_to_the_account_afterwards(anonymous, api, user, model):
    session = ask(anonymous)["meta"]
    other = ask(anonymous)["meta"]
    lists_flush()
    made = RecommendationList.objects.get(pk=session["recommendation_id"])
    Feedback.objects.create(list=made, movie=Movie.objects.get(pk=made.movies[0]), rank=1, kind="opened")
    merge(api, session_id=session["session_id"])
    owners = dict(RecommendationList.objects.values_list("pk", "user"))
    assert {str(pk): owner for pk, owner in owners.items()} == {
        session["recommendation_id"]: user.pk,
        other["recommendation_id"]: None,
    }
    assert Feedback.objects.get().user == user
    going_on = {"recommendation_id": session["recommendation_id"], "page": 2}
    assert api.get(LISTS, going_on).status_code == 200


def test_a_session_that_was_merged_is_over(anonymous, api, model):
    session = ask(anonymous)["meta"]
    merge(api, session_id=session["session_id"])
    same = {name: session[name] for name in ("session_id", "recommendation_id")}
    assert anonymous.post(URL, {"tmdb_ids": PICKED, **same}, format="json").status_code == 404
    assert ask(anonymous, session_id=session["session_id"])["meta"]["session_id"] != session["session_id"]


def test_a_stranger_takes_nothing_of_a_session_that_was_merged(anonymous, api, user, stranger, model):
    session = ask(anonymous)["meta"]
    merge(api, session_id=session["session_id"])
    merge(stranger, [], session_id=session["session_id"])
    assert RecommendationList.objects.get(pk=session["recommendation_id"]).user == user


@pytest.mark.parametrize("n_films", [2, 30])
def test_merging_costs_the_same_however_many_films(api, community, django_assert_max_num_queries, n_films):
    with django_assert_max_num_queries(22):
        merge(api, [tmdb_id_of(film) for film in range(n_films)], session_id=str(uuid4()))


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("tmdb_ids", "required")]),
        ({"tmdb_ids": [1, 1]}, [("tmdb_ids", "repeated")]),
        ({"tmdb_ids": [1], "per_page": 5}, [("per_page", "unknown_field")]),
        ({"tmdb_ids": [1], "session_id": "mine"}, [("session_id", "invalid")]),
    ],
)
def test_what_cannot_be_merged_is_refused(api, body, errors):
    assert complaint(api.post(MERGE, body, format="json")) == errors


def test_merging_needs_an_account(anonymous):
    assert anonymous.post(MERGE, {"tmdb_ids": [1]}, format="json").status_code == 401
