import gzip
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import time_machine
from django.urls import path
from rest_framework import serializers

from utils.cache import Cache
from utils.cached_views import Answer, CachedView
from utils.exceptions import ApplicationError
from utils.query_params import PageQuery, StrictIntegerField

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "/numbers/7/"


class NoSuchNumber(ApplicationError):
    status, code = 404, "no_such_number"


class NumbersQuery(PageQuery):
    add = StrictIntegerField(default=0)
    note = serializers.CharField(default="", max_length=50)


class NumbersView(CachedView):
    """Says how often it was built, and whether somebody waited for it."""

    cache = Cache("lists")
    query_serializer_class = NumbersQuery
    missing = NoSuchNumber
    built: list[bool] = []
    source, as_of, failure = "tmdb", None, None

    @classmethod
    def answer(cls, query, *, waiting, **path):
        cls.built.append(waiting)
        if cls.failure:
            raise cls.failure
        data = [{"number": path["number"] + query["add"], "built": len(cls.built), "my": None}]
        return Answer(data, {"source": cls.source}, {"page": 1, "per_page": 20, "total": 1, "pages": 1}, cls.as_of)

    @classmethod
    def personal(cls, user, data):
        data[0]["my"] = user.email

    def get(self, request, number):
        return self.respond(request, number=number)


urlpatterns = [path("numbers/<int:number>/", NumbersView.as_view())]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def numbers(monkeypatch):
    for name, value in {"built": [], "source": "tmdb", "as_of": None, "failure": None}.items():
        monkeypatch.setattr(NumbersView, name, value)
    return NumbersView


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_a_kept_answer_is_the_one_that_was_built(anonymous, clock, numbers):
    built, kept = anonymous.get(URL), anonymous.get(URL)
    assert kept.content == built.content
    assert {name: kept[name] for name in built.headers if name not in ("Allow", "X-Request-ID")} == {
        name: value for name, value in built.headers.items() if name not in ("Allow", "X-Request-ID")
    }
    assert numbers.built == [True]
    assert kept.json() == {
        "success": True,
        "data": [{"number": 7, "built": 1, "my": None}],
        "message": "",
        "pagination": {"page": 1, "per_page": 20, "total": 1, "pages": 1},
        "meta": {"source": "tmdb", "age": 0, "stale": False},
    }


def test_a_kept_answer_costs_no_query(anonymous, clock, django_assert_num_queries):
    anonymous.get(URL)
    with django_assert_num_queries(0):
        anonymous.get(URL)


@pytest.mark.parametrize("spelled", ["", "?page=1", "?per_page=20&page=1", "?add=0", "?note="])
def test_every_spelling_of_a_question_has_one_answer(anonymous, clock, numbers, spelled):
    anonymous.get(URL)
    anonymous.get(URL + spelled)
    assert numbers.built == [True]


@pytest.mark.parametrize("other", ["?page=2", "?add=1", "?note=x", "?note=page%3D1"])
def test_another_question_has_another_answer(anonymous, clock, numbers, other):
    anonymous.get(URL)
    anonymous.get(URL + other)
    assert numbers.built == [True, True]


def test_tells_its_age_and_how_long_it_is_good_for(anonymous, clock, settings):
    anonymous.get(URL)
    clock.shift(timedelta(minutes=20))
    response = anonymous.get(URL)
    assert response.json()["meta"] == {"source": "tmdb", "age": 1200, "stale": False}
    assert response["Age"] == "1200"
    assert response["Cache-Control"] == f"public, max-age={settings.CACHE_TTL['lists']}"
    assert response["Vary"] == "Accept-Encoding, Authorization, origin"


def test_a_stale_answer_says_so_and_is_built_anew_while_nobody_waits(anonymous, clock, numbers):
    first = anonymous.get(URL)
    clock.shift(timedelta(hours=2))
    stale = anonymous.get(URL)
    assert stale.json()["meta"] == {"source": "tmdb", "age": 7200, "stale": True}
    assert stale.json()["data"] == first.json()["data"]
    assert anonymous.get(URL).json()["data"][0]["built"] == 2
    assert numbers.built == [True, False]


def test_what_our_tables_say_is_good_for_a_minute(anonymous, clock, numbers):
    numbers.source = "local"
    assert anonymous.get(URL)["Cache-Control"] == "public, max-age=60"


def test_is_as_old_as_what_it_is_made_of(anonymous, clock, numbers):
    numbers.as_of = NOW - timedelta(minutes=50)
    assert anonymous.get(URL).json()["meta"] == {"source": "tmdb", "age": 3000, "stale": False}
    clock.shift(timedelta(minutes=11))
    assert anonymous.get(URL).json()["meta"]["stale"] is True


def test_an_unchanged_answer_is_not_sent_again_however_old(anonymous, clock):
    tag = anonymous.get(URL)["ETag"]
    clock.shift(timedelta(minutes=5))
    response = anonymous.get(URL, HTTP_IF_NONE_MATCH=tag)
    assert (response.status_code, response.content, response["ETag"], response["Age"]) == (304, b"", tag, "300")
    clock.shift(timedelta(hours=2))
    assert anonymous.get(URL, HTTP_IF_NONE_MATCH=tag).status_code == 200  # stale now: the client shall know


def test_is_zipped_for_those_who_take_it(anonymous, clock):
    plain, zipped = anonymous.get(URL), anonymous.get(URL, HTTP_ACCEPT_ENCODING="gzip, br")
    assert zipped["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.content) == plain.content
    assert "Content-Encoding" not in plain


def test_a_head_has_the_headers_alone(anonymous, clock):
    whole, head = anonymous.get(URL), anonymous.head(URL)
    assert head.content == b""
    assert {name: head[name] for name in ("ETag", "Age", "Cache-Control")} == {
        name: whole[name] for name in ("ETag", "Age", "Cache-Control")
    }


def test_the_signed_in_caller_gets_their_own_and_nobody_else_does(anonymous, clock, api, stranger, user, numbers):
    anonymous.get(URL)
    mine, theirs = api.get(URL), stranger.get(URL)
    assert mine.json()["data"][0]["my"] == user.email
    assert theirs.json()["data"][0]["my"] not in (None, user.email)
    assert anonymous.get(URL).json()["data"][0]["my"] is None
    assert mine["Cache-Control"] == theirs["Cache-Control"] == "private, no-store"
    assert mine.json()["meta"] == {"source": "tmdb", "age": 0, "stale": False}
    assert numbers.built == [True]


def test_a_wrong_question_is_refused_and_nothing_kept(anonymous, clock, numbers):
    for _ in range(2):
        response = anonymous.get(URL, {"pages": 2})
        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_parameter")
    assert numbers.built == []


def test_who_takes_no_json_gets_406_of_a_kept_answer_too(anonymous, clock):
    assert [anonymous.get(URL, HTTP_ACCEPT="text/html").status_code for _ in range(2)] == [406, 406]
    anonymous.get(URL)
    assert anonymous.get(URL, HTTP_ACCEPT="text/html").status_code == 406
    assert anonymous.get(URL, HTTP_ACCEPT="text/html, */*;q=0.1").status_code == 200


def test_another_method_is_405_of_a_kept_answer_too(clock, api):
    api.get(URL)
    assert api.post(URL).status_code == 405


def test_that_there_is_no_such_thing_is_kept_for_a_while(anonymous, clock, numbers):
    numbers.failure = NoSuchNumber()
    for _ in range(2):
        response = anonymous.get(URL)
        assert (response.status_code, response.json()["code"]) == (404, "no_such_number")
        assert response["Cache-Control"] == "private, no-store"
    assert numbers.built == [True]
    numbers.failure = None
    clock.shift(timedelta(minutes=15))
    anonymous.get(URL)
    assert anonymous.get(URL).status_code == 200


def test_a_failure_is_told_with_its_headers_and_not_kept_for_long(anonymous, clock, numbers):
    class Away(ApplicationError):
        status, code = 503, "away"

    numbers.failure = Away(headers={"Retry-After": "7"})
    response = anonymous.get(URL)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "away", "7")
    numbers.failure = None
    clock.shift(timedelta(seconds=10))
    assert anonymous.get(URL).status_code == 200


def test_a_failure_leaves_the_old_answer(anonymous, clock, numbers):
    anonymous.get(URL)
    numbers.failure = ApplicationError("away")
    clock.shift(timedelta(days=2))
    assert [anonymous.get(URL).json()["data"][0]["built"] for _ in range(3)] == [1, 1, 1]


def test_an_answer_can_be_made_before_anybody_asks(anonymous, clock, numbers, django_assert_num_queries):
    numbers.warm("page=2", number=7)
    assert orjson.loads(anonymous.get(URL, {"page": 2}).content)["data"][0]["built"] == 1
    assert numbers.built == [False]
