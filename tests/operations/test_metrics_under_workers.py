"""What four workers count together is what their clients counted, though some of the four had to give way."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.drills.stack import ROOT, Process, free_port
from benchmarks.http.generator import Ask, Clients, here
from benchmarks.http.spending import children
from utils.observing import PROBES

WORKERS = 4
API = "/api/v1/"
MEET = {200, 204, 304, 400, 401, 404, 405, 429}


class Server(Process):
    def __init__(self, folder):
        port = free_port()
        recycling = ["--max-requests", "120", "--max-requests-jitter", "60"]
        words = ["-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi", "-b", f"127.0.0.1:{port}"]
        env = {
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            "DATABASE_URL": f"sqlite:///{folder / 'marquee.sqlite3'}",
            "REDIS_URL": "",
            "TMDB_READ_TOKEN": "",
            "TMDB_API_KEY": "",
            "THROTTLE_SEARCH": "5/minute",  # without Redis, of each worker
            "LOG_LEVEL": "WARNING",
        }
        super().__init__(port, [sys.executable, *words, "--workers", str(WORKERS), *recycling], env, folder / "web.log")

    def manage(self, *words):
        subprocess.run([sys.executable, "manage.py", *words], env=self.env, cwd=ROOT, check=True)  # noqa: S603 - ours

    @property
    def workers(self):
        return set(children(self.process.pid))

    def figures(self):
        """Requests by route, method and status; and how many the histogram holds of each route."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        requests, seconds = Counter(), Counter()
        for sample in (sample for family in families for sample in family.samples):
            route = sample.labels.get("route")
            if sample.name == "marquee_requests_total" and route not in PROBES:
                requests[route, sample.labels["method"], int(sample.labels["status"])] += int(sample.value)
            elif sample.name == "marquee_request_seconds_count" and route not in PROBES:
                seconds[route] += int(sample.value)
        return requests, seconds


class Everything:
    """Questions that are answered in every way there is."""

    def __init__(self, token, etag):
        genres, body = f"{API}movies/genres/", orjson.dumps({"tmdb_id": 5})
        self.asks = [
            self.ask(genres, 200),
            self.ask(genres, 304, headers=(("If-None-Match", etag),)),
            self.ask(f"{API}movies/popular/", 200),
            self.ask(f"{API}movies/?page=0", 400, route=f"{API}movies/"),
            self.ask(f"{API}favorites/", 401),
            self.ask(f"{API}movies/987654321/", 404, route=f"{API}movies/{{tmdb_id}}/"),
            self.ask("/nothing/here", 404, route="none"),
            self.ask(genres, 405, method="POST", token=token, body=body),
            self.ask(f"{API}auth/me/", 200, token=token),
            self.ask(f"{API}history/clear/", 204, 200, method="POST", token=token, body=b"{}"),
            self.ask(f"{API}preferences/", 200, method="PATCH", token=token, body=b"{}"),
            self.ask(
                f"{API}favorites/5/", 204, 404, method="DELETE", token=token, route=f"{API}favorites/{{tmdb_id}}/"
            ),
        ]

    @staticmethod
    def ask(path, *expects, route="", **fields):
        return Ask("mixed", path, expects=expects, route=route or path, **fields)

    def questions(self, client, chance):
        while True:
            search = f"{API}movies/search/?query={chance.random()}"  # what is kept is not throttled
            asks = [*self.asks, self.ask(search, 200, 429, route=f"{API}movies/search/")]
            yield from chance.sample(asks, len(asks))


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    server.manage("migrate", "--verbosity", "0")
    try:
        server.start()
        yield server
    finally:
        server.kill()


def ask(server, path, body=None):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{API}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http, our own server
        return answer.headers, orjson.loads(answer.read())


def test_what_the_workers_counted_is_what_the_clients_counted(server):
    account = orjson.dumps({"email": "counted@example.org", "password": "four words nobody guesses"})
    token = ask(server, "auth/register/", account)[1]["data"]["access"]
    plan = Everything(token, ask(server, "movies/genres/")[0]["ETag"])
    asked = Counter({(f"{API}auth/register/", "POST", 201): 1, (f"{API}movies/genres/", "GET", 200): 1})
    pids = server.workers

    first = here(server.port, plan, Clients(8, 60, limit=60))
    asked += first.counts()
    requests, seconds = server.figures()
    assert requests == asked

    os.kill(min(server.workers), signal.SIGTERM)
    second = here(server.port, plan, Clients(8, 60, limit=60), seed=1)
    asked += second.counts()
    requests, seconds = server.figures()
    assert requests == asked
    of_routes = Counter()
    for (route, _, _), count in asked.items():
        of_routes[route] += count
    assert seconds == of_routes

    assert {status for _, _, status in asked} >= MEET
    assert len(pids & server.workers) < WORKERS - 1  # some took the place of others
    assert not {fault for fault in (first.faults | second.faults) if fault.startswith(("status", "no "))}
