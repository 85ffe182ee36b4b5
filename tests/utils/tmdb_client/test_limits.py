import socket
import time
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings
from prometheus_client import REGISTRY

from tests.fake_tmdb import FakeTMDb
from tests.utils.tmdb_client.asking import OVERRUN, client_of, error_of, many, outcome_of
from utils.tmdb_client import (
    TMDbError,
    TMDbGone,
    TMDbRefused,
    TMDbUnauthorised,
    TMDbUnavailable,
)
from utils.tmdb_client.limits import RateLimit


def test_no_second_sees_more_requests_than_the_rate(server):
    client = client_of(server, rate=20, deadline=10.0)
    many(60, 8, client.genres)
    assert server.calls() == 60
    assert server.busiest_second() <= 20 + 8  # the eight on their way may be held up together


def test_a_repeated_request_takes_a_slot_of_its_own(server):
    server.fault("server_error")
    client = client_of(server, rate=3, attempts=4, deadline=0.9)
    assert isinstance(error_of(client.genres), TMDbUnavailable)
    assert server.calls() == 3


def test_a_call_that_gets_no_slot_in_time_is_unavailable_and_no_failure_of_theirs(server):
    client = client_of(server, rate=1, deadline=0.1)
    client.genres()
    for _ in range(6):
        error, seconds = outcome_of(client.genres)
        assert error.retry_after == 1.0
        assert seconds < 0.1 + OVERRUN
    assert server.calls() == 1
    time.sleep(1.0)
    assert client.genres()  # the breaker, which opens after five failures, counted none of those


def test_a_job_leaves_slots_to_people(server):
    limit = RateLimit(8, with_redis=False)
    job = client_of(server, limit=limit, reserve=0.25, deadline=0.2)
    person = client_of(server, limit=limit, deadline=0.2)
    sent = [error_of(job.genres) for _ in range(7)]
    assert [isinstance(result, TMDbError) for result in sent] == [False] * 6 + [True]
    assert all(not isinstance(error_of(person.genres), TMDbError) for _ in range(2))


@contextmanager
def mute_redis():
    """Something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def redis_at(settings, port):
    url = f"redis://127.0.0.1:{port}/0"
    settings.REDIS_URL = url
    options = {"SOCKET_CONNECT_TIMEOUT": 0.25, "SOCKET_TIMEOUT": 0.25}
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url, "OPTIONS": options}}


def test_a_mute_redis_costs_two_short_waits_and_leaves_a_quarter_of_the_rate(settings):
    with mute_redis() as port:
        redis_at(settings, port)
        limit = RateLimit(20, with_redis=True)
        started = time.monotonic()
        for _ in range(5):
            limit.take(deadline=started + 1)
        assert time.monotonic() - started < 0.8
        with pytest.raises(TMDbUnavailable):
            limit.take(deadline=time.monotonic() + 0.1)


@pytest.mark.skipif(not django_settings.REDIS_URL, reason="needs the Redis of REDIS_URL")
def test_the_rate_is_shared_through_redis():
    one, other = (RateLimit(7, with_redis=True) for _ in range(2))
    time.sleep(1.1)  # what an earlier run left in the window
    for limit in (one, other, one, other, one, other, one):
        limit.take(deadline=time.monotonic())
    with pytest.raises(TMDbUnavailable):
        other.take(deadline=time.monotonic() + 0.1)


def test_the_breaker_opens_refuses_fast_and_recovers_by_itself(server):
    client = client_of(server, attempts=1, reset_timeout=0.5)
    server.fault("server_error")
    for _ in range(5):
        error_of(client.genres)
    assert REGISTRY.get_sample_value("marquee_tmdb_breaker_open") == 1
    error, seconds = outcome_of(client.genres)
    assert 0 < error.retry_after <= 0.5
    assert seconds < 0.05
    assert server.calls() == 5
    server.heal()
    time.sleep(0.5)
    assert client.genres()
    assert client.genres()
    assert REGISTRY.get_sample_value("marquee_tmdb_breaker_open") == 0


def test_one_request_finds_out_whether_tmdb_is_back(server):
    client = client_of(server, attempts=1, reset_timeout=0.3)
    server.fault("server_error")
    for _ in range(5):
        error_of(client.genres)
    server.heal()
    server.fault("latency", seconds=0.3)
    time.sleep(0.35)
    results = many(6, 6, lambda: error_of(client.genres))
    assert server.calls() == 6
    assert sum(isinstance(result, TMDbUnavailable) for result in results) == 5


def test_a_probe_that_fails_closes_nothing(server):
    client = client_of(server, attempts=1, reset_timeout=0.2)
    server.fault("server_error")
    for _ in range(5):
        error_of(client.genres)
    time.sleep(0.25)
    error_of(client.genres)
    error_of(client.genres)
    assert server.calls() == 6


def test_answers_do_not_open_the_breaker(server):
    client = client_of(server, attempts=1)
    server.answer("/movie/popular", 422, {"success": False, "status_code": 5})
    for _ in range(6):
        assert isinstance(error_of(lambda: client.details(10**6)), TMDbGone)
        assert isinstance(error_of(lambda: client.listing("popular")), TMDbRefused)
    assert client.genres()


def test_a_wrong_credential_opens_the_breaker():
    with FakeTMDb(n_films=10, token="another") as server:
        client = client_of(server)
        assert all(isinstance(error_of(client.genres), TMDbUnauthorised) for _ in range(5))
        assert isinstance(error_of(client.genres), TMDbUnavailable)


def test_requests_wait_for_no_other(server):
    server.fault("latency", seconds=0.2)
    client = client_of(server)
    _, seconds = outcome_of(lambda: many(10, 10, client.genres))
    assert seconds < 0.7
