"""deploy/watch and deploy/remote as they are; Docker and the site are played by a program on the PATH and a server."""

import os
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.drills.stack import ROOT

COMMIT = "480f5b1"
ANSWERS = {
    "/health/live/": '{"status":"ok"}',
    "/health/ready/": '{"status":"ok"}',
    "/api/v1/meta/": f'{{"commit":"{COMMIT}"}}',
    "/api/v1/movies/": '{"success":true}',
    "/api/docs/": "<title>swagger</title>",
}
METRICS = """
marquee_requests_total{{method="GET",route="/a/",status="200"}} {good}
marquee_requests_total{{method="GET",route="/b/",status="404"}} 40
marquee_requests_total{{method="GET",route="/b/",status="503"}} {failed}
marquee_request_seconds_bucket{{le="0.1",route="/a/"}} 1
marquee_request_seconds_bucket{{le="0.5",route="/a/"}} {fast}
marquee_request_seconds_count{{route="/a/"}} {good}
"""
# Each look sees the next of these, and the last one for ever.
DOCKER = """#!/bin/sh
n=$(cat "$MARQUEE_HOME/looks"); echo $((n + 1)) >"$MARQUEE_HOME/looks"
[ -f "$MARQUEE_HOME/metrics.$n" ] || n=last
cat "$MARQUEE_HOME/metrics.$n"
"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        body = ANSWERS.get(path, '{"success":false}').encode()
        self.send_response(503 if self.server.is_down else 200 if path in ANSWERS else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def site(*, is_down=False):
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.is_down = is_down
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def home(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "release.env").write_text("MARQUEE_COLOUR=green\n")
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return tmp_path


def counted(home, *looks):
    """What the web has counted at the first look, the second, and from then on: requests, failures, fast answers."""
    (home / "looks").write_text("0")
    for number, (good, failed, fast) in enumerate(looks):
        name = "last" if number == len(looks) - 1 else number
        (home / f"metrics.{name}").write_text(METRICS.format(good=good, failed=failed, fast=fast))


def run(home, script, *words, port=1, asked=""):
    (home / "production.env").write_text(f"SITE_ADDRESS=http://localhost\nHTTP_PORT={port}\nRELEASE_FROM=ghcr.io/you\n")
    return subprocess.run(  # noqa: S603 - our own scripts
        [ROOT / "deploy" / script, *words],
        env=os.environ
        | {"MARQUEE_HOME": str(home), "SSH_ORIGINAL_COMMAND": asked, "PATH": f"{home}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def watch(home, *words, is_down=False):
    with site(is_down=is_down) as port:
        return run(home, "watch", "--seconds", "3", "--every", "1", *words, port=port)


def test_a_release_that_is_well_is_watched_to_the_end(home):
    counted(home, (1000, 7, 900), (9000, 11, 8890))  # four failures more, and ten slow ones
    watched = watch(home, "--commit", COMMIT, "--rollback")
    assert watched.returncode == 0, watched.stderr
    assert "well: 8004 requests, 4 failed, 10 slow" in watched.stderr


@pytest.mark.parametrize(
    ("then", "breach"),
    [
        ((2000, 12, 1900), "5 of 1005 requests failed"),
        ((20, 0, 20), "web-green counts anew"),
        ((2000, 7, 1849), "51 of 1000 answers took more than 500 ms"),
    ],
)
def test_too_many_failures_or_slow_answers_are_rolled_back(home, then, breach):
    counted(home, (1000, 7, 900), (1000, 7, 900), then)
    watched = watch(home, "--rollback")
    assert watched.returncode == 1
    assert f"BREACH: {breach}" in watched.stderr
    assert "there is no version before this one" in watched.stderr  # says deploy/rollback


def test_without_being_told_it_rolls_nothing_back(home):
    counted(home, (1000, 7, 900))
    watched = watch(home, is_down=True)
    assert watched.returncode == 1
    assert "BREACH: the smoke test failed twice in a row" in watched.stderr
    assert "no version before" not in watched.stderr


def test_another_commit_than_the_released_one_is_a_breach(home):
    counted(home, (1000, 7, 900))
    assert "BREACH: the smoke test" in watch(home, "--commit", "0123456").stderr


def test_a_web_that_does_not_tell_what_it_counts_is_a_breach(home):
    counted(home, (1000, 7, 900), (1000, 7, 900))
    (home / "metrics.last").unlink()
    assert "BREACH: web-green does not tell what it counts" in watch(home).stderr


def test_the_key_of_the_workflow_releases_from_its_own_registry(home):
    one, other = "sha256:" + "a" * 64, "sha256:" + "0" * 64
    told = run(home, "remote", "--dry-run", asked=f"release {one} {other}")
    assert told.returncode == 0
    assert f"/deploy/release ghcr.io/you/marquee@{one} ghcr.io/you/marquee-training@{other}\n" in told.stderr


@pytest.mark.parametrize(
    "asked",
    ["status", "rollback", "smoke --commit 480f5b1", "watch --seconds 600 --commit 480f5b1 --rollback", "watch"],
)
def test_the_key_of_the_workflow_may_look_and_go_back(home, asked):
    told = run(home, "remote", "--dry-run", asked=asked)
    assert (told.returncode, told.stderr.splitlines()[-1]) == (0, f"+ {ROOT}/deploy/{asked}")


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bash",
        "release",
        "release marquee:1.2 marquee-training:1.2",
        "release ghcr.io/others/marquee@sha256:" + "a" * 64,
        f"release sha256:{'a' * 64} sha256:{'a' * 64} --no-backup",
        "rollback; id",
        "rollback\nid",
        "status $(id)",
        "restore newest",
        "smoke --url http://127.0.0.1",
        "watch --seconds 600 --commit ../../x",
    ],
)
def test_the_key_of_the_workflow_opens_nothing_else(home, asked):
    refused = run(home, "remote", "--dry-run", asked=asked)
    assert refused.returncode == 1
    assert "not for this key" in refused.stderr
    assert "\n+ " not in refused.stderr
