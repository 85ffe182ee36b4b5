import os
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from rest_framework.test import APIClient
from xdist.scheduler import LoadScopeScheduling

from apps.authentication.sessions import session_open
from apps.movies import search as titles
from apps.recommendations import lists
from tests.factories import UserFactory
from tests.fake_tmdb import FakeTMDb
from utils import cache, shared
from utils.tmdb_client.limits import BREAKER_OPEN

# What JAX compiles once serves every process and every run after it: nine tenths of a small fit.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "var" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

hypothesis.settings.register_profile("marquee", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("marquee")  # the same examples on every run


# What starts processes or fills a database once, for all its tests: these go to one worker. xdist 3.8 has a mark for
# that, xdist_group, but writes it into _nodeid, where pytest 9.2 does not look any more.
STARTED_ONCE = ("tests/journey/", "tests/deploy/test_backup.py")


class Scheduling(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        return next((start for start in STARTED_ONCE if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def nothing_kept(settings):
    """Answers of an earlier test would be answers of this one."""
    if settings.REDIS_URL:
        settings.CACHE_PREFIX = f"test:{uuid4()}"
    cache.forget_all()
    lists.forget_all()
    shared.BREAKER.close()


@pytest.fixture
def n_films():
    """How many films ``tmdb`` has, the deleted among them."""
    return 300


@pytest.fixture
def tmdb(settings, n_films):
    """A TMDb of our own, on the wire; the process asks it as it would ask the real one."""
    titles.vocabulary_keeper.reset()
    with FakeTMDb(n_films=n_films, token="test-token") as fake:
        settings.TMDB_BASE_URL = fake.url
        settings.TMDB_EXPORTS_URL = fake.exports_url
        settings.TMDB_READ_TOKEN = fake.token
        settings.TMDB_API_KEY = ""
        settings.TMDB_RATE_PER_SECOND = 5000
        yield fake
    titles.vocabulary_keeper.reset()
    BREAKER_OPEN.set(0)  # this TMDb's breaker is nobody else's


@pytest.fixture
def anonymous():
    """A client without a token."""
    return APIClient()


@pytest.fixture
def user(db):
    return UserFactory()


@pytest.fixture
def api(user):
    """A client signed in as ``user``, with a real access token."""
    return signed_in(user)


@pytest.fixture
def stranger(db):
    """A client signed in as somebody else."""
    return signed_in(UserFactory())


def signed_in(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_open(user).access}")
    return client
