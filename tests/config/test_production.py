import os
import subprocess
import sys

import pytest

LONG, OTHER = "x" * 40, "y" * 40
GOOD = {"SECRET_KEY": LONG, "JWT_SIGNING_KEY": OTHER, "ALLOWED_HOSTS": "api.example.org"}


def start(**environment):
    """What a process under production settings exits with, and what it says."""
    return subprocess.run(  # our own interpreter, our own settings
        [sys.executable, "-c", "import django; django.setup()"],
        env={"DJANGO_SETTINGS_MODULE": "config.settings.production", "PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_starts_with_secrets_of_its_own():
    assert start(**GOOD).returncode == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be at least 32"),
        ({"JWT_SIGNING_KEY": "short"}, "JWT_SIGNING_KEY must be at least 32"),
        ({"JWT_SIGNING_KEY": "development-only-signing-key-that-production-refuses"}, "JWT_SIGNING_KEY must be"),
        ({"JWT_SIGNING_KEY": LONG}, "must differ"),
        ({"SECRET_KEY": "this-machine-only-django-key-change-it-for-a-server"}, "docker-compose.yml publishes"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
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
