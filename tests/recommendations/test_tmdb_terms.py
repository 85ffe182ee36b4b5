"""TRAIN_ON_TMDB_CONTENT: what an operator bars who has read docs/TERMS.md and may not learn from TMDb."""

from dataclasses import replace

import numpy as np
import pytest
from django.core.checks import run_checks
from scipy.sparse import csr_matrix

from apps.movies.models import Movie, Source
from apps.recommendations.engines.contract import UNKNOWN_YEAR
from apps.recommendations.registry import ENGINES, NAMES, READ_CONTENT, build
from apps.recommendations.serving import active_model
from apps.recommendations.training import train
from tests.recommendations.synthetic import taste_world

URL = "/api/v1/recommendations/"
W001 = "marquee.W001"


@pytest.fixture
def barred(settings):
    settings.TRAIN_ON_TMDB_CONTENT = False


@pytest.fixture
def demo_only(community):
    Movie.objects.update(source=Source.DEMO)


def why_not(client):
    return {state["name"]: state["why_not"] for state in client.get(f"{URL}algorithms/").json()["data"]}


def meta(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.json()["meta"]


def without_content(dataset):
    tables = ("item_genres", "item_keywords", "item_directors", "item_cast")
    words = ("item_titles", "item_texts", "item_languages")
    return replace(
        dataset,
        item_years=np.full(dataset.n_items, UNKNOWN_YEAR),
        **{name: csr_matrix(getattr(dataset, name).shape, dtype=np.float32) for name in tables},
        **{name: [""] * dataset.n_items for name in words},
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_engine_says_so_that_scores_otherwise_without_genres_tags_and_texts(name):
    dataset, _ = taste_world()
    scores = build(name).fit(dataset).score(dataset.profiles)
    blind = build(name).fit(without_content(dataset)).score(dataset.profiles)
    assert ENGINES[name].reads_content is not np.array_equal(scores, blind)


def test_engines_that_read_what_films_are_about_are_not_usable(api, fan, model, barred):
    reasons = why_not(api)
    assert {name for name, reason in reasons.items() if reason == "tmdb_terms"} == READ_CONTENT
    assert {name for name, reason in reasons.items() if reason is None} == set(NAMES) - READ_CONTENT


@pytest.mark.parametrize("name", sorted(READ_CONTENT))
def test_another_engine_answers_for_one_that_is_barred_and_says_why(api, fan, model, barred, name):
    told = meta(api, algorithm=name)
    assert (told["requested"], told["fallback_reason"]) == (name, "tmdb_terms")
    assert told["served"] not in READ_CONTENT


def test_none_that_is_barred_is_chosen_where_none_was_asked_for(api, fan, model, barred):
    best = max(READ_CONTENT, key=lambda name: model.metrics[name]["ndcg"])
    model.metrics[best]["ndcg"] = 1.0
    model.save()
    told = meta(api)
    assert told["served"] not in READ_CONTENT
    assert told["fallback_reason"] is None


@pytest.mark.parametrize(("name", "reason"), [("similar", "tmdb_terms"), ("knn", "not_trained"), (None, "not_trained")])
def test_before_the_first_training_the_reason_is_the_one_that_stays(api, fan, barred, name, reason):
    told = meta(api, **({"algorithm": name} if name else {}))
    assert (told["served"], told["fallback_reason"]) == ("popular", reason)
    assert why_not(api)[name or "popular"] == reason


@pytest.mark.parametrize("source", [Source.DEMO, Source.MOVIELENS])
def test_without_a_film_from_tmdb_nothing_is_barred(api, fan, model, barred, source):
    Movie.objects.update(source=source)
    assert set(why_not(api).values()) == {None}
    assert meta(api, algorithm="similar")["served"] == "similar"


def test_one_film_from_tmdb_is_enough(api, fan, model, barred, demo_only):
    Movie.objects.filter(pk=Movie.objects.first().pk).update(source=Source.TMDB)
    assert why_not(api)["similar"] == "tmdb_terms"


def test_a_film_that_was_blanked_is_no_longer_from_tmdb(api, fan, model, barred, demo_only):
    film = Movie.objects.first()
    Movie.objects.filter(pk=film.pk).update(source=Source.TMDB, gone_at=film.updated_at)
    assert why_not(api)["similar"] is None


def test_unless_set_nothing_is_barred(api, fan, model):
    assert set(why_not(api).values()) == {None}


@pytest.mark.parametrize(("may_learn", "n_queries"), [(True, 1), (False, 2)])
def test_the_rule_costs_one_query_and_none_where_it_bars_nothing(
    anonymous, model, settings, django_assert_num_queries, may_learn, n_queries
):
    settings.TRAIN_ON_TMDB_CONTENT = may_learn
    why_not(anonymous)
    with django_assert_num_queries(n_queries):
        why_not(anonymous)


@pytest.fixture
def undecided(settings, monkeypatch):
    settings.TMDB_READ_TOKEN, settings.TMDB_API_KEY = "", ""
    for name in ("TRAIN_ON_TMDB_CONTENT", "TRAIN_ON_TMDB_CONTENT_FILE"):
        monkeypatch.delenv(name, raising=False)


def warnings():
    return [message for message in run_checks() if message.id == W001]


@pytest.mark.parametrize("credential", ["TMDB_READ_TOKEN", "TMDB_API_KEY"])
def test_who_has_set_up_tmdb_is_warned_to_read_the_terms(undecided, settings, credential):
    setattr(settings, credential, "a credential")
    (warning,) = warnings()
    assert "docs/TERMS.md" in warning.hint


def test_without_tmdb_there_is_nothing_to_decide(undecided):
    assert warnings() == []


@pytest.mark.parametrize("decision", ["true", "false"])
def test_a_decision_either_way_ends_the_warning(undecided, settings, monkeypatch, decision):
    settings.TMDB_READ_TOKEN = "a credential"
    monkeypatch.setenv("TRAIN_ON_TMDB_CONTENT", decision)
    assert warnings() == []


def test_a_barred_engine_is_not_trained_even_when_asked_for(fan, barred):
    report = train(names=[*READ_CONTENT, "knn"])
    assert set(active_model().engines) == set(report.version.metrics) == {"popular", "knn"}


def test_a_training_with_nothing_barred_holds_all(fan, barred, demo_only):
    train()
    assert set(active_model().engines) == set(NAMES)


def test_training_goes_on_when_what_barred_an_engine_is_gone(fan, barred, demo_only):
    Movie.objects.filter(pk=Movie.objects.first().pk).update(source=Source.TMDB)
    train()
    Movie.objects.update(source=Source.DEMO)
    assert train(if_changed=True).is_new
    assert set(active_model().engines) == set(NAMES)
