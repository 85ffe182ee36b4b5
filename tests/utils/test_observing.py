import logging

import pytest
from prometheus_client import REGISTRY

from tests.factories import FavoriteFactory, MovieFactory
from utils import observing


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def seen(monkeypatch):
    """What an observer is told."""
    told = []
    monkeypatch.setattr(observing, "_observers", [told.append])
    return told


def asked(route, method, status):
    return value("marquee_requests_total", route=route, method=method, status=str(status))


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/api/v1/meta/", "/api/v1/meta/", 200),
        ("/api/v1/movies/603/", "/api/v1/movies/{tmdb_id}/", 404),
        ("/api/v1/favorites/", "/api/v1/favorites/", 401),
        ("/nothing/here/", "none", 404),
        ("/static/none.css", "/static/", 404),
        ("/health/live/", "/health/live/", 200),
    ],
)
def test_a_request_is_counted_by_the_route_that_answered_it(client, db, path, route, status):
    before = asked(route, "GET", status), value("marquee_request_seconds_count", route=route)
    assert client.get(path).status_code == status
    assert (asked(route, "GET", status), value("marquee_request_seconds_count", route=route)) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_a_method_that_nobody_knows_is_one_of_the_others(client, seen):
    for method in ("FOO", "BAR"):
        client.generic(method, "/api/v1/meta/")
    assert {observed.method for observed in seen} == {"OTHER"}


def test_a_failure_is_counted_as_what_the_caller_got(settings, client, seen):
    settings.ROOT_URLCONF = "tests.utils.failing_urls"
    client.raise_request_exception = False
    statuses = {path: client.get(path).status_code for path in ("/fail/unknown/", "/fail/operational/", "/nowhere/")}
    assert list(statuses.values()) == [500, 503, 404]
    assert [observed.status for observed in seen] == list(statuses.values())


@pytest.mark.parametrize("n_films", [1, 15])
def test_statements_are_counted_by_route(api, user, n_films, django_assert_num_queries):
    FavoriteFactory.create_batch(n_films, user=user)
    api.get("/api/v1/favorites/")
    before = value("marquee_sql_queries_total", route="/api/v1/favorites/")
    seconds = value("marquee_sql_seconds_total", route="/api/v1/favorites/")
    with django_assert_num_queries(5) as queries:
        api.get("/api/v1/favorites/")
    assert value("marquee_sql_queries_total", route="/api/v1/favorites/") == before + len(queries)
    assert value("marquee_sql_seconds_total", route="/api/v1/favorites/") > seconds


def test_whose_request_it_was_is_told_without_a_query(api, user, seen):
    api.get("/api/v1/favorites/")
    assert [(observed.user_id, observed.status) for observed in seen] == [(user.pk, 200)]


def test_nobody_is_looked_up_who_was_not_asked_for(client, db, seen, django_assert_num_queries):
    client.cookies["sessionid"] = "a" * 32
    with django_assert_num_queries(0):
        client.get("/api/v1/meta/")
    assert seen[0].user_id is None


def test_a_line_tells_of_a_request_and_of_no_person(api, user, caplog):
    caplog.set_level(logging.INFO, "marquee.requests")
    MovieFactory(tmdb_id=603)
    api.get("/api/v1/movies/search/?query=my-secret-wish", headers={"X-Forwarded-For": "203.0.113.9"})
    (record,) = [record for record in caplog.records if record.name == "marquee.requests"]
    assert (record.route, record.method, record.status) == ("/api/v1/movies/search/", "GET", 200)
    assert record.user_id == user.pk
    assert record.queries > 0
    assert not any(word in str(record.__dict__) for word in ("my-secret-wish", "203.0.113.9", user.email))


def test_probes_are_counted_but_not_told(client, caplog):
    caplog.set_level(logging.INFO, "marquee.requests")
    client.get("/health/live/")
    assert not caplog.records
