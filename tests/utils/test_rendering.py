from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from django.utils.functional import lazystr

from tests.factories import MovieFactory
from utils.rendering import envelope, to_json


@pytest.mark.parametrize(
    ("beside", "body"),
    [
        ({}, {"success": True, "data": [1], "message": ""}),
        ({"message": "Done."}, {"success": True, "data": [1], "message": "Done."}),
        ({"meta": {}}, {"success": True, "data": [1], "message": "", "meta": {}}),
        ({"pagination": {"page": 1}}, {"success": True, "data": [1], "message": "", "pagination": {"page": 1}}),
    ],
)
def test_a_success_says_only_what_applies(beside, body):
    assert envelope([1], **beside) == body


def test_a_failure_has_no_data():
    assert envelope([1], code="gone", message="It is gone.", request_id="r") == {
        "success": False,
        "data": None,
        "message": "It is gone.",
        "code": "gone",
        "errors": [],
        "request_id": "r",
    }


def test_json_takes_what_views_hold():
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    body = {1: lazystr("lazy"), "price": Decimal("1.50"), "nan": float("nan"), "at": noon}
    assert orjson.loads(to_json(body)) == {"1": "lazy", "price": "1.50", "nan": None, "at": "2026-05-01T12:00:00Z"}


@pytest.mark.django_db
def test_a_read_is_enveloped_with_an_empty_message(anonymous):
    body = anonymous.get("/api/v1/movies/popular/").json()
    assert set(body) == {"success", "data", "message", "pagination", "meta"}
    assert (body["success"], body["data"], body["message"]) == (True, [], "")


def test_a_deletion_is_204_without_a_body(api):
    film = MovieFactory()
    api.put(f"/api/v1/favorites/{film.tmdb_id}/")
    response = api.delete(f"/api/v1/favorites/{film.tmdb_id}/")
    assert (response.status_code, response.content) == (204, b"")


def test_head_has_no_body(anonymous):
    response = anonymous.head("/api/v1/meta/")
    assert (response.status_code, response.content) == (200, b"")


def test_an_answer_is_json_in_utf8(anonymous, db):
    MovieFactory(title="Amélie 🎬")
    response = anonymous.get("/api/v1/movies/")
    assert response["Content-Type"] == "application/json"
    assert "Amélie 🎬".encode() in response.content
