import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from drf_spectacular.generators import SchemaGenerator
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families

from utils.metrics import samples

ROOT = Path(__file__).resolve().parents[2]
COUNTED = Counter("tests_counted", "What a test counts.", ["what"])
COUNTING_APP = """
import os
import prometheus_client
from django.core.wsgi import get_wsgi_application

django = get_wsgi_application()
ASKED = prometheus_client.Counter("tests_asked", "Requests that a worker told its process id for.")

def application(environ, start_response):
    if environ["PATH_INFO"] != "/pid":
        return django(environ, start_response)
    ASKED.inc()
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""


def total(text, name):
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]
    return sum(found)


def test_what_was_counted_is_shown_in_prometheus_form(client, db):
    COUNTED.labels("shown").inc(3)
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response["Cache-Control"]
    assert 'tests_counted_total{what="shown"} 3.0' in response.content.decode()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_who_comes_through_a_proxy_finds_nothing(client, header):
    response = client.get("/metrics", headers={header: "203.0.113.7"})
    assert response.status_code == 404
    assert b"marquee_" not in response.content


def test_nothing_can_be_sent_there(client):
    assert client.post("/metrics").status_code == 404


def test_it_is_no_part_of_the_api():
    assert not [path for path in SchemaGenerator().get_schema(public=True)["paths"] if "metrics" in path]


def test_samples_are_told_by_name_with_their_labels():
    COUNTED.labels("read").inc(2)
    figures = samples()
    assert ({"what": "read"}, 2.0) in figures["tests_counted_total"]
    assert figures["never_counted"] == []


class Server:
    def __init__(self, process, url):
        self.process, self.url = process, url

    def get(self, path):
        return requests.get(self.url + path, timeout=10).text

    def asked(self):
        return total(self.get("/metrics"), "tests_asked_total")

    def wait(self):
        for _ in range(300):
            try:
                return self.get("/health/live/")
            except requests.ConnectionError:
                time.sleep(0.1)
        raise TimeoutError


@contextmanager
def gunicorn(folder):
    """Our configuration with two workers; what it leaves behind is left in ``folder``."""
    (folder / "counting_app.py").write_text(COUNTING_APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = ["--config", "config/gunicorn.py", "--bind", address, "--pythonpath", str(folder), "counting_app"]
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    environment |= {"TMPDIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings.testing"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own configuration
            [sys.executable, "-m", "gunicorn", *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    server = Server(process, f"http://{address}")
    try:
        server.wait()
        yield server
    finally:
        process.terminate()
        process.wait(timeout=40)


def test_gunicorns_workers_are_added_up_and_a_dead_one_is_not_forgotten(tmp_path):
    with gunicorn(tmp_path) as server:
        pids = set()
        for number in range(1, 41):
            pids.add(int(server.get("/pid")))
            assert server.asked() == number
        os.kill(pids.pop(), signal.SIGKILL)
        server.wait()
        assert server.asked() == 40
        server.process.send_signal(signal.SIGHUP)  # all workers anew
        while (pid := int(server.get("/pid"))) in pids:
            time.sleep(0.1)
        assert pid not in pids
        assert server.asked() > 40
        assert list(tmp_path.glob("marquee-metrics-*/counter_*.db"))
    assert not list(tmp_path.glob("marquee-metrics-*"))
