import gzip
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAIL = """
import logging, sys, urllib.request
import django
django.setup()
from django.test import Client, override_settings
from utils.sentry import report_to
import sentry_sdk

report_to(sys.argv[1], release="0.1.0+abc")
headers = {"Authorization": "Basic abc.def.ghi", "Cookie": "a=hidden", "Referer": "https://a.org/my-secret-wish"}
urllib.request.urlopen(sys.argv[1].replace("key@", "").removesuffix("1") + "ask?api_key=KEYKEY&query=my-secret-wish")
with override_settings(ROOT_URLCONF="tests.utils.failing_urls", ALLOWED_HOSTS=["testserver"]):
    print(Client(raise_request_exception=False).get("/fail/unknown/", headers=headers).status_code)
logging.getLogger("tests").error("the mailbox of ann@example.org is full")
sentry_sdk.flush()
"""  # in a process of its own, since the package changes how threads and loggers work


@contextmanager
def sentry():
    """One on loopback: its address, and the bodies that it gets."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://key@127.0.0.1:{server.server_port}/1", got
        finally:
            server.shutdown()
            thread.join()


def test_a_failure_is_told_without_naming_a_person():
    with sentry() as (dsn, got):
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.testing"}
        command = [sys.executable, "-c", FAIL, dsn]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert done.stdout.split() == ["500"]
    told = b"".join(got).decode()
    assert "0.1.0+abc" in told
    assert "stacktrace" in told
    assert "the mailbox of [email] is full" in told
    assert not [word for word in ("my-secret-wish", "KEYKEY", "abc.def.ghi", "hidden", "ann@") if word in told]
