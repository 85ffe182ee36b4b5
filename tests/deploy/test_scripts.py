"""The scripts of deploy/ before anything runs: their help, their refusals, what they would do, what they write."""

import os
import stat
import subprocess

import pytest
import yaml

from benchmarks.drills.stack import ROOT
from config.settings.base import VERSION

SCRIPTS = ("bootstrap", "compose", "manage", "release", "rollback", "smoke", "status")
WEB = "registry.example.org/marquee@sha256:" + "a" * 64
TRAINING = "registry.example.org/marquee-training@sha256:" + "b" * 64
STATE = "MARQUEE_COLOUR=blue\nMARQUEE_IMAGE=m:1\nMARQUEE_TRAINING_IMAGE=t:1\nMARQUEE_PREVIOUS_IMAGE=m:0\n"
DRY = {
    "bootstrap": ("--site", "api.example.org", "--email", "ops@example.org", "--no-docker"),
    "release": (WEB, TRAINING),
    "rollback": (),
    "smoke": (),
    "status": (),
}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a directory is given to the containers' user")


def script(name, *words, home):
    env = {"PATH": os.environ["PATH"], "MARQUEE_HOME": str(home), "DOCKER_HOST": "unix:///nowhere"}
    command = [str(ROOT / "deploy" / name), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=20)  # noqa: S603 - our own


@pytest.fixture
def home(tmp_path):
    """A server where something is released, as far as its files say."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state/release.env").write_text(STATE)
    (tmp_path / "production.env").write_text("SITE_ADDRESS=api.example.org\nALLOWED_HOSTS=api.example.org\n")
    return tmp_path


def contents(home):
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_names_the_script_and_exits_well(name, tmp_path):
    told = script(name, "--help", home=tmp_path)
    assert told.returncode == 0
    assert f"deploy/{name}" in told.stdout


@pytest.mark.parametrize("name", sorted(DRY))
def test_an_unknown_option_is_refused(name, home):
    told = script(name, "--nonsense", home=home)
    assert told.returncode == 1
    assert "--nonsense" in told.stderr


@pytest.mark.parametrize("name", sorted(DRY))
def test_a_dry_run_says_what_it_would_do_and_does_nothing(name, home):
    before = contents(home)
    told = script(name, *DRY[name], "--dry-run", home=home)
    assert told.returncode == 0, told.stderr
    assert "+ " in told.stderr or "stays" in told.stderr
    assert contents(home) == before


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - {"bootstrap"}))
def test_without_a_prepared_server_it_says_what_to_do(name, tmp_path):
    told = script(name, *(DRY.get(name) or (() if name in DRY else ("ps",))), home=tmp_path / "none")
    assert told.returncode == 1
    assert "deploy/bootstrap" in told.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "which image"),
        (("marquee:1.2",), "by digest"),
        ((WEB,), "the worker's image is missing"),
        ((WEB, TRAINING, WEB), "one image too many"),
        (("a b", TRAINING), "no image"),
        (("$(reboot)", TRAINING), "no image"),
    ],
)
def test_a_release_of_nonsense_is_refused(words, why, home):
    told = script("release", *words, home=home)
    assert told.returncode == 1
    assert why in told.stderr


def test_a_dry_release_says_each_step_in_its_order(home):
    said = script("release", WEB, TRAINING, "--dry-run", home=home).stderr
    steps = [
        "pull",
        "up --detach --wait postgres",
        "backup",
        "run --rm",
        "web-green",
        "smoke",
        "stop web-blue",
        "worker",
    ]
    places = [said.index(step) for step in steps]
    assert places == sorted(places)


def test_a_rollback_releases_what_was_before_and_neither_pulls_nor_migrates(home):
    said = script("rollback", "--dry-run", home=home).stderr
    assert not [word for word in ("pull", "run --rm", "backup") if word in said]
    assert "web-green" in said


@as_root
def test_bootstrap_keeps_secrets_to_itself_and_never_makes_them_anew(tmp_path):
    home = tmp_path / "marquee"
    words = ("--no-docker", "--site", "http://localhost", "--http-port", "8080")
    assert script("bootstrap", *words, home=home).returncode == 0
    made = contents(home)
    secrets = home / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "production.env").stat().st_mode) == 0o600
    values = [path.read_text() for path in secrets.iterdir()]
    assert len((secrets / "secret_key").read_text()) >= 50
    assert (secrets / "secret_key").read_text() != (secrets / "jwt_signing_key").read_text()
    settings = (home / "production.env").read_text()
    assert {"SITE_ADDRESS=http://localhost", "HTTP_PORT=8080", "SECURE_SSL_REDIRECT=false"} <= set(settings.split("\n"))
    again = script("bootstrap", *words, home=home)
    assert again.returncode == 0
    assert contents(home) == made
    assert not any(len(value) > 20 and value in again.stderr for value in values)


@pytest.mark.parametrize("site", ["api.example.org/path", "https://api.example.org", "a;b", ""])
def test_bootstrap_refuses_an_address_that_is_none(site, tmp_path):
    assert script("bootstrap", "--no-docker", "--dry-run", "--site", site, home=tmp_path).returncode == 1


def stack():
    return yaml.safe_load((ROOT / "deploy/compose.production.yml").read_text())


@pytest.mark.parametrize("name", sorted(stack()["services"]))
def test_every_container_is_hardened(name):
    service = stack()["services"][name]
    assert service["read_only"]
    assert service["init"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "restart", "stop_grace_period", "healthcheck"} <= set(service)
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


def test_only_the_proxy_is_published_and_the_stores_are_inside():
    told = stack()
    assert [name for name, service in told["services"].items() if "ports" in service] == ["proxy"]
    assert told["networks"]["back"]["internal"]
    assert all(told["services"][name]["networks"] == ["back"] for name in ("postgres", "redis", "migrate", "beat"))
    assert told["services"]["proxy"]["networks"] == ["front"]


def test_no_secret_is_in_an_environment():
    for service in stack()["services"].values():
        for name in service.get("environment", {}):
            assert not name.endswith(("_KEY", "_PASSWORD", "_TOKEN", "DATABASE_URL", "REDIS_URL")), name


def test_the_images_label_is_the_applications_version():
    assert (ROOT / "Dockerfile").read_text().count(f"ARG VERSION={VERSION}\n") == 2
