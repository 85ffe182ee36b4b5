"""The suite: any database and cache of the environment, jobs in the caller's thread, cheap password hashes."""

import tempfile
from pathlib import Path

from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES, SIMPLE_JWT

SECRET_KEY = "a-key-for-tests-alone"
SIMPLE_JWT["SIGNING_KEY"] = JWT_SIGNING_KEY = "a-signing-key-for-tests-alone-of-32-bytes"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
JOBS_EAGER = True
CELERY_BROKER_URL = ""
SESSION_CACHE_SECONDS = 0  # what is told on commit never is in a test's own transaction; tests of the cache set it
THROTTLES = {}  # a test of throttles sets its own
TMDB_READ_TOKEN = TMDB_API_KEY = ""  # no test speaks to TMDb by accident; tests/live reads the environment itself
ARTIFACT_ROOT = Path(tempfile.mkdtemp(prefix="marquee-artifacts-"))
STATIC_ROOT = Path(tempfile.mkdtemp(prefix="marquee-static-"))  # whitenoise warns where it is missing
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["NAME"] = ":memory:"
