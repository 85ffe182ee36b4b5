import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.urls import path
from django_redis import get_redis_connection
from drf_spectacular.generators import SchemaGenerator
from prometheus_client import REGISTRY
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from config.settings import base
from tests.config.test_production import GOOD, start
from tests.utils.test_shared import mute_redis, needs_redis
from utils.cache import Cache
from utils.cached_views import Answer, CachedView
from utils.parsing import JSONParser
from utils.query_params import PageQuery
from utils.throttling import WHO, Throttled, client_address, scopes_of, throttle
from utils.views import ApiView

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class NumbersView(CachedView):
    cache = Cache("lists")
    query_serializer_class = PageQuery

    @classmethod
    def answer(cls, query, *, waiting, **path):
        return Answer([query["page"]], {"source": "tmdb"})

    def get(self, request):
        return self.respond(request)


class NotesView(ApiView):
    authentication_classes = permission_classes = []

    def get(self, request):
        return Response([])

    post = get


urlpatterns = [path("numbers/", NumbersView.as_view()), path("notes/", NotesView.as_view())]


def allow(settings, **rules):
    """These rules, as a process without Redis counts them too; nothing has been counted yet."""
    settings.SECRET_KEY = uuid4().hex
    share = 1 if settings.REDIS_URL else settings.THROTTLE_PROCESSES
    settings.THROTTLES = {
        scope: re.sub(r"\d+(?=/)", lambda amount: str(int(amount[0]) * share), rule) for scope, rule in rules.items()
    }


def asked(address="203.0.113.7", body=None, **headers):
    request = APIRequestFactory().post("/", body or {}, REMOTE_ADDR=address, **headers)
    request.user = None
    return Request(request, parsers=[JSONParser()])


def admitted(*scopes, times, address="203.0.113.7"):
    """How many of so many requests are let in."""
    n = 0
    for _ in range(times):
        try:
            throttle(asked(address), scopes)
            n += 1
        except Throttled:
            pass
    return n


def test_lets_in_as_many_as_the_rule_says_and_each_address_for_itself(settings):
    allow(settings, search="3/minute")
    assert admitted("search", times=10) == 3
    assert admitted("search", times=10, address="203.0.113.8") == 3


def test_a_scope_without_a_rule_is_not_counted(settings):
    allow(settings, search="", misses="2/minute")
    assert throttle(asked(), ["search"]) == {}
    assert admitted("search", "misses", times=5) == 2


@pytest.fixture
def threads_in_each_others_way():
    """A thread is put aside every few steps, as it may be anywhere."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("bursts", [1, 2])
def test_bursts_never_admit_more_than_the_limit(settings, bursts, threads_in_each_others_way):
    allow(settings, search="20/minute", misses="25/hour")
    barrier = Barrier(16)

    def burst(_):
        barrier.wait(timeout=10)
        return admitted("search", "misses", times=5)

    with ThreadPoolExecutor(16) as pool:
        assert sum(sum(pool.map(burst, range(16))) for _ in range(bursts)) == 20


def test_the_delay_grows_with_every_window_that_fills(settings):
    allow(settings, search="2/minute;4/hour;5/day")
    waits = []
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3):
            admitted("search", times=2)
            with pytest.raises(Throttled) as refused:
                throttle(asked(), ["search"])
            waits.append(int(refused.value.headers["Retry-After"]))
            clock.shift(waits[-1] + 0.01)
    assert waits[0] == 60
    assert 3500 < waits[1] < 3600
    assert 80_000 < waits[2] < 86_400


def test_retry_after_is_true(settings):
    allow(settings, search="3/minute;100/hour")
    with time_machine.travel(NOW, tick=False) as clock:
        for pause in (10, 10.5, 9.7):
            throttle(asked(), ["search"])
            clock.shift(pause)
        with pytest.raises(Throttled) as refused:
            throttle(asked(), ["search"])
        wait = int(refused.value.headers["Retry-After"])
        clock.shift(wait - 1)
        assert admitted("search", times=1) == 0
        clock.shift(1)
        assert admitted("search", times=2) == 1


def test_retry_after_is_true_by_the_clock_on_the_wall(settings):
    allow(settings, search="2/second")
    assert admitted("search", times=9) == 2
    with pytest.raises(Throttled) as refused:
        throttle(asked(), ["search"])
    assert refused.value.headers["Retry-After"] == "1"
    time.sleep(1)
    assert admitted("search", times=1) == 1


def test_what_is_refused_counts_in_no_window(settings):
    allow(settings, search="3/minute;6/hour", misses="6/hour")
    with time_machine.travel(NOW, tick=False) as clock:
        assert admitted("search", "misses", times=50) == 3
        clock.shift(61)
        assert admitted("search", "misses", times=50) == 3


def test_the_headers_tell_of_the_tightest_window(settings):
    allow(settings, search="10/minute;3/hour", misses="4/day")
    with time_machine.travel(NOW, tick=False):
        told = [throttle(asked(), ["search", "misses"]) for _ in range(3)]
        assert [headers["RateLimit-Remaining"] for headers in told] == ["2", "1", "0"]
        assert {(headers["RateLimit-Limit"], headers["RateLimit-Reset"]) for headers in told} == {("3", "3600")}
        with pytest.raises(Throttled) as refused:
            throttle(asked(), ["search", "misses"])
    assert refused.value.headers == told[-1] | {"Retry-After": "3600"}
    assert refused.value.message == "That was too often; try again in 3600 seconds."


def test_a_redis_that_does_not_answer_leaves_a_quarter_and_costs_two_time_outs(settings):
    with mute_redis(settings):
        allow(settings, search="8/minute", misses="3/minute")
        began = time.monotonic()
        assert admitted("search", times=50) == 2
        assert admitted("misses", times=50) == 1
        assert time.monotonic() - began < 1.2


def test_without_redis_a_process_lets_in_a_quarter(settings):
    settings.REDIS_URL = ""
    settings.SECRET_KEY = uuid4().hex
    settings.THROTTLES = {"search": "10/minute"}
    assert admitted("search", times=50) == 3


@needs_redis
def test_no_account_and_no_address_lies_in_redis(settings):
    allow(settings, login="9/minute", login_account="9/minute", login_address="9/minute")
    redis = get_redis_connection("default")
    before = set(redis.scan_iter("marquee:throttle:*"))
    throttle(asked(body={"email": "ann@example.org"}), settings.THROTTLES)
    written = set(redis.scan_iter("marquee:throttle:*")) - before
    assert len(written) >= 3
    assert not [key for key in written if b"ann@" in key or b"203.0.113" in key]
    assert all(0 < redis.ttl(key) <= 60 for key in written if b":login" in key)


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        (0, "203.0.113.7", "", "203.0.113.7"),
        (0, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (1, "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.2", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.2", "1.1.1.1,2.2.2.2,198.51.100.1", "198.51.100.1"),
        (2, "10.0.0.2", "1.1.1.1, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        (2, "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.2", "", "10.0.0.2"),
        (1, "10.0.0.2", "unknown", "10.0.0.2"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "2001:db8:1:2:ffff::1", "", "2001:db8:1:2::"),
        (0, "::ffff:203.0.113.7", "", "203.0.113.7"),
        (0, "", "", ""),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(settings, proxies, peer, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(asked(peer, **headers)) == address


@pytest.mark.urls(__name__)
def test_a_kept_answer_is_never_throttled_nor_counted(settings, anonymous):
    allow(settings, misses="2/hour", writes="1/hour")
    built = anonymous.get("/numbers/")
    assert (built["RateLimit-Limit"], built["RateLimit-Remaining"]) == ("2", "1")
    for _ in range(20):
        assert anonymous.get("/numbers/").status_code == anonymous.head("/numbers/").status_code == 200
    assert "RateLimit-Remaining" not in anonymous.get("/numbers/")
    assert anonymous.get("/numbers/", {"page": 2})["RateLimit-Remaining"] == "0"
    assert anonymous.get("/numbers/", {"page": 3}).status_code == 429
    assert anonymous.get("/numbers/", {"page": 2}).status_code == 200


@pytest.mark.urls(__name__)
def test_what_one_address_may_not_have_built_another_may(settings, anonymous):
    allow(settings, misses="1/hour")
    anonymous.get("/numbers/")
    assert anonymous.get("/numbers/", {"page": 2}).status_code == 429
    assert anonymous.get("/numbers/", {"page": 2}, REMOTE_ADDR="203.0.113.8").status_code == 200
    assert anonymous.get("/numbers/", {"page": 2}).status_code == 200  # kept now


@pytest.mark.urls(__name__)
def test_a_wrong_question_has_nothing_built(settings, anonymous):
    allow(settings, misses="1/hour")
    assert [anonymous.get("/numbers/", {"pages": 2}).status_code for _ in range(3)] == [400, 400, 400]
    assert anonymous.get("/numbers/").status_code == 200


@pytest.mark.urls(__name__)
def test_whatever_writes_is_counted_unless_its_view_says_otherwise(settings, anonymous):
    allow(settings, writes="1/minute")
    assert [anonymous.post("/notes/", {}).status_code for _ in range(2)] == [200, 429]
    assert anonymous.get("/notes/").status_code == anonymous.options("/notes/").status_code == 200
    assert anonymous.put("/notes/").status_code == 405


@pytest.mark.urls(__name__)
def test_a_refusal_has_the_shape_of_every_failure_and_browsers_may_read_its_headers(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    allow(settings, writes="1/minute")
    client = APIClient(headers={"Origin": "https://app.example.org"})
    client.post("/notes/", {})
    before = refused_so_far("writes")
    response = client.post("/notes/", {})
    body = response.json()
    assert (response.status_code, body["code"], body["success"], body["data"]) == (429, "throttled", False, None)
    assert response["Retry-After"] in body["message"]
    assert 1 <= int(response["Retry-After"]) <= 60
    assert "no-store" in response["Cache-Control"]
    exposed = response["Access-Control-Expose-Headers"].split(", ")
    assert {"Retry-After", *(name for name in response.headers if name.startswith("RateLimit"))} <= set(exposed)
    assert len([name for name in exposed if name.startswith("RateLimit")]) == 3
    assert refused_so_far("writes") == before + 1


def refused_so_far(scope):
    return REGISTRY.get_sample_value("marquee_throttled_total", {"scope": scope}) or 0.0


def test_every_operation_that_is_throttled_declares_it():
    declared = {
        (method.upper(), path): "429" in operation["responses"]
        for path, methods in SchemaGenerator().get_schema(public=True)["paths"].items()
        for method, operation in methods.items()
    }
    assert not declared.pop(("POST", "/api/v1/auth/logout/"))
    assert declared[("GET", "/api/v1/movies/search/")]
    assert not declared[("GET", "/api/v1/favorites/")]
    assert all(declared[method, path] for method, path in declared if method != "GET")


def test_every_rule_has_somebody_whom_it_counts():
    assert set(base.THROTTLES) == set(WHO)
    assert scopes_of(WHO, "POST") == list(WHO)


@pytest.mark.parametrize("rule", ["5", "often", "5/fortnight", "5/minute;often"])
def test_a_rule_that_is_none_is_refused_at_start(rule):
    refused = start(**GOOD, THROTTLE_LOGIN=rule)
    assert refused.returncode != 0
    assert "THROTTLE_LOGIN is no rule" in refused.stderr
