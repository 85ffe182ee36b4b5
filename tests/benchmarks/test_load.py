"""The clients of the load benchmark: what they notice, what they count, and what the report makes of it."""

import random
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from benchmarks.http.generator import Ask, Clients, Wrote, ask_each, here, run
from benchmarks.http.kept_writes import lost
from benchmarks.http.load import figures
from benchmarks.http.load_report import promises_of_mix, slope
from benchmarks.http.mix import ALL_GROUPS, ENDPOINTS, GROUPS, WRITES, Account, Mix
from tests.factories import FavoriteFactory, MovieFactory, RatingFactory, UserFactory

ENVELOPE = b'{"success":true,"data":[]}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = Counter()

    def answer(self):
        self.asked[self.command, self.path] += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, content = {
            "/api/v1/torn/": (200, b'{"success":tr'),
            "/api/v1/failure/": (200, b'{"success":false}'),
            "/api/v1/broken/": (500, b'{"success":false}'),
            "/api/v1/echo/": (200, b'{"success":true,"data":%d}' % len(body)),
        }.get(self.path, (200, ENVELOPE))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if self.path == "/api/v1/last/":
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - http.server looks for these names

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    Handler.asked = Counter()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def slamming(word=b""):
    """A server that reads a question and closes without a word, or with this one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def slam():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.recv(10_000)
                connection.sendall(word)
                connection.close()

        threading.Thread(target=slam, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


class Always:
    def __init__(self, *asks):
        self.asks = asks

    def questions(self, client, chance):
        while True:
            yield chance.choice(self.asks)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/api/v1/well/", ""),
        ("/api/v1/torn/", "no JSON"),
        ("/api/v1/failure/", "no envelope"),
        ("/api/v1/broken/", "status 500"),
        ("/no/part/of/the/api", ""),
    ],
)
def test_every_answer_is_looked_at(port, path, fault):
    (got,) = ask_each(port, [Ask("one", path)]).got
    assert got.fault == fault


def test_a_connection_that_closes_without_an_answer_is_a_fault():
    with slamming() as port:
        told = here(
            port, Always(Ask("one", "/api/v1/well/", "PUT", writes=("favorite", "1", "there"))), Clients(1, 5, limit=3)
        )
    assert told.failures == 3
    assert set(told.statuses) == {0}
    assert [wrote.done for wrote in told.wrote] == [None] * 3  # nobody knows


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "no HTTP with a length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "closed in the middle"),
        (b"what?\r\n\r\n", "no HTTP with a length"),
    ],
)
def test_half_an_answer_is_a_fault_and_no_answer(word, fault):
    with slamming(word) as port:
        told = here(port, Always(Ask("one", "/api/v1/well/")), Clients(1, 5, limit=2))
    assert told.faults == {fault: 2}
    assert told.counts() == {}


def test_the_clients_count_what_the_server_counted(port):
    asks = [
        Ask("read", "/api/v1/well/", route="well"),
        Ask("write", "/api/v1/echo/", "POST", body=b"123", route="echo"),
    ]
    told = here(port, Always(*asks), Clients(5, 30, limit=20))
    assert told.failures == 0
    assert told.counts() == {
        ("well", "GET", 200): Handler.asked["GET", "/api/v1/well/"],
        ("echo", "POST", 200): Handler.asked["POST", "/api/v1/echo/"],
    }
    assert len(told.got) == 100


@pytest.mark.parametrize(
    ("path", "keep_alive", "connections"), [("well", True, 1), ("well", False, 6), ("last", True, 6)]
)
def test_a_connection_stays_open_as_long_as_both_want_it(port, path, keep_alive, connections):
    told = here(port, Always(Ask("one", f"/api/v1/{path}/")), Clients(1, 30, limit=6, keep_alive=keep_alive))
    assert told.failures == 0
    assert sum(got.on_new for got in told.got) == connections


def test_clients_live_in_processes_of_their_own(port):
    told = run(port, Mix(accounts(4), 5_000, "run", only="genres"), Clients(4, 30, limit=5), processes=2)
    assert len(told.got) == 20
    assert told.cpu > 0


def accounts(count):
    return [
        Account(f"token{number}", f"10.0.0.{number}", f"list{number}", (100_000, 100_001)) for number in range(count)
    ]


def test_eighty_in_a_hundred_questions_read():
    assert sum(endpoint.weight for endpoint in ENDPOINTS) == 100
    assert sum(endpoint.weight for endpoint in ENDPOINTS if endpoint.group != WRITES) == 80
    asking = Mix(accounts(3), 5_000, "run").questions(1, random.Random(1))
    asked = [next(asking) for _ in range(4_000)]
    share = sum(ask.method == "GET" for ask in asked) / len(asked)
    assert share == pytest.approx(0.8, abs=0.03)
    assert {ask.kind for ask in asked} == {name for group in ALL_GROUPS for name in GROUPS[group]}
    assert all(bool(ask.writes) == (ask.method != "GET") for ask in asked)
    assert all(ask.token in ("", "token1") for ask in asked)


def test_no_two_runs_and_no_two_clients_share_the_name_of_a_viewing():
    names = []
    for name in ("first", "second"):
        for client in (0, 3):  # of one account
            asking = Mix(accounts(3), 5_000, name, only="POST history").questions(client, random.Random(1))
            names += [next(asking).writes[1] for _ in range(50)]
    assert len(set(names)) == 200


@pytest.mark.django_db
class TestLost:
    @pytest.fixture
    def caller(self):
        return UserFactory(email="caller0@example.org", email_key="caller0@example.org")

    def wrote(self, *writes, done=True):
        return Wrote(0, writes, b"", done)

    def test_what_is_there_is_not_lost(self, caller):
        film = MovieFactory(tmdb_id=7)
        FavoriteFactory(user=caller, movie=film)
        RatingFactory(user=caller, movie=film, value=8)
        kept = [
            self.wrote("favorite", "7", "there"),
            self.wrote("rating", "7", "8.0"),
            self.wrote("favorite", "8", "gone"),
        ]
        assert lost(kept, 1) == []

    @pytest.mark.parametrize("writes", [("favorite", "7", "there"), ("rating", "7", "8.0"), ("viewing", "run0-0-1")])
    def test_what_is_not_there_is_lost_unless_nobody_acknowledged_it(self, caller, writes):
        assert len(lost([self.wrote(*writes)], 1)) == 1
        assert lost([self.wrote(*writes, done=None)], 1) == []
        assert lost([self.wrote(*writes, done=False)], 1) == []

    def test_the_last_write_counts(self, caller):
        there, gone = self.wrote("favorite", "7", "there"), self.wrote("favorite", "7", "gone")
        assert lost([there, gone], 1) == []
        assert len(lost([gone, there], 1)) == 1


def test_the_slope_of_what_grows_is_found_and_of_noise_is_none():
    at = np.arange(0, 600, 5.0)
    noise = np.random.default_rng(0).normal(0, 1, len(at))
    rise, half = slope(at, 300 + at / 60 + noise)  # a MiB a minute
    assert rise == pytest.approx(60, abs=half)
    assert half < 15
    rise, half = slope(at, 300 + noise)
    assert abs(rise) < half


def test_a_slow_or_failed_run_breaks_a_promise(port):
    run_of = figures(
        here(port, Always(Ask("genres", "/api/v1/well/"), Ask("search", "/api/v1/well/")), Clients(2, 9, limit=9)),
        (0, 0, 0),
    )
    told = run_of | {"written": 0, "lost": 0}
    assert all(kept for _, kept in promises_of_mix("100", told))
    slow = told | {"groups": {group: part | {"p95": 501} for group, part in told["groups"].items()}}
    assert [kept for _, kept in promises_of_mix("100", slow)] == [True, True, False, False]
    assert [kept for _, kept in promises_of_mix("16", told | {"faults": {"status 500": 1}, "lost": 1})] == [
        False,
        False,
    ]
