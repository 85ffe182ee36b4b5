import pytest
from rest_framework.test import APIClient

from apps.authentication.services import session_open
from tests.factories import UserFactory


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
