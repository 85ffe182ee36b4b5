from datetime import UTC, datetime, timedelta
from math import log2

import pytest
from django.utils import timezone

from apps.movies.models import Movie
from apps.recommendations.analytics.figures import analytics
from apps.recommendations.analytics.rates import ListSums, rate_of
from apps.recommendations.models import RecommendationList
from tests.conftest import signed_in
from tests.factories import MovieFactory, UserFactory
from tests.recommendations.shown import show

URL = "/api/v1/recommendations/analytics/"


@pytest.fixture
def staff(db):
    return signed_in(UserFactory(is_staff=True))


@pytest.fixture
def films(db):
    return MovieFactory.create_batch(8)


def ask(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def rows(client, **query):
    return {row["key"]: row for row in ask(client, **query)["data"]["rows"]}


def test_every_figure_is_what_one_counts_by_hand(staff, films):
    show(films[:4], opened=[0, 1], liked=[1], latency_ms=10)
    show(films, shown=2, watched=[0], dismissed=[1], latency_ms=20, fallback_reason="no_signal")
    show(films, shown=0, latency_ms=40, fallback_reason="failed")
    show(films[4:6], algorithm="popular", opened=[0], latency_ms=3)
    row = rows(staff)["knn"]
    counts = {name: row[name] for name in ("lists", "impressions", "opened", "liked", "watched", "dismissed")}
    assert counts == {"lists": 3, "impressions": 6, "opened": 2, "liked": 1, "watched": 1, "dismissed": 1}
    click_rate = rate_of(ListSums(lists=2, shown=6, shown_squared=20, done=2, done_squared=4, shown_by_done=8))
    assert row["click_rate"] == {"value": 2 / 6, "low": click_rate.low, "high": click_rate.high}
    assert row["like_rate"]["value"] == 1 / 6
    assert row["coverage"] == 4 / 8
    # Three lists showed anything: two of them each of the first two films, one of them each of the next two.
    assert row["novelty"] == pytest.approx((4 * log2(3 / 2) + 2 * log2(3)) / 6)
    assert row["latency_ms"] == pytest.approx({"p50": 20, "p95": 38})
    assert row["fallback_rate"] == 2 / 3
    assert row["fallbacks"] == {"no_signal": 1, "failed": 1}


def test_what_is_shown_most_comes_first(staff, films):
    show(films[:1], algorithm="hybrid")
    show(films[:5], algorithm="popular")
    assert [row["key"] for row in ask(staff)["data"]["rows"]] == ["popular", "hybrid"]


def test_lists_are_told_apart_by_what_is_asked(staff, films):
    show(films[:3], algorithm="knn", scenario="session", model_version="v2")
    show(films[:2], algorithm="popular", scenario="session", model_version="")
    for by, impressions in [
        ("algorithm", {"knn": 3, "popular": 2}),
        ("scenario", {"session": 5}),
        ("model", {"v2": 3, "": 2}),
    ]:
        assert {key: row["impressions"] for key, row in rows(staff, by=by).items()} == impressions


@pytest.mark.parametrize(
    ("limits", "impressions"),
    [
        ({"algorithm": "knn"}, {"knn": 5}),
        ({"scenario": "similar"}, {"knn": 2, "popular": 1}),
        ({"model": "v1"}, {"knn": 5}),
        ({"model": ""}, {"popular": 1}),
        ({"algorithm": "knn", "scenario": "similar"}, {"knn": 2}),
        ({"model": "no such"}, {}),
    ],
)
def test_a_limit_leaves_out_all_other_lists_and_what_was_done_with_them(staff, films, limits, impressions):
    show(films[:3], opened=[0])
    show(films[:2], opened=[0], scenario="similar")
    show(films[:1], opened=[0], scenario="similar", algorithm="popular", model_version="")
    answer = ask(staff, **limits)["data"]
    assert {row["key"]: row["impressions"] for row in answer["rows"]} == impressions
    assert sum(day["impressions"] for day in answer["days"]) == sum(impressions.values())
    assert sum(day["opened"] for day in answer["days"]) == sum(row["opened"] for row in answer["rows"])


def test_every_day_is_told_with_what_came_of_its_lists(staff, films):
    show(films[:3], days_ago=2, opened=[0, 1], liked=[1])  # though it was opened today
    show(films[:4], days_ago=3)
    show(films[:4], days_ago=4, opened=[0])
    answer = ask(staff, days=4)
    today = timezone.now().astimezone(UTC).date()
    assert answer["data"]["days"] == [
        {"date": str(today - timedelta(3)), "impressions": 4, "opened": 0, "liked": 0},
        {"date": str(today - timedelta(2)), "impressions": 3, "opened": 2, "liked": 1},
        {"date": str(today - timedelta(1)), "impressions": 0, "opened": 0, "liked": 0},
        {"date": str(today), "impressions": 0, "opened": 0, "liked": 0},
    ]
    assert rows(staff, days=4)["knn"]["opened"] == 2


def test_the_first_day_begins_at_its_midnight(staff, films):
    made = show(films[:3])
    midnight = datetime.combine(timezone.now().date(), datetime.min.time(), UTC)
    for moment, impressions in [(midnight, 3), (midnight - timedelta(microseconds=1), 0)]:
        RecommendationList.objects.filter(pk=made.pk).update(created_at=moment)
        answer = ask(staff, days=1)
        assert answer["data"]["days"][0]["impressions"] == impressions
    assert answer["meta"]["from"] == f"{midnight:%Y-%m-%dT%H:%M:%SZ}"


def test_without_lists_every_day_is_there_and_empty(staff, films):
    answer = ask(staff)
    assert answer["data"]["rows"] == []
    assert [day["impressions"] for day in answer["data"]["days"]] == [0] * 30
    assert (answer["meta"]["days"], answer["meta"]["films"]) == (30, 8)


def test_where_nothing_was_shown_there_are_no_rates(staff, films):
    show(films, shown=0)
    row = rows(staff)["knn"]
    assert (row["click_rate"], row["like_rate"], row["novelty"], row["coverage"]) == (None, None, None, 0)


def test_films_that_are_gone_are_in_no_share(staff, films):
    show(films[:4], opened=[3])
    Movie.objects.filter(pk=films[0].pk).update(gone_at=timezone.now())
    Movie.objects.filter(pk=films[1].pk).delete()
    row = rows(staff)["knn"]
    assert (row["impressions"], row["coverage"], row["novelty"]) == (4, 2 / 6, 0)


def test_an_empty_catalogue_is_no_trouble(staff, films):
    show(films[:4])
    Movie.objects.all().delete()
    row = rows(staff)["knn"]
    assert (row["coverage"], row["novelty"]) == (0, None)


@pytest.mark.parametrize("shown", [0, 1, 2, 7, 8, 50])
def test_of_a_long_list_only_what_was_shown_counts(staff, films, shown):
    made = show(films, shown=shown)
    huge_ids = list(range(2**62, 2**62 + 1000))
    made.movies = [*made.movies[:2], *huge_ids, *made.movies[2:]]
    made.save()
    assert rows(staff)["knn"]["coverage"] == min(shown, 2) / 8


def test_all_lists_that_show_the_same_have_no_novelty(staff, films):
    for algorithm in ("knn", "popular", "popular"):
        show(films[:3], algorithm=algorithm)
    assert [row["novelty"] for row in rows(staff).values()] == [0, 0]


def test_anonymous_callers_are_401_and_users_403(anonymous, api):
    assert anonymous.get(URL).status_code == 401
    assert api.get(URL).status_code == 403


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"week": 1}, "unknown_parameter"),
        ({"days": 0}, "min_value"),
        ({"days": 91}, "max_value"),
        ({"by": "user"}, "invalid_choice"),
        ({"algorithm": "nosuch"}, "invalid_choice"),
        ({"scenario": "nosuch"}, "invalid_choice"),
    ],
)
def test_what_is_not_known_is_400(staff, query, code):
    answer = staff.get(URL, query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


@pytest.mark.parametrize("n_lists", [1, 30])
def test_the_analytics_cost_four_queries(films, django_assert_num_queries, n_lists):
    for number in range(n_lists):
        show(films[: 1 + number % 8], algorithm=f"engine {number % 5}", days_ago=number, opened=[0], watched=[0])
    with django_assert_num_queries(4):
        found = analytics(days=90, by="algorithm", only={"scenario": "for_you"})
    assert sum(row.lists for row in found.rows) == n_lists
