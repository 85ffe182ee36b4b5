import io
import logging
import re

import pytest

PATHS = ["/api/v1/meta/", "/nothing/", "/health/live/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", ["abcdefgh", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "A.b_c-1" * 9, "x" * 64])
def test_a_well_formed_request_id_is_kept(client, path, given):
    assert client.get(path, headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "x" * 65,
        "with space",
        "line\nbreak1",
        "abcdefgh\n",
        "ünicode-id",
        "semi;colon",
        "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
    ],
)
def test_any_other_is_replaced(client, path, given):
    answered = client.get(path, headers={"X-Request-ID": given})["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", answered)


def test_every_request_has_its_own(client):
    assert len({client.get("/api/v1/meta/")["X-Request-ID"] for _ in range(5)}) == 5


def test_a_failure_and_its_log_line_carry_the_same_id(client):
    console = next(handler for handler in logging.getLogger().handlers if handler.name == "console")
    stream = io.StringIO()
    standard = console.setStream(stream)
    try:
        response = client.get("/nothing/", headers={"X-Request-ID": "looked-for-in-the-log"})
    finally:
        console.setStream(standard)
    assert response.json()["request_id"] == "looked-for-in-the-log"
    (line,) = [line for line in stream.getvalue().splitlines() if "Not Found: /nothing/" in line]
    assert "django.request" in line
    assert "request_id=looked-for-in-the-log" in line


def test_a_browser_may_send_one_and_read_it(client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    asked = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "GET"}
    preflight = client.options("/api/v1/meta/", headers=asked)
    assert "x-request-id" in preflight["Access-Control-Allow-Headers"]
    answer = client.get("/api/v1/meta/", headers=asked)
    assert "X-Request-ID" in answer["Access-Control-Expose-Headers"]
