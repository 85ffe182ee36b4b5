import re

import pytest
from rest_framework.test import APIClient

from tests.factories import PASSWORD


@pytest.fixture
def sign_in():
    """Sign a user in through the API; the tokens of the new session."""

    def sign_in(user):
        response = APIClient().post("/api/v1/auth/login/", {"email": user.email, "password": PASSWORD})
        return response.json()["data"]

    return sign_in


@pytest.fixture
def me():
    """The answer of /auth/me/ to the bearer of an access token."""

    def me(access):
        return APIClient().get("/api/v1/auth/me/", HTTP_AUTHORIZATION=f"Bearer {access}")

    return me


@pytest.fixture
def refresh():
    """The answer to an exchange of a refresh token."""

    def refresh(token):
        return APIClient().post("/api/v1/auth/token/refresh/", {"refresh": token})

    return refresh


@pytest.fixture
def post(anonymous, django_capture_on_commit_callbacks):
    """The answer to a POST under /auth/, after whatever it has set going."""

    def post(path, body, client=anonymous):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(f"/api/v1/auth/{path}/", body)

    return post


@pytest.fixture
def token_in(mailoutbox):
    """What the link in the newest mail to an address carries."""

    def token_in(address):
        (mail,) = [mail for mail in mailoutbox if mail.to == [address]][-1:]
        return re.search(r"#token=([\w-]+)", mail.body)[1]

    return token_in
