import random
import shutil
from dataclasses import replace

import pytest

from apps.movies.models import Availability, Genre, Keyword, Movie, Release
from apps.preferences.services import preference_set
from apps.recommendations import explain
from apps.recommendations.fresh import refresh
from apps.recommendations.registry import NAMES
from apps.recommendations.serving import active_model, artifact_of
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    ViewingFactory,
    WatchlistItemFactory,
)
from tests.recommendations.community import FIRST_PK, UNLIKED, tmdb_id_of
from tests.recommendations.limits import as_query, drawn_filter, drawn_market

URL = "/api/v1/recommendations/explain/"
LISTS = "/api/v1/recommendations/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def regions(settings):
    settings.TMDB_REGIONS = ["US", "DE"]


def ask(client, tmdb_id, **query):
    answer = client.get(f"{URL}{tmdb_id}/", query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def held_back(body):
    return [(each["ground"], each["detail"]) for each in body["data"]["held_back"]]


def listed(client, **query):
    return client.get(LISTS, query | {"per_page": 100}).json()


# As a list has it.


def test_it_says_of_a_film_what_the_list_says(api, fan, model):
    for query in ({}, *({"algorithm": name} for name in NAMES)):
        check_against_the_list(api, query)


def check_against_the_list(api, query):
    body = listed(api, **query)
    own = len(body["data"]) - body["meta"]["filled"]
    for rank in {1, 5, own}:
        item = body["data"][rank - 1]
        told = ask(api, item["movie"]["tmdb_id"], **query)
        reasons, own_reasons = told["data"].pop("reasons"), item.pop("reasons")
        assert told["data"] == item | {"would_show": True, "rank": rank, "of": len(body["data"]), "held_back": []}
        assert reasons[0] == own_reasons[0]  # further ones depend, with neural_cf, on the films of the page
        assert told["meta"] == {key: body["meta"][key] for key in told["meta"]}
    assert set(told["meta"]) == {"requested", "served", "fallback_reason", "model_version", "trained_at"}


def test_a_film_without_evidence_is_behind_all_others_and_it_is_said_what_is_missing(api, fan, model):
    body = listed(api, algorithm="knn")
    told = ask(api, tmdb_id_of(UNLIKED[1]), algorithm="knn")
    data = told["data"]
    assert held_back(told) == [("no_opinion", "knn")]
    assert "who likes what" in data["held_back"][0]["text"]
    assert (data["would_show"], data["score"], data["relevance"]) == (True, None, 0)
    assert data["rank"] > len(body["data"]) - body["meta"]["filled"]
    assert [reason["code"] for reason in data["reasons"]] == ["popular"]
    assert body["data"][data["rank"] - 1]["movie"]["tmdb_id"] == data["movie"]["tmdb_id"]


def test_each_kind_of_engine_misses_evidence_of_its_own(api, fan, model, community):
    bare, untouched = community[79].tmdb_id, tmdb_id_of(UNLIKED[1])  # without genre and keyword; never liked
    for film, name, says in ((bare, "similar", "in common"), (untouched, "trending", "of late")):
        (told,) = ask(api, film, algorithm=name)["data"]["held_back"]
        assert (told["ground"], told["detail"]) == ("no_opinion", name)
        assert says in told["text"]


def test_the_engine_that_stands_in_is_named(api, user, model):
    meta = ask(api, 1, algorithm="knn")["meta"]
    assert (meta["requested"], meta["fallback_reason"]) == ("knn", "no_signal")
    assert meta["served"] in {"popular", "trending"}


def test_an_engine_that_fails_is_named(api, fan, model, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    ask(api, 2)
    monkeypatch.setattr(active_model().engines["knn"], "score", fail)
    body = ask(api, 2, algorithm="knn")
    assert (body["meta"]["served"], body["meta"]["fallback_reason"]) == ("popular", "failed")
    assert body["data"]["rank"]
    assert "engine knn" in caplog.text


# What holds a film back.


@pytest.mark.parametrize(
    ("factory", "values", "detail", "including"),
    [
        (FavoriteFactory, {}, "favorite", {}),
        (RatingFactory, {"value": 9}, "rated", {}),
        (HiddenMovieFactory, {}, "hidden", {}),
        (ViewingFactory, {}, "watched", {"include_watched": "true"}),
        (WatchlistItemFactory, {}, "watchlisted", {"include_watchlisted": "true"}),
    ],
)
def test_the_shelf_that_a_film_is_on_is_named(api, fan, model, community, factory, values, detail, including):
    factory(user=fan, movie=community[20], **values)
    query = {"algorithm": "knn", "include_watchlisted": "false"}
    body = ask(api, community[20].tmdb_id, **query)
    assert held_back(body) == [("library", detail)]
    assert body["data"]["would_show"] is False
    assert body["data"]["rank"] >= 1  # where it would be
    if including:
        assert ask(api, community[20].tmdb_id, **query | including)["data"]["would_show"]


def test_every_shelf_is_named(api, fan, model, community):
    for factory in (HiddenMovieFactory, FavoriteFactory, ViewingFactory):
        factory(user=fan, movie=community[20])
    body = ask(api, community[20].tmdb_id)
    assert held_back(body) == [("library", "favorite"), ("library", "hidden"), ("library", "watched")]
    assert body["data"]["movie"]["my"]["hidden"] is True


@pytest.fixture
def film(community):
    """A film of 1994 of 142 minutes, for adults, rated R and 16, on provider 8 in the US."""
    film = community[40]
    film.release_date, film.runtime, film.vote_average, film.language, film.adult = "1994-06-15", 142, 6.5, "en", True
    film.save()
    film.genres.set(Genre.objects.filter(name__in=["Drama", "Comedy"]))
    Release.objects.filter(movie=film).delete()
    Availability.objects.filter(movie=film).delete()
    Release.objects.create(movie=film, country="US", kind=3, certification="R")
    return film


FAILING = [
    ({"genres": "28|878"}, "genres"),
    ({"genres": "18,28"}, "genres"),
    ({"without_genres": "35"}, "without_genres"),
    ({"year_gte": 2000}, "year_gte"),
    ({"year_lte": 1990}, "year_lte"),
    ({"runtime_gte": 150, "runtime_lte": 200}, "runtime_gte"),
    ({"runtime_gte": 60, "runtime_lte": 90}, "runtime_lte"),
    ({"vote_gte": 7}, "vote_gte"),
    ({"language": "fr,ja"}, "language"),
    ({"certification_lte": "PG-13"}, "certification_lte"),
    ({"certification_lte": "16", "region": "DE"}, "certification_lte"),
    ({"providers": "8|9"}, "providers"),
]


def test_a_filter_that_a_film_fails_is_named_and_no_other(api, fan, film):
    preference_set(user=fan, include_adult=True)
    passed = {"genres": "18|28", "year_gte": 1990, "year_lte": 2000, "runtime_gte": 142, "vote_gte": 6.5}
    passed |= {"language": "en", "runtime_lte": 142, "certification_lte": "R"}
    assert held_back(ask(api, film.tmdb_id, **passed)) == []
    for query, detail in FAILING:
        body = ask(api, film.tmdb_id, **passed | query)
        assert held_back(body) == [("filters", detail)], query
        assert f"`{detail}`" in body["data"]["held_back"][0]["text"]
        assert body["data"]["would_show"] is False


def test_a_film_left_out_by_its_id_is_told_so(api, fan, model):
    assert held_back(ask(api, 21, exclude_ids="21,22")) == [("filters", "exclude_ids")]


def test_every_preference_that_a_film_fails_is_named(api, fan, film):
    preference_set(
        user=fan,
        muted_genres=Genre.objects.filter(name="Comedy"),
        languages=["fr"],
        year_gte=2000,
        runtime_lte=90,
        vote_gte=7,
        certification_lte="PG-13",
        providers=[8],
    )
    details = ["muted_genres", "year_gte", "runtime_lte", "vote_gte", "languages", "include_adult"]
    expected = {("preferences", detail) for detail in (*details, "certification_lte", "providers")}
    found = held_back(ask(api, film.tmdb_id))
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("trained", [True, False])
def test_a_film_is_shown_where_nothing_holds_it_back_and_nowhere_else(api, request, fan, community, trained):
    if trained:
        request.getfixturevalue("model")
    HiddenMovieFactory(user=fan, movie=community[11])
    for seed in range(4):
        rng = random.Random(seed)
        wanted = replace([drawn_filter, drawn_market][seed % 2](rng), include_adult=True)
        query = as_query(wanted) | {"algorithm": "knn"}
        shown = {item["movie"]["tmdb_id"] for item in listed(api, **query)["data"]}
        for film in rng.sample(community, 8):
            assert ask(api, film.tmdb_id, **query)["data"]["would_show"] == (film.tmdb_id in shown)


def test_a_film_that_is_not_relevant_enough_is_told_how_relevant_it_is(api, fan, model):
    whole = listed(api, algorithm="knn")
    least = whole["data"][-1 - whole["meta"]["filled"]]
    body = ask(api, least["movie"]["tmdb_id"], algorithm="knn", min_relevance=0.9)
    assert held_back(body) == [("below_relevance", "min_relevance")]
    assert "0.9" in body["data"]["held_back"][0]["text"]
    assert not body["data"]["would_show"]


def test_a_film_past_the_end_of_a_list_is_told_its_place(api, fan, model, monkeypatch):
    monkeypatch.setattr(explain, "LENGTH", 10)
    film = listed(api, algorithm="popular")["data"][14]["movie"]["tmdb_id"]
    body = ask(api, film, algorithm="popular")
    assert held_back(body) == [("rank", "list_ends")]
    assert (body["data"]["rank"], body["data"]["would_show"]) == (15, False)


def test_a_film_that_tmdb_has_no_more_is_told_so(api, fan, model):
    Movie.objects.filter(tmdb_id=21).update(gone_at="2026-01-01T00:00:00Z")
    body = ask(api, 21, year_gte=2100)
    assert held_back(body) == [("gone", "gone")]
    assert not body["data"]["would_show"]


def test_a_film_newer_than_the_training_waits(api, fan, model):
    body = ask(api, MovieFactory().tmdb_id)
    assert held_back(body) == [("not_trained", "new")]
    data = body["data"]
    assert (data["would_show"], data["rank"], data["score"], data["reasons"]) == (False, None, None, [])


def test_a_film_that_a_fresh_layer_knows_has_its_place_with_engines_that_read_it(api, fan, model, settings, tmp_path):
    shutil.copytree(artifact_of(model), tmp_path / model.name)
    settings.ARTIFACT_ROOT = tmp_path
    late = MovieFactory(pk=FIRST_PK + 1000, genres=Genre.objects.filter(name="Drama"))
    late.keywords.set(Keyword.objects.filter(name="quiet"))
    refresh()
    by_text = ask(api, late.tmdb_id, algorithm="content_based")
    assert (held_back(by_text), by_text["data"]["would_show"]) == ([], True)
    shown = [item["movie"]["tmdb_id"] for item in listed(api, algorithm="content_based")["data"]]
    assert shown[by_text["data"]["rank"] - 1] == late.tmdb_id
    for name in NAMES:
        shown = {item["movie"]["tmdb_id"] for item in listed(api, algorithm=name)["data"]}
        assert ask(api, late.tmdb_id, algorithm=name)["data"]["would_show"] == (late.tmdb_id in shown)


def test_a_film_that_changed_since_the_training_waits(api, fan, model):
    film = Movie.objects.get(adult=True, tmdb_id=6)
    assert ("preferences", "include_adult") in held_back(ask(api, film.tmdb_id))
    Movie.objects.filter(pk=film.pk).update(adult=False)
    body = ask(api, film.tmdb_id, algorithm="popular")
    assert held_back(body) == [("not_trained", "changed")]
    assert not body["data"]["would_show"]


def test_before_the_first_training_places_are_those_of_popular_films(api, fan, community):
    body = listed(api)
    for rank in (1, 12, len(body["data"])):
        item = body["data"][rank - 1]
        told = ask(api, item["movie"]["tmdb_id"])
        assert told["data"] == item | {"would_show": True, "rank": rank, "of": len(body["data"]), "held_back": []}
    assert (told["meta"]["served"], told["meta"]["fallback_reason"]) == ("popular", "not_trained")
    assert held_back(ask(api, community[0].tmdb_id)) == [("library", "favorite")]


# Who may ask what.


def test_a_film_that_we_do_not_have_is_not_found(api, model):
    answer = api.get(f"{URL}2000000000/")
    assert (answer.status_code, answer.json()["code"]) == (404, "movie_not_found")


def test_explanations_need_an_account(anonymous):
    assert anonymous.get(f"{URL}1/").status_code == 401


def test_a_stranger_learns_nothing_of_somebodys_library(api, stranger, fan, model, community):
    HiddenMovieFactory(user=fan, movie=community[20])
    body = ask(stranger, community[20].tmdb_id, algorithm="knn")
    assert "library" not in {ground for ground, _ in held_back(body)}
    assert not any(body["data"]["movie"]["my"].values())
    assert not any(reason["refs"] for reason in body["data"]["reasons"])


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"algorithm": "oracle"}, [("algorithm", "invalid_choice")]),
        ({"diversity": "0.5"}, [("diversity", "unknown_parameter")]),
        ({"page": "1"}, [("page", "unknown_parameter")]),
        ({"region": "XX"}, [("region", "invalid_choice")]),
    ],
)
def test_what_is_not_understood_is_refused(api, query, errors):
    answer = api.get(f"{URL}1/", query)
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == errors


@pytest.mark.parametrize("n_favorites", [1, 20])
@pytest.mark.parametrize(
    ("limits", "query"), [({}, {}), ({"year_gte": 1900, "languages": ["en"], "vote_gte": 1}, {"genres": "18|28"})]
)
def test_an_explanation_costs_four_queries_besides_the_session_however_much_is_limited(
    api, user, model, community, django_assert_num_queries, n_favorites, limits, query
):
    for film in community[0 : 2 * n_favorites : 2]:
        FavoriteFactory(user=user, movie=film)
    preference_set(user=user, **limits)
    ask(api, 2)  # loads the model
    with django_assert_num_queries(1 + 4):  # the film, the caller, the limits, cards
        ask(api, 60, algorithm="knn", **query)
