"""How the hosted workflow speaks to a server; ssh is played by a program on the PATH, which tells what it was given."""

import os
import subprocess

import pytest

from benchmarks.drills.stack import ROOT

SSH = """#!/bin/sh
for word in "$@"; do echo "$word"; done
stat --format "%a" "$2"
cat "$2"
exit 7
"""
GIVEN = {
    "DEPLOY_TARGET": "deploy@api.example.org",
    "DEPLOY_KEY": "a private\nkey",
    "DEPLOY_HOST_KEY": "api.example.org k",
}


def on_server(folder, *words, **env):
    (folder / "ssh").write_text(SSH)
    (folder / "ssh").chmod(0o755)
    return subprocess.run(  # noqa: S603 - our own script
        [ROOT / ".ci" / "on-server", *words],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_speaks_to_the_known_server_alone_and_leaves_no_key_behind(tmp_path):
    told = on_server(tmp_path, "release", "sha256:a", "sha256:b", **GIVEN)
    lines = told.stdout.splitlines()
    assert told.returncode == 7  # the script's own, of the other side
    assert {"StrictHostKeyChecking=yes", "BatchMode=yes", "GlobalKnownHostsFile=/dev/null"} < set(lines)
    assert "deploy@api.example.org\nrelease sha256:a sha256:b\n" in told.stdout
    assert lines[-3:] == ["600", "a private", "key"]
    assert [path.name for path in tmp_path.iterdir()] == ["ssh"]


@pytest.mark.parametrize("missing", GIVEN)
def test_asks_for_what_is_missing(tmp_path, missing):
    told = on_server(tmp_path, "status", **GIVEN | {missing: ""})
    assert told.returncode != 0
    assert missing in told.stderr


def test_a_dry_run_says_the_command_and_runs_nothing(tmp_path):
    told = on_server(tmp_path, "--dry-run", "rollback", **GIVEN)
    assert (told.returncode, told.stdout.count("\n")) == (0, 1)
    assert told.stdout.endswith("-- deploy@api.example.org rollback\n")
