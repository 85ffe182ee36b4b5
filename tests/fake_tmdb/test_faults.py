"""Every fault does what its name says, over real sockets."""

import json
import signal
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
import requests

from tests.fake_tmdb import FAULTS, FakeTMDb

PATH = "/genre/movie/list"
WITH_KEY = {"api_key": "any"}


@pytest.fixture
def tmdb():
    with FakeTMDb(n_films=300) as tmdb:
        yield tmdb


def ask(tmdb, path=PATH, timeout=5, **options):
    return requests.get(tmdb.url + path, params=WITH_KEY, timeout=timeout, **options)


def raw_answer(tmdb, path=PATH, seconds=5.0):
    """All bytes of an answer that closes its connection, or what came in the time given."""
    with socket.create_connection(("127.0.0.1", tmdb.port), timeout=seconds) as connection:
        connection.sendall(f"GET /3{path}?api_key=any HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
        received, deadline = b"", time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                break
            if not chunk:
                break
            received += chunk
    return received


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("too_many", 429, 25),
        ("too_many_silent", 429, 25),
        ("server_error", 500, 11),
        ("unavailable", 503, 9),
        ("unauthorized", 401, 7),
    ],
)
def test_a_refusal_has_tmdbs_status_and_code(tmdb, name, status, code):
    tmdb.fault(name)
    answer = ask(tmdb)
    assert (answer.status_code, answer.json()["status_code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (name == "too_many")


@pytest.mark.parametrize(("name", "status"), [("bad_gateway_html", 502), ("html", 200), ("empty_body", 200)])
def test_what_is_not_json_does_not_parse(tmdb, name, status):
    tmdb.fault(name)
    answer = ask(tmdb)
    assert answer.status_code == status
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("name", ["truncated", "two_documents"])
def test_spoilt_json_has_a_true_length_and_does_not_parse(tmdb, name):
    tmdb.fault(name)
    answer = ask(tmdb)
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_truncated_may_close_the_connection_early(tmdb):
    tmdb.fault("truncated", early_close=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ask(tmdb)


def test_latency_delays_the_honest_answer(tmdb):
    tmdb.fault("latency", seconds=0.2)
    start = time.monotonic()
    assert len(ask(tmdb).json()["genres"]) == 19
    assert time.monotonic() - start >= 0.2


def test_hang_never_answers(tmdb):
    tmdb.fault("hang")
    with pytest.raises(requests.ReadTimeout):
        ask(tmdb, timeout=0.2)


def test_reset_resets(tmdb):
    tmdb.fault("reset")
    with pytest.raises(ConnectionResetError):
        raw_answer(tmdb)


def test_drip_sends_a_byte_at_a_time_from_the_first_header_on(tmdb):
    tmdb.fault("drip", interval=0.05)
    received = raw_answer(tmdb, seconds=0.3)
    assert 1 <= len(received) <= 8
    assert b"HTTP/1.1".startswith(received)


def test_stray_gzip_is_announced_by_no_header(tmdb):
    tmdb.fault("stray_gzip")
    answer = ask(tmdb)
    assert "content-encoding" not in answer.headers
    assert answer.content.startswith(b"\x1f\x8b")


def test_false_gzip_is_plain(tmdb):
    tmdb.fault("false_gzip")
    with pytest.raises(requests.exceptions.ContentDecodingError):
        ask(tmdb)


def test_huge_is_many_megabytes_of_valid_json(tmdb):
    tmdb.fault("huge", megabytes=3)
    answer = ask(tmdb)
    assert len(answer.content) > 3_000_000
    assert answer.json()["results"] == []


def test_gzip_bomb_is_small_on_the_wire_and_valid_json_inside(tmdb):
    tmdb.fault("gzip_bomb", megabytes=16)
    answer = ask(tmdb, stream=True)
    packed = answer.raw.read(decode_content=False)
    inflated = zlib.decompress(packed, 16 + zlib.MAX_WBITS)
    assert len(packed) < 30_000
    assert len(inflated) > 16 << 20
    assert json.loads(inflated)["page"] == 1


def test_gzip_bomb_holds_more_than_500_megabytes(tmdb):
    tmdb.fault("gzip_bomb")
    answer = ask(tmdb, stream=True)
    packed = answer.raw.read(decode_content=False)
    assert len(packed) < 1_000_000
    assert int.from_bytes(packed[-4:], "little") > 500_000_000


def test_redirect_points_to_another_host(tmdb):
    tmdb.fault("redirect")
    answer = ask(tmdb, allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"http://localhost:{tmdb.port}/elsewhere/3{PATH}")


def test_nan_stands_where_numbers_should(tmdb):
    tmdb.fault("nan")
    assert b'"popularity": NaN' in ask(tmdb, "/movie/popular").content


def test_nulls_spares_the_top_level(tmdb):
    tmdb.fault("nulls")
    body = ask(tmdb, "/movie/popular").json()
    assert body["page"] == 1
    assert {value for film in body["results"] for value in film.values()} == {None}


def test_nulls_may_spare_nothing_but_the_keys(tmdb):
    tmdb.fault("nulls", depth=0)
    body = ask(tmdb, "/movie/popular").json()
    assert set(body) == {"page", "results", "total_pages", "total_results"}
    assert set(body.values()) == {None}


def test_wrong_types_keep_the_keys(tmdb):
    tmdb.fault("wrong_types")
    body = ask(tmdb, "/movie/popular").json()
    assert body["page"] == "1"
    assert isinstance(body["results"], dict)


def test_a_fault_can_be_limited_to_a_path_a_share_and_a_number(tmdb):
    tmdb.fault("server_error", path_prefix="/movie")
    assert (ask(tmdb).status_code, ask(tmdb, "/movie/popular").status_code) == (200, 500)
    tmdb.reset()
    tmdb.fault("server_error", times=2)
    assert [ask(tmdb).status_code for _ in range(4)] == [500, 500, 200, 200]
    tmdb.reset()
    tmdb.fault("server_error", share=0.5)
    statuses = [ask(tmdb).status_code for _ in range(60)]
    assert 15 < statuses.count(500) < 45


def test_an_unknown_fault_is_refused(tmdb):
    with pytest.raises(ValueError, match="server_error"):
        tmdb.fault("gremlins")


def test_healing_ends_a_hang(tmdb):
    tmdb.fault("hang")
    with socket.create_connection(("127.0.0.1", tmdb.port), timeout=1) as connection:
        connection.sendall(f"GET /3{PATH} HTTP/1.1\r\n\r\n".encode())
        while tmdb.calls() == 0:
            time.sleep(0.01)
        tmdb.heal()
        assert connection.recv(1) == b""
    assert ask(tmdb).ok


def test_a_stopped_server_is_a_dead_port_and_starts_on_the_same(tmdb):
    with requests.Session() as session:
        assert session.get(tmdb.url + PATH, params=WITH_KEY, timeout=5).ok
        tmdb.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(tmdb.url + PATH, params=WITH_KEY, timeout=5)
        tmdb.start()
        assert session.get(tmdb.url + PATH, params=WITH_KEY, timeout=5).ok


def test_requests_are_logged_and_counted(tmdb):
    for path in (PATH, PATH, "/movie/popular"):
        requests.get(tmdb.url + path, params={"page": "1"}, headers={"X-Mark": "here"}, timeout=5)
    assert (tmdb.calls(), tmdb.calls("/movie"), tmdb.calls("/3/genre")) == (3, 1, 2)
    assert tmdb.busiest_second() == 3
    last = tmdb.requests[-1]
    assert (last.method, last.path, last.query, last.headers["x-mark"]) == (
        "GET",
        "/3/movie/popular",
        {"page": "1"},
        "here",
    )


def test_the_controls_work_over_http_uncounted_and_unfaulted(tmdb):
    control = tmdb.url.replace("/3", "/_control")

    def post(action, **body):
        return requests.post(f"{control}/{action}", json=body, timeout=5)

    assert post("fault", name="server_error", share=1.0, path_prefix="/movie").ok
    assert ask(tmdb, "/movie/popular").status_code == 500
    stats = requests.get(f"{control}/stats", timeout=5).json()
    assert stats == {"calls": {"/3/movie/popular": 1}, "total": 1, "busiest_second": 1}
    assert post("heal").ok
    assert post("delete", tmdb_id=7).ok
    assert ask(tmdb, "/movie/7").status_code == 404
    assert post("reset").json()["total"] == 0
    assert (post("fault", name="gremlins").status_code, post("dance").status_code) == (400, 404)


def test_a_planted_answer_is_given_for_the_query_it_was_planted_for(tmdb):
    tmdb.answer("/movie/popular", 200, {"first": True}, query={})
    tmdb.answer("/movie/popular", 418, "short and stout", headers={"X-Pot": "tea"}, query={"page": "2"})
    second = requests.get(f"{tmdb.url}/movie/popular", params=WITH_KEY | {"page": 2}, timeout=5)
    assert ask(tmdb, "/movie/popular").json() == {"first": True}
    assert (second.status_code, second.text, second.headers["x-pot"]) == (418, "short and stout", "tea")


def test_as_a_program_it_says_where_it_is_and_ends_quietly_on_ctrl_c():
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fake_tmdb", "--port", "0", "--films", "50000"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    ) as program:
        url = program.stdout.readline().split()[-1]
        assert requests.get(f"{url}/movie/popular", params=WITH_KEY, timeout=5).ok
        program.send_signal(signal.SIGINT)
        assert f"TMDB_BASE_URL={url}" in program.stdout.read()
        assert (program.stderr.read(), program.wait(timeout=5)) == ("", 0)


def test_every_fault_has_a_test_here():
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in tests] == []
