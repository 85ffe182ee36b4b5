import pytest

from apps.authentication.models import User
from apps.movies.models import Genre, Movie
from apps.preferences.services import preference_set
from apps.recommendations.registry import ENGINES, NAMES
from apps.recommendations.serving import active_model
from apps.recommendations.training import train
from tests.conftest import signed_in
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)
from tests.recommendations.community import UNLIKED, tmdb_id_of

URL = "/api/v1/recommendations/"
PERSONALISED = [name for name in NAMES if ENGINES[name].personalised]
BY_LIKES_TOGETHER = ["co_favorited", "knn", "matrix_factorization"]
FACTORIES = {
    "favorites": FavoriteFactory,
    "ratings": RatingFactory,
    "hidden": HiddenMovieFactory,
    "watchlist": WatchlistItemFactory,
    "history": ViewingFactory,
}


def ask(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def ids(body):
    return [item["movie"]["tmdb_id"] for item in body["data"]]


def complaint(answer):
    assert answer.status_code == 400
    assert answer.json()["code"] == "validation_error"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def test_an_anonymous_caller_is_asked_to_sign_in(anonymous, model):
    answer = anonymous.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_stranger_gets_an_answer_of_their_own(stranger, fan, model):
    body = ask(stranger, algorithm="knn", per_page=100)
    assert not any(reason["refs"] for item in body["data"] for reason in item["reasons"])
    assert body["meta"]["filtered_out"]["library"] == 0
    assert {tmdb_id_of(film) for film in range(0, 10, 2)} <= set(ids(body))


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_answers_for_itself_and_says_where_it_has_it_from(api, fan, model, name):
    body = ask(api, algorithm=name)
    meta = body["meta"]
    assert (meta["requested"], meta["served"], meta["fallback_reason"]) == (name, name, None)
    assert meta["personalised"] == ENGINES[name].personalised
    assert meta["model_version"] == model.name
    assert meta["trained_at"] == model.trained_at.isoformat().replace("+00:00", "Z")
    assert meta["learned_from"] == model.learned_from
    assert set(meta) == {
        *("recommendation_id", "made_at"),
        *("requested", "served", "fallback_reason", "personalised", "model_version", "trained_at"),
        *("learned_from", "filtered_out", "filled", "exhausted"),
    }
    assert len(body["data"]) == 20
    assert all(item["reasons"] for item in body["data"])


def test_an_item_is_a_film_a_score_and_reasons(api, fan, model):
    item = ask(api, algorithm="knn")["data"][0]
    assert set(item) == {"movie", "score", "relevance", "reasons", "predicted_rating"}
    assert set(item["reasons"][0]) == {"code", "weight", "refs", "text"}
    assert set(item["movie"]["my"]) == {"favorite", "rating", "watchlist", "watched", "watched_at", "hidden"}
    assert not any(item["movie"]["my"].values())


@pytest.mark.parametrize("name", NAMES)
def test_the_best_come_first(api, fan, model, name):
    body = ask(api, algorithm=name, per_page=100)
    own = [item["score"] for item in body["data"]][: len(body["data"]) - body["meta"]["filled"]]
    assert len(own) > 20
    assert own == sorted(own, reverse=True)


@pytest.mark.parametrize("name", BY_LIKES_TOGETHER)
def test_who_likes_films_of_one_camp_is_shown_that_camp(api, fan, model, name):
    assert all(tmdb_id % 2 == 1 for tmdb_id in ids(ask(api, algorithm=name, per_page=15)))  # film n has id n + 1


def test_left_to_us_the_engine_that_does_best_for_the_caller_answers(api, user, model):
    def best_of(names):
        return max(names, key=lambda name: model.metrics[name]["ndcg"])

    before = ask(api)["meta"]
    FavoriteFactory(user=user, movie=Movie.objects.get(tmdb_id=1))
    after = ask(api)["meta"]
    assert (before["requested"], before["served"]) == (None, best_of(set(NAMES) - set(PERSONALISED)))
    assert (after["requested"], after["served"]) == (None, best_of(NAMES))
    assert before["fallback_reason"] is after["fallback_reason"] is None


@pytest.mark.parametrize("name", PERSONALISED)
def test_for_a_user_who_did_nothing_somebody_else_answers_and_says_so(api, model, name):
    meta = ask(api, algorithm=name)["meta"]
    assert (meta["requested"], meta["fallback_reason"]) == (name, "no_signal")
    assert meta["served"] in set(NAMES) - set(PERSONALISED)
    assert meta["personalised"] is False


def test_dislikes_alone_are_no_signal_to_go_by(api, user, model, community):
    HiddenMovieFactory(user=user, movie=community[3])
    assert ask(api, algorithm="knn")["meta"]["fallback_reason"] == "no_signal"


def test_a_genre_that_was_said_to_be_liked_is_enough_for_genre_affinity(api, user, model):
    preference_set(user=user, liked_genres=Genre.objects.filter(name="Action"))
    body = ask(api, algorithm="genre_affinity")
    assert body["meta"]["served"] == "genre_affinity"
    assert body["data"][0]["reasons"][0]["text"] == "You lean to Action"


# What the caller does shows in the very next answer.


@pytest.mark.parametrize("name", NAMES)
def test_a_new_favorite_shows_in_the_very_next_answer_and_so_does_taking_it_back(api, fan, model, name):
    before = ask(api, algorithm=name, per_page=100)
    liked = ids(before)[0]
    assert api.post("/api/v1/favorites/", {"tmdb_id": liked}).status_code == 201
    during = ask(api, algorithm=name, per_page=100)
    assert sorted(ids(during)) == sorted(set(ids(before)) - {liked})
    scores_before, scores_during = (
        {item["movie"]["tmdb_id"]: item["score"] for item in body["data"]} for body in (before, during)
    )
    learned = any(scores_before[film] != score for film, score in scores_during.items())
    assert learned == (name in PERSONALISED)
    api.delete(f"/api/v1/favorites/{liked}/")
    assert ask(api, algorithm=name, per_page=100)["data"] == before["data"]


@pytest.mark.parametrize("name", ["popular", "knn", None])
@pytest.mark.parametrize(
    ("shelf", "values", "query", "is_shown"),
    [
        ("favorites", {}, {}, False),
        ("ratings", {"value": 9.0}, {}, False),
        ("ratings", {"value": 1.0}, {"include_watched": "true"}, False),
        ("hidden", {}, {}, False),
        ("history", {}, {}, False),
        ("history", {}, {"include_watched": "true"}, True),
        ("history", {"progress": 0.5}, {}, True),
        ("watchlist", {}, {}, True),
        ("watchlist", {}, {"include_watchlisted": "false"}, False),
    ],
)
def test_what_the_caller_is_done_with_is_not_shown_again(api, fan, model, name, shelf, values, query, is_shown):
    asked = {"per_page": 100, **({"algorithm": name} if name else {}), **query}
    film = Movie.objects.get(tmdb_id=ids(ask(api, **asked))[2])
    FACTORIES[shelf](user=fan, movie=film, **values)
    body = ask(api, **asked)
    assert (film.tmdb_id in ids(body)) == is_shown
    assert body["meta"]["filtered_out"]["library"] == 5 + (not is_shown)


# Reasons.


@pytest.mark.parametrize("name", [*BY_LIKES_TOGETHER, "similar"])
def test_reasons_name_films_that_the_caller_likes(api, fan, model, community, name):
    HiddenMovieFactory(user=fan, movie=community[11])
    RatingFactory(user=fan, movie=community[13], value=2.0)
    liked = {film.tmdb_id: film.title for film in community[0:10:2]}
    body = ask(api, algorithm=name, per_page=15)
    reasons = [reason for item in body["data"] for reason in item["reasons"]]
    code = "similar_to" if name == "similar" else "liked_together"
    assert {reason["code"] for reason in reasons} == {code}
    for reason in reasons:
        (ref,) = reason["refs"]
        assert liked[ref] in reason["text"]
        assert reason["weight"] > 0
    assert all(0 < len(item["reasons"]) <= 3 for item in body["data"])


def test_genre_reasons_name_genres_that_the_caller_leans_to(api, fan, model):
    names = dict(Genre.objects.values_list("tmdb_id", "name"))
    own = set(Genre.objects.filter(movies__favorites__user=fan).values_list("tmdb_id", flat=True))
    for item in ask(api, algorithm="genre_affinity")["data"]:
        for reason in item["reasons"]:
            (ref,) = reason["refs"]
            assert ref in own & {genre["id"] for genre in item["movie"]["genres"]}
            assert reason["text"] == f"You lean to {names[ref]}"


def test_a_genre_that_is_gone_since_the_training_is_no_reason(api, fan, model):
    Genre.objects.filter(name="Drama").delete()
    reasons = [reason for item in ask(api, algorithm="genre_affinity")["data"] for reason in item["reasons"]]
    assert reasons
    assert all(reason["refs"] and reason["text"] != "You lean to " for reason in reasons)


@pytest.mark.parametrize("name", ["popular", "trending"])
def test_engines_without_a_caller_name_nothing_of_theirs(api, fan, model, name):
    reasons = [reason for item in ask(api, algorithm=name, per_page=15)["data"] for reason in item["reasons"]]
    assert {(reason["code"], tuple(reason["refs"])) for reason in reasons} == {(name, ())}


@pytest.mark.parametrize("name", [*BY_LIKES_TOGETHER, "trending"])
def test_a_page_is_filled_with_popular_films_and_says_with_how_many(api, fan, model, name):
    body = ask(api, algorithm=name, per_page=100)
    filled = body["meta"]["filled"]
    assert filled > 0
    tail = body["data"][-filled:]
    assert {reason["code"] for item in tail for reason in item["reasons"]} == {"popular"}
    fillable = [number for number in UNLIKED if number % 13 != 5]  # adult films are not shown
    assert {tmdb_id_of(number) for number in fillable} <= {item["movie"]["tmdb_id"] for item in tail}
    assert ask(api, algorithm=name, per_page=5)["meta"]["filled"] == 0


# Pages.


def test_a_page_past_the_end_is_empty_with_true_totals(api, fan, model):
    whole = ask(api, per_page=100)
    for page in (2, 1_000_000):
        body = ask(api, page=page, per_page=100)
        assert body["data"] == []
        assert body["pagination"] == {"page": page, "per_page": 100, "total": len(whole["data"]), "pages": 1}
        assert (body["meta"]["exhausted"], body["meta"]["filled"]) == (True, 0)


@pytest.mark.parametrize("trained", [True, False])
def test_exhausted_is_said_on_the_page_after_which_nothing_is_left(api, request, fan, trained):
    if trained:
        request.getfixturevalue("model")
    total = ask(api)["pagination"]["total"]
    for per_page, is_last in ((total - 1, False), (total, True), (total + 1, True)):
        meta = ask(api, per_page=per_page)["meta"]
        assert meta["exhausted"] == is_last
    half = -(-total // 2)
    assert [ask(api, page=page, per_page=half)["meta"]["exhausted"] for page in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize("trained", [True, False])
def test_every_film_is_shown_or_counted_under_the_first_ground_that_kept_it_out(api, request, fan, community, trained):
    if trained:
        request.getfixturevalue("model")
    preference_set(user=fan, include_adult=True, runtime_lte=150)
    body = ask(api, language="en,fr", per_page=100)
    library = {film.pk for film in community[0:10:2]}
    short = {film.pk for film in community if film.runtime and film.runtime <= 150}
    spoken = {film.pk for film in community if film.language in {"en", "fr"}}
    everything = {film.pk for film in community}
    assert body["meta"]["filtered_out"] == {
        "library": len(library),
        "preferences": len(everything - library - short),
        "filters": len((short & everything) - library - spoken),
        "relevance": 0,
    }
    assert body["pagination"]["total"] == len(body["data"]) == len((short & spoken) - library)


# Before the first training, and after.


@pytest.mark.parametrize("name", [*NAMES, None])
def test_before_the_first_training_popular_films_answer_from_the_tables(api, fan, community, name):
    body = ask(api, per_page=100, **({"algorithm": name} if name else {}))
    assert {key: value for key, value in body["meta"].items() if key not in {"recommendation_id", "made_at"}} == {
        "requested": name,
        "served": "popular",
        "fallback_reason": "not_trained",
        "personalised": False,
        "model_version": None,
        "trained_at": None,
        "learned_from": None,
        "filtered_out": {
            "library": 5,
            "preferences": sum(film.adult for film in community),
            "filters": 0,
            "relevance": 0,
        },
        "filled": 0,
        "exhausted": True,
    }
    shown = [film for film in community if not film.adult and film not in community[0:10:2]]
    assert ids(body) == [film.tmdb_id for film in sorted(shown, key=lambda film: -film.popularity)]
    assert {reason["text"] for item in body["data"] for reason in item["reasons"]} == {"Popular here"}


def test_an_empty_catalogue_is_an_empty_page(api):
    body = ask(api)
    assert (body["data"], body["pagination"]["total"], body["meta"]["exhausted"]) == ([], 0, True)


def test_for_an_engine_that_was_left_out_of_the_training_somebody_else_answers_and_says_so(api, fan):
    train(names=["knn"])
    body = ask(api, algorithm="matrix_factorization")
    meta = body["meta"]
    assert (meta["requested"], meta["fallback_reason"]) == ("matrix_factorization", "not_trained")
    assert meta["served"] in {"knn", "popular"}
    assert len(body["data"]) == 20


@pytest.mark.parametrize("name", NAMES)
def test_films_that_changed_or_went_since_the_training_are_not_shown_and_the_page_is_full(api, fan, model, name):
    drama = Genre.objects.get(name="Drama")
    preference_set(user=fan, muted_genres=[Genre.objects.create(tmdb_id=99, name="Musical")])
    before = ids(ask(api, algorithm=name, per_page=60))
    gone, adult, musical = before[0:5], before[5:20], before[20:35]
    Movie.objects.filter(tmdb_id__in=gone).delete()
    Movie.objects.filter(tmdb_id__in=adult).update(adult=True)
    for film in Movie.objects.filter(tmdb_id__in=musical):
        film.genres.set([drama, Genre.objects.get(name="Musical")])
    first, second = (ask(api, algorithm=name, page=page, per_page=15) for page in (1, 2))
    left = ids(ask(api, algorithm=name, per_page=100))
    assert not set(left) & {*gone, *adult, *musical}
    assert ids(first) == left[:15] == before[35:50]
    assert ids(second) == left[15:30]
    assert not first["meta"]["exhausted"]


def test_totals_are_true_where_the_last_film_has_been_reached(api, fan, model):
    everything = ids(ask(api, per_page=100))
    Movie.objects.filter(tmdb_id__in=everything[-12:]).delete()
    last = ask(api, page=2, per_page=50)
    assert len(last["data"]) == len(everything) - 12 - 50
    assert last["pagination"]["total"] == len(everything) - 12
    assert last["meta"]["exhausted"]


def test_a_film_that_came_after_the_training_waits_and_does_no_harm(api, fan, model):
    before = ask(api, algorithm="knn", per_page=100)
    late = MovieFactory(genres=Genre.objects.all(), vote_average=10, popularity=1000)
    assert ask(api, algorithm="knn", per_page=100)["data"] == before["data"]
    FavoriteFactory(user=fan, movie=late)
    RatingFactory(user=fan, movie=MovieFactory(), value=1.0)
    assert ask(api, algorithm="knn", per_page=100)["data"] == before["data"]


def test_who_likes_only_films_that_came_after_the_training_is_answered_as_a_newcomer(api, user, model):
    FavoriteFactory(user=user)
    assert ask(api, algorithm="knn")["meta"]["fallback_reason"] == "no_signal"


# What may be asked.


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"algorithm": "oracle"}, [("algorithm", "invalid_choice")]),
        ({"algorithm": ""}, [("algorithm", "invalid_choice")]),
        ({"genre": "28"}, [("genre", "unknown_parameter")]),
        ({"include_adult": "true"}, [("include_adult", "unknown_parameter")]),
        ({"ordering": "title"}, [("ordering", "unknown_parameter")]),
        ({"algorithm": ["knn", "popular"]}, [("algorithm", "repeated_parameter")]),
        ({"page": "0"}, [("page", "min_value")]),
        ({"per_page": "101"}, [("per_page", "max_value")]),
        ({"include_watched": "perhaps"}, [("include_watched", "invalid")]),
        ({"year_gte": "2000", "year_lte": "1990"}, [("year_gte", "empty_range")]),
        ({"region": "XX"}, [("region", "invalid_choice")]),
        ({"certification_lte": "12"}, [("certification_lte", "unknown_certification")]),
        ({"providers": "8,337"}, [("providers", "commas")]),
        ({"watch_region": "US"}, [("watch_region", "unknown_parameter")]),
    ],
)
def test_what_is_not_understood_is_refused(api, model, query, errors):
    assert complaint(api.get(URL, query)) == errors


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_recommendations_can_only_be_read(api, method):
    assert getattr(api, method)(URL).status_code == 405


def test_the_answer_is_nobody_elses(api, fan, model):
    assert "private" in api.get(URL)["Cache-Control"]
    assert "no-store" in api.get(URL)["Cache-Control"]


@pytest.mark.parametrize("per_page", [5, 50])
@pytest.mark.parametrize("n_favorites", [1, 20])
@pytest.mark.parametrize("name", ["popular", "genre_affinity", "knn"])
def test_an_answer_costs_two_queries_besides_the_session_whatever_its_size(
    model, community, django_assert_num_queries, name, n_favorites, per_page
):
    viewer = UserFactory()
    for film in community[0 : 2 * n_favorites : 2]:
        FavoriteFactory(user=viewer, movie=film)
    client = signed_in(viewer)
    ask(client)  # loads the model
    with django_assert_num_queries(1 + 2):
        assert len(ask(client, algorithm=name, per_page=per_page)["data"]) == per_page


@pytest.mark.parametrize("per_page", [5, 10])
@pytest.mark.parametrize(
    ("limits", "query", "more"),
    [
        ({"certification_lte": "NC-17"}, {}, 1),
        ({"providers": [8, 337]}, {}, 1),
        ({"certification_lte": "NC-17", "providers": [8, 9, 337]}, {}, 1),
        ({}, {"certification_lte": "NC-17", "providers": "8|337"}, 1),
        ({"providers": [8, 9, 337]}, {"certification_lte": "NC-17"}, 2),
    ],
)
def test_limits_on_ratings_and_offers_cost_a_query_where_they_are_told_and_one_where_they_are_asked(
    api, fan, model, django_assert_num_queries, limits, query, more, per_page
):
    preference_set(user=fan, **limits)
    ask(api)  # loads the model
    with django_assert_num_queries(1 + 2 + more):
        assert len(ask(api, algorithm="knn", per_page=per_page, **query)["data"]) == per_page


@pytest.mark.parametrize("limits", [{}, {"certification_lte": "NC-17", "providers": [8, 9, 337]}])
@pytest.mark.parametrize("per_page", [5, 50])
def test_an_answer_from_the_tables_costs_seven_queries_besides_the_session(
    api, fan, django_assert_num_queries, limits, per_page
):
    preference_set(user=fan, **limits)
    with django_assert_num_queries(1 + 7):
        assert ask(api, per_page=per_page)["data"]


def fail(*args, **kwargs):
    raise ZeroDivisionError


def test_an_engine_that_fails_is_named_as_the_reason_of_the_fallback(api, fan, model, monkeypatch, caplog):
    monkeypatch.setattr(active_model().engines["knn"], "score", fail)
    body = ask(api, algorithm="knn")
    assert (body["meta"]["requested"], body["meta"]["served"]) == ("knn", "popular")
    assert body["meta"]["fallback_reason"] == "failed"
    assert len(body["data"]) == 20
    assert "engine knn" in caplog.text


def test_an_engine_that_cannot_say_why_still_says_what(api, fan, model, monkeypatch, caplog):
    before = ids(ask(api, algorithm="knn"))
    monkeypatch.setattr(active_model().engines["knn"], "reasons", fail)
    body = ask(api, algorithm="knn")
    assert (body["meta"]["served"], ids(body)) == ("knn", before)
    assert all(item["reasons"] == [] for item in body["data"])
    assert "engine knn" in caplog.text


def test_predicted_ratings_come_with_the_callers_first_rating(api, fan, community):
    for number, viewer in enumerate(User.objects.filter(kind=User.Kind.SIMULATED)):
        for film in community[number % 2 : 40 : 2]:
            RatingFactory(user=viewer, movie=film, value=8 + number % 3)
    train(names=["matrix_factorization"])
    assert {item["predicted_rating"] for item in ask(api, algorithm="popular")["data"]} == {None}
    RatingFactory(user=fan, movie=community[30], value=9)
    assert all(5 < item["predicted_rating"] <= 10 for item in ask(api, algorithm="popular")["data"])
