import re

import pytest
from django.urls import URLPattern, get_resolver

from tests.conftest import signed_in
from tests.factories import UserFactory

PUBLIC = {
    ("POST", "/api/v1/auth/email/verify/"),
    ("POST", "/api/v1/auth/email/verify/resend/"),
    ("POST", "/api/v1/auth/login/"),
    ("POST", "/api/v1/auth/password/reset/"),
    ("POST", "/api/v1/auth/password/reset/confirm/"),
    ("POST", "/api/v1/auth/register/"),
    ("POST", "/api/v1/auth/token/refresh/"),
    ("POST", "/api/v1/auth/token/verify/"),
    ("GET", "/api/v1/meta/"),
    ("GET", "/api/v1/movies/"),
    ("GET", "/api/v1/movies/1/"),
    ("GET", "/api/v1/movies/1/similar/"),
    ("GET", "/api/v1/movies/discover/"),
    ("GET", "/api/v1/movies/genres/"),
    ("GET", "/api/v1/movies/now-playing/"),
    ("GET", "/api/v1/movies/people/1/"),
    ("GET", "/api/v1/movies/popular/"),
    ("GET", "/api/v1/movies/search/"),
    ("GET", "/api/v1/movies/top-rated/"),
    ("GET", "/api/v1/movies/trending/"),
    ("GET", "/api/v1/movies/upcoming/"),
    ("GET", "/api/v1/recommendations/algorithms/"),
    ("POST", "/api/v1/recommendations/feedback/"),
    ("GET", "/api/v1/recommendations/onboarding/"),
    ("POST", "/api/v1/recommendations/session/"),
    ("GET", "/api/v1/recommendations/similar/1/"),
}
FOR_STAFF = {
    ("POST", "/api/v1/movies/genres/sync/"),
    ("GET", "/api/v1/recommendations/analytics/"),
    ("GET", "/api/v1/recommendations/models/"),
    ("GET", "/api/v1/recommendations/models/1/"),
    ("POST", "/api/v1/recommendations/models/1/activate/"),
    ("POST", "/api/v1/recommendations/models/roll-back/"),
}
NO_UUID = "00000000-0000-0000-0000-000000000000"
METHODS = ("get", "post", "put", "patch", "delete")


def patterns(resolver, prefix="/"):
    """Every path of the URL table with its view, parameters filled in."""
    for entry in resolver.url_patterns:
        path = prefix + re.sub(r"<[^>]+>", "1", re.sub(r"<uuid:[^>]+>", NO_UUID, str(entry.pattern)))
        if isinstance(entry, URLPattern):
            yield path, entry.callback
        else:
            yield from patterns(entry, path)


def endpoints():
    for path, view in patterns(get_resolver()):
        if path.startswith("/api/v1/"):
            answered = getattr(view, "actions", None) or {method for method in METHODS if hasattr(view.cls, method)}
            yield from ((method.upper(), path) for method in answered)


ENDPOINTS = sorted(endpoints(), key=lambda endpoint: endpoint[::-1])

pytestmark = pytest.mark.django_db


def test_the_walk_finds_the_api():
    assert set(ENDPOINTS) > PUBLIC
    assert {("POST", "/api/v1/favorites/"), ("PUT", "/api/v1/ratings/1/"), ("PATCH", "/api/v1/preferences/")} <= set(
        ENDPOINTS
    )


@pytest.mark.parametrize(("method", "path"), [endpoint for endpoint in ENDPOINTS if endpoint not in PUBLIC])
def test_a_private_endpoint_is_401_without_a_token(anonymous, method, path):
    for tried in (method, "OPTIONS"):
        response = anonymous.generic(tried, path, "{}", content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(("method", "path"), sorted(PUBLIC))
def test_a_public_endpoint_asks_for_no_token(anonymous, method, path):
    response = anonymous.generic(method, path, "{}", content_type="application/json")
    assert response.status_code in {200, 400, 404}


@pytest.mark.parametrize(("method", "path"), sorted(FOR_STAFF))
def test_a_staff_endpoint_is_403_for_a_user_and_describes_itself_to_staff_alone(api, method, path):
    for tried in (method, "OPTIONS"):
        response = api.generic(tried, path, "{}", content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
        assert "no-store" in response["Cache-Control"]
    staff = signed_in(UserFactory(is_staff=True))
    assert staff.options(path).json()["success"] is True


@pytest.mark.parametrize("path", sorted({path for method, path in ENDPOINTS if (method, path) not in FOR_STAFF}))
def test_every_other_endpoint_describes_itself_to_a_user(api, path):
    assert api.options(path).json()["success"] is True
