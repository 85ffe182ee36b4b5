"""The hosted workflow has no logic of its own: what it runs can be run without it."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
JOBS = [
    pytest.param(name, workflow, job, id=f"{name}-{title}")
    for name, workflow in WORKFLOWS.items()
    for title, job in workflow["jobs"].items()
]
PROGRAMS = (
    ".ci/",
    "deploy/",
    "make ",
    "PHASES=coverage,fuzzing .ci/",
    "docker compose ",
    "cosign ",
    "pipx install ",
    "sudo apt-get ",
)


def commands(workflow):
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def test_every_stage_of_the_local_run_is_run_once():
    stages = re.search(r"^stages=\((.+)\)$", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE)[1].split()
    told = [stage for run in commands(WORKFLOWS["ci"]) if run.startswith(".ci/run") for stage in run.split()[1:]]
    assert sorted(told) == sorted(stages)


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_step_is_one_command(workflow):
    for run in commands(workflow):
        assert run.startswith(PROGRAMS), run
        assert len(run.replace("\\\n", "").splitlines()) == 1, run
        assert "${{" not in run  # what others can write would be part of a program


@pytest.mark.parametrize("file", FILES, ids=WORKFLOWS)
def test_an_action_is_pinned_by_commit_and_names_its_version(file):
    used = re.findall(r"uses: (.*)$", file.read_text(), flags=re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_an_action_has_one_commit_everywhere():
    used = {action for file in FILES for action in re.findall(r"uses: (\S+)@", file.read_text())}
    pinned = {action for file in FILES for action in re.findall(r"uses: (\S+@\S+)", file.read_text())}
    assert len(used) == len(pinned)


@pytest.mark.parametrize(("name", "workflow", "job"), JOBS)
def test_a_job_may_do_little_and_not_for_long(name, workflow, job):
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    assert job["permissions"]["contents"] == "read"
    assert 1 <= job["timeout-minutes"] <= 90
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_nothing_is_deployed_but_main_after_all_else_and_production_after_staging():
    jobs = WORKFLOWS["ci"]["jobs"]
    unneeded = {"build", "staging", "production", "dependencies"}  # the last is for pull requests alone
    assert set(jobs["build"]["needs"]) == set(jobs) - unneeded
    assert "refs/heads/main" in jobs["build"]["if"]
    assert jobs["staging"]["needs"] == ["build"]
    assert jobs["production"]["needs"] == ["build", "staging"]
    assert [jobs[name]["environment"]["name"] for name in ("staging", "production")] == ["staging", "production"]
    assert jobs["production"]["steps"][-1]["run"].endswith("--rollback")
