from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError

from apps.operations.jobs import forget_usage
from apps.operations.models import ApiUsage
from apps.operations.querysets import ApiUsageQuerySet
from apps.operations.usage import UsageCounter, client_of, counter

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_counted():
    counter.forget()
    yield
    counter.forget()


def rows(*names):
    return list(ApiUsage.objects.order_by("hour", "route", "status").values_list(*names))


def test_requests_are_kept_by_hour_route_status_and_client(client, api, db):
    with time_machine.travel(NOON + timedelta(minutes=59), tick=False):
        client.get("/api/v1/meta/", headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"})
        client.get("/api/v1/meta/", headers={"User-Agent": "Mozilla/5.0 (Macintosh) Safari/605"})
        client.get("/api/v1/movies/603/", headers={"User-Agent": "curl/8.5.0"})
    with time_machine.travel(NOON + timedelta(minutes=60), tick=False):
        client.get("/api/v1/meta/", headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"})
    counter.flush()
    assert rows("hour", "route", "method", "status", "client", "is_signed_in", "requests") == [
        (NOON, "/api/v1/meta/", "GET", 200, "browser", False, 2),
        (NOON, "/api/v1/movies/{tmdb_id}/", "GET", 404, "program", False, 1),
        (NOON + timedelta(hours=1), "/api/v1/meta/", "GET", 200, "browser", False, 1),
    ]


def test_who_is_signed_in_is_told_apart_but_not_named(api, db):
    api.get("/api/v1/favorites/")
    counter.flush()
    assert rows("route", "is_signed_in") == [("/api/v1/favorites/", True)]
    assert not [field.name for field in ApiUsage._meta.get_fields() if field.is_relation]


def test_what_several_processes_count_is_added_up(client, db):
    for _ in range(3):
        client.get("/api/v1/meta/")
        counter.flush()
    ((requests, seconds),) = rows("requests", "seconds")
    assert requests == 3
    assert seconds > 0


def test_probes_are_no_use_of_the_api(client, db):
    client.get("/health/live/")
    client.get("/health/ready/")
    counter.flush()
    assert rows("route") == []


def test_what_the_database_does_not_take_is_added_to_what_comes_next(client, db, monkeypatch):
    def away(*_):
        raise DatabaseError("away")

    client.get("/api/v1/meta/")
    with monkeypatch.context() as outage:
        outage.setattr(ApiUsageQuerySet, "add", away)
        counter.flush()
    client.get("/api/v1/meta/")
    counter.flush()
    assert rows("requests") == [(2,)]


def test_a_process_writes_by_itself(client, settings, transactional_db, monkeypatch):
    monkeypatch.setattr("apps.operations.usage.EVERY", 0.05)
    own = UsageCounter()
    monkeypatch.setattr("apps.operations.usage.counter", own)
    settings.JOBS_EAGER = False
    client.get("/api/v1/meta/")
    for _ in range(100):
        if rows("requests"):
            break
        with time_machine.travel(NOON):
            own._thread.join(0.05)
    assert rows("requests") == [(1,)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "browser"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("Marquee/3 CFNetwork/1410.0.3 Darwin/22.6.0", "app"),
        ("okhttp/4.12.0", "app"),
        ("python-requests/2.32.3", "program"),
        ("curl/8.5.0", "program"),
        ("axios/1.7", "program"),
        ("node", "program"),
        ("", "unknown"),
        ("a person's name", "unknown"),
    ],
)
def test_a_client_is_of_a_kind(name, kind):
    assert client_of(name) == kind


def test_usage_goes_after_ninety_days(db):
    for days in (89, 91):
        with time_machine.travel(NOON - timedelta(days=days)):
            hour = datetime.now(UTC)
        common = {"route": "/", "method": "GET", "status": 200, "client": "app", "is_signed_in": False}
        ApiUsage.objects.create(hour=hour, requests=days, seconds=1, **common)
    with time_machine.travel(NOON):
        forget_usage()
    assert rows("requests") == [(89,)]
