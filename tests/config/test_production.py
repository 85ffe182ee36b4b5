import os
import subprocess
import sys

import pytest

LONG, OTHER = (
    "0vAqoT3XQ7nV-one-of-our-own-long-random-keys-Zk41eXbU",
    "f9LwB2mYc8Rs-another-of-our-own-random-keys-Pd67aH",
)
GOOD = {"SECRET_KEY": LONG, "JWT_SIGNING_KEY": OTHER, "ALLOWED_HOSTS": "api.example.org"}


def start(*command, **environment):
    """What a process under production settings exits with, and what it says."""
    return subprocess.run(  # noqa: S603 - our own interpreter, our own settings
        [sys.executable, *(command or ("-c", "import django; django.setup()"))],
        env={"DJANGO_SETTINGS_MODULE": "config.settings.production", "PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_starts_with_secrets_of_its_own():
    assert start(**GOOD).returncode == 0


def test_starts_with_hosts_and_frontends_that_are_named():
    named = {
        "ALLOWED_HOSTS": ".example.org,[::1]",
        "CORS_ALLOWED_ORIGINS": "https://app.example.org,http://localhost:3000",
    }
    assert start(**GOOD | named).returncode == 0


def test_django_finds_nothing_to_warn_of():
    checked = start("manage.py", "check", "--deploy", "--fail-level", "WARNING", **GOOD)
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be at least 32"),
        ({"JWT_SIGNING_KEY": "short"}, "JWT_SIGNING_KEY must be at least 32"),
        ({"JWT_SIGNING_KEY": "development-only-signing-key-that-production-refuses"}, "JWT_SIGNING_KEY must be"),
        ({"JWT_SIGNING_KEY": LONG}, "must differ"),
        ({"SECRET_KEY": "this-machine-only-django-key-change-it-for-a-server"}, "docker-compose.yml publishes"),
        ({"JWT_SIGNING_KEY": "this-machine-only-token-key-change-it-for-a-server"}, "JWT_SIGNING_KEY is the one"),
        ({"SECRET_KEY": "x" * 64}, "SECRET_KEY must be at least 32 random characters"),
        ({"JWT_SIGNING_KEY": "password" * 8}, "JWT_SIGNING_KEY must be at least 32 random characters"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "api.example.org,*"}, "ALLOWED_HOSTS holds *: name each host"),
        ({"ALLOWED_HOSTS": "*.example.org"}, "ALLOWED_HOSTS holds *.example.org: name each host"),
        ({"ALLOWED_HOSTS": "https://api.example.org"}, "ALLOWED_HOSTS holds https://api.example.org: name each host"),
        ({"CORS_ALLOWED_ORIGINS": "*"}, "CORS_ALLOWED_ORIGINS holds *: name each origin"),
        ({"CORS_ALLOWED_ORIGINS": "https://*.example.org"}, "holds https://*.example.org: name each origin"),
        (
            {"CORS_ALLOWED_ORIGINS": "https://app.example.org,app.example.org"},
            "holds app.example.org: name each origin",
        ),
        ({"CORS_ALLOWED_ORIGINS": "https://app.example.org/"}, "holds https://app.example.org/: name each origin"),
        ({"CORS_ALLOWED_ORIGINS": "null"}, "holds null: name each origin"),
        ({"DEBUG": "true"}, "DEBUG shows strangers"),
    ],
)
def test_refuses_to_start_without_them_and_says_what_to_do(change, complaint):
    refused = start(**GOOD | change)
    assert refused.returncode != 0
    assert complaint in refused.stderr


def test_reads_a_secret_from_the_file_that_a_variable_names(tmp_path):
    (tmp_path / "key").write_text(LONG)
    assert start(**{name: GOOD[name] for name in ("JWT_SIGNING_KEY", "ALLOWED_HOSTS")}).returncode != 0
    named = {name: GOOD[name] for name in ("JWT_SIGNING_KEY", "ALLOWED_HOSTS")}
    assert start(**named, SECRET_KEY_FILE=str(tmp_path / "key")).returncode == 0
