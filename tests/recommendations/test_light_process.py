import json
import os
import subprocess
import sys
from pathlib import Path

from apps.recommendations.registry import NAMES

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"pandas", "sklearn", "jax", "jaxlib", "optax", "torch"}

TRAIN = """
import django
django.setup()
from django.core.management import call_command
from tests.factories import FavoriteFactory, UserFactory
from tests.recommendations.community import settle
call_command("migrate", verbosity=0)
FavoriteFactory(movie=settle()[0], user=UserFactory(email="fan@example.org"))
call_command("train", verbosity=0)
"""
SERVE = """
import json, sys
import django
django.setup()
from rest_framework.test import APIClient
from apps.authentication.models import User
from apps.authentication.sessions import session_open
from apps.recommendations.registry import NAMES
client = APIClient()
client.credentials(HTTP_AUTHORIZATION="Bearer " + session_open(User.objects.get(email="fan@example.org")).access)
url = "/api/v1/recommendations/"
answers = [client.get(url, {"algorithm": name}, headers={"host": "localhost"}).json() for name in NAMES]
served = [answer["meta"]["served"] for answer in answers]
client.get(url + "algorithms/", headers={"host": "localhost"})
print(json.dumps({"served": served, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def run(script, folder):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "ARTIFACT_ROOT": str(folder / "artifacts"),
    }
    done = subprocess.run(  # noqa: S603  # our own interpreter, our own script
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_web_process_that_has_asked_every_engine_holds_nothing_that_learns(tmp_path):
    run(TRAIN, tmp_path)
    seen = json.loads(run(SERVE, tmp_path))
    assert seen["served"] == list(NAMES)
    assert "numpy" in seen["modules"]
    assert not HEAVY & set(seen["modules"])
