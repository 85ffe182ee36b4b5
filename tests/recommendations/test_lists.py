from datetime import timedelta

import pytest
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.models import Favorite
from apps.movies.models import Genre, Movie
from apps.preferences.services import preference_set
from apps.recommendations import lists
from apps.recommendations.models import Feedback, ModelVersion, RecommendationList
from tests.conftest import signed_in
from tests.factories import (
    PASSWORD,
    FavoriteFactory,
    HiddenMovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)

URL = "/api/v1/recommendations/"


def page(client, number=1, *, of=None, per_page=10, **query):
    asked = {"recommendation_id": of} if of else {}
    answer = client.get(URL, {**asked, **query, "page": number, "per_page": per_page})
    assert answer.status_code == 200, answer.json()
    return answer.json()


def ids(body):
    return [item["movie"]["tmdb_id"] for item in body["data"]]


def lose_the_cache(settings):
    settings.CACHE_PREFIX += ":later"
    lists.forget_all()


def list_id(body):
    return body["meta"]["recommendation_id"]


# Pages of one list.


def test_a_list_goes_on_where_it_was_whatever_the_caller_does_meanwhile(api, fan, model):
    first = page(api)
    whole = ids(page(api, per_page=100, exclude_ids="99999"))  # a list of its own, in the same order
    for tmdb_id in ids(first)[:3]:
        api.put(f"/api/v1/favorites/{tmdb_id}/")
    api.put(f"/api/v1/hidden/{whole[12]}/")
    second = page(api, 2, of=list_id(first))
    third = page(api, 3, of=list_id(first))
    left = [film for film in whole if film != whole[12]]
    assert ids(second) == left[10:20]
    assert ids(third) == left[20:30]
    assert list_id(page(api)) != list_id(first)


def test_a_new_limit_holds_on_the_next_page_of_an_old_list(api, fan, model):
    first = page(api, per_page=5)
    preference_set(user=fan, languages=["fr"])
    rest = [item for number in (2, 3) for item in page(api, number, of=list_id(first), per_page=5)["data"]]
    assert rest
    assert {item["movie"]["language"] for item in rest} == {"fr"}


def test_a_list_outlives_its_model(api, fan, model):
    first = page(api)
    whole = ids(page(api, per_page=100))
    ModelVersion.objects.update(status="retired")
    second = page(api, 2, of=list_id(first))
    assert ids(second) == whole[10:20]
    assert second["meta"]["model_version"] == model.name


def test_filters_do_not_go_with_a_list_that_is_made(api, fan, model):
    answer = api.get(URL, {"recommendation_id": list_id(page(api)), "genres": "28", "algorithm": "knn"})
    assert answer.status_code == 400
    assert {(error["field"], error["code"]) for error in answer.json()["errors"]} == {
        ("genres", "list_is_made"),
        ("algorithm", "list_is_made"),
    }


def test_a_list_that_the_cache_has_lost_is_read_from_its_row(api, fan, model, settings):
    first = page(api)
    lists.lists_flush()
    lose_the_cache(settings)
    second = page(api, 2, of=list_id(first))
    assert not set(ids(first)) & set(ids(second))
    assert list_id(second) == list_id(first)


# What makes a new one.


def last_film():
    return Movie.objects.order_by("pk").last()


WRITES = {
    "favorite": lambda user: FavoriteFactory(user=user, movie=last_film()),
    "rating": lambda user: RatingFactory(user=user, movie=last_film(), value=9),
    "watchlist": lambda user: WatchlistItemFactory(user=user, movie=last_film()),
    "viewing": lambda user: ViewingFactory(user=user, movie=last_film(), progress=0.3),
    "hidden": lambda user: HiddenMovieFactory(user=user, movie=last_film()),
    "removal": lambda user: user.favorites.first().delete(),
    "liked genre": lambda user: preference_set(user=user, liked_genres=Genre.objects.filter(tmdb_id=28)),
    "muted genre": lambda user: preference_set(user=user, muted_genres=Genre.objects.filter(tmdb_id=35)),
    "limit": lambda user: preference_set(user=user, year_gte=1900),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_list_answers_until_the_caller_does_anything(api, fan, model, kind):
    before = page(api)
    assert list_id(page(api)) == list_id(page(api, 2)) == list_id(before)
    WRITES[kind](fan)
    assert list_id(page(api)) != list_id(before)


def test_another_question_is_another_list(api, fan, model):
    asked = [
        {},
        {"algorithm": "knn"},
        {"genres": "28"},
        {"exclude_ids": "1"},
        {"diversity": "0.5"},
        {"engine": "basic"},
    ]
    assert len({list_id(page(api, **query)) for query in asked}) == len(asked)


def test_a_list_answers_for_two_hours(api, fan, model, settings):
    settings.CACHE_TTL = settings.CACHE_TTL | {"recommendations": 0}
    assert list_id(page(api)) != list_id(page(api))


# What may be wished for.


def test_films_that_are_excluded_by_id_are_left_out_and_counted(api, fan, model):
    whole = page(api, per_page=100)
    out = ids(whole)[:3]
    rest = page(api, per_page=100, exclude_ids=",".join(map(str, out)))
    assert ids(rest) == ids(whole)[3:]
    assert rest["meta"]["filtered_out"]["filters"] == 3


@pytest.mark.parametrize("tier", ["basic", "advanced"])
def test_a_tier_answers_by_the_best_of_its_engines(api, fan, model, tier):
    meta = page(api, engine=tier)["meta"]
    engines = {row["name"]: row for row in api.get(f"{URL}algorithms/").json()["data"]}
    of_tier = [row for row in engines.values() if row["tier"] == tier and row["usable"]]
    assert engines[meta["served"]]["tier"] == tier
    assert meta["served"] in {row["name"] for row in of_tier}
    assert meta["fallback_reason"] is None


def test_a_tier_that_cannot_answer_a_newcomer_is_stood_in_for_by_name(stranger, fan, model):
    meta = page(stranger, engine="advanced")["meta"]
    assert (meta["served"], meta["fallback_reason"]) == ("popular", "no_signal")


def test_an_algorithm_of_another_tier_is_refused(api, model):
    answer = api.get(URL, {"algorithm": "knn", "engine": "basic"})
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("engine", "another_tier")]


def test_what_is_not_relevant_enough_is_left_out_and_counted(api, fan, model):
    whole = page(api, per_page=100, algorithm="knn")
    half = page(api, per_page=100, algorithm="knn", min_relevance=0.5)
    assert ids(half) == [item["movie"]["tmdb_id"] for item in whole["data"] if item["relevance"] >= 0.5]
    assert 0 < len(half["data"]) < len(whole["data"])
    assert half["meta"]["filtered_out"]["relevance"] == len(whole["data"]) - len(half["data"])
    assert half["meta"]["exhausted"]


@pytest.mark.parametrize("name", ["knn", "popular", "genre_affinity"])
def test_diversity_puts_the_same_films_in_another_order_behind_the_same_first(api, fan, model, name):
    plain, spread = (page(api, per_page=100, algorithm=name, diversity=share) for share in (0, 0.9))
    assert sorted(ids(plain)) == sorted(ids(spread))
    assert ids(plain)[0] == ids(spread)[0]
    assert ids(plain) != ids(spread)


# Rows.


def test_what_was_shown_is_written_and_pages_add_to_it(api, user, fan, model):
    first = page(api)
    page(api, 2, of=list_id(first))
    lists.lists_flush()
    row = RecommendationList.objects.get()
    assert (row.shown, row.user, row.scenario, row.algorithm) == (20, user, "for_you", first["meta"]["served"])
    tmdb_ids = dict(Movie.objects.values_list("pk", "tmdb_id"))
    assert [tmdb_ids[pk] for pk in row.movies[:10]] == ids(first)
    assert row.latency_ms > 0


def test_erasing_an_account_leaves_no_list_written_or_not_and_harms_no_other(api, user, fan, model, stranger):
    theirs = page(stranger)
    mine = page(api)
    lists.lists_flush()
    page(api, genres="28")
    api.post(f"{URL}feedback/", {"recommendation_id": list_id(mine), "tmdb_id": ids(mine)[0], "kind": "opened"})
    assert api.delete("/api/v1/auth/me/", {"password": PASSWORD}).status_code == 204
    lists.lists_flush()
    assert not RecommendationList.objects.filter(user_id=user.pk).exists()
    assert not Feedback.objects.exists()
    assert ids(page(stranger, 2, of=list_id(theirs)))


def test_a_list_that_another_process_still_has_to_write_is_dropped_with_its_account(fan, model):
    waiting = RecommendationList(user_id=fan.pk, scenario="for_you", algorithm="knn")
    other = RecommendationList(user=UserFactory(), scenario="for_you", algorithm="knn")
    Favorite.objects.filter(user=fan).delete()
    User.objects.filter(pk=fan.pk).delete()
    lists.lists_write([waiting, other])
    assert RecommendationList.objects.get().pk == other.pk


def test_old_lists_are_trimmed_to_what_was_shown_and_then_forgotten(api, fan, model, settings):
    first = page(api)
    lists.lists_flush()
    now = timezone.now()
    assert lists.lists_trim(now) == 0
    assert len(RecommendationList.objects.get().scores) > 10
    lists.lists_trim(now + timedelta(days=2))
    row = RecommendationList.objects.get()
    assert (len(row.movies), row.scores, row.shown) == (10, [], 10)
    lose_the_cache(settings)
    assert api.get(URL, {"recommendation_id": list_id(first), "page": 2}).status_code == 404
    assert lists.lists_trim(now + timedelta(days=91)) == 1
    assert not RecommendationList.objects.exists()


def test_nothing_of_one_user_is_in_the_answer_to_another(api, user, fan, model):
    mine = page(api)
    other = signed_in(UserFactory())
    theirs = page(other)
    assert list_id(mine) != list_id(theirs)
    assert not any(reason["refs"] for item in theirs["data"] for reason in item["reasons"])
