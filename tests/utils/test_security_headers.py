from html.parser import HTMLParser

import pytest
from django.contrib.auth import get_user_model

from apps.favorites.models import Favorite
from tests.factories import FavoriteFactory, MovieFactory, UserFactory

NOTHING = {name: ["'none'"] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")}
PAGES = ["/api/docs/", "/api/redoc/", "/admin/login/"]
STATIC = "/static/docs/swagger.js"
APP, STRANGER = "https://app.example.org", "https://evil.example"


def policy(response):
    directives = [directive.split() for directive in response["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in directives}


@pytest.fixture
def operator(client, db):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def files(settings):
    """Static files are served, as they are in production once they are collected."""
    settings.WHITENOISE_USE_FINDERS = True


@pytest.fixture
def answers(files, api, anonymous, operator):
    """One answer of each kind, by what it is."""
    movie = MovieFactory()
    answers = {
        "200": anonymous.get("/api/v1/meta/"),
        "private": api.get("/api/v1/favorites/"),
        "201": api.post("/api/v1/favorites/", {"tmdb_id": movie.tmdb_id}),
        "204": api.delete(f"/api/v1/favorites/{movie.tmdb_id}/"),
        "400": anonymous.get("/api/v1/meta/?foo=1"),
        "401": anonymous.get("/api/v1/favorites/"),
        "404": anonymous.get("/api/v1/movies/1/"),
        "405": anonymous.delete("/api/v1/meta/"),
        "unknown path": anonymous.get("/nowhere/"),
        "host of somebody else": anonymous.get("/api/v1/meta/", headers={"Host": "evil.example"}),
        "file": api.get("/api/v1/auth/export/"),
        "schema": anonymous.get("/api/schema/"),
        "static": anonymous.head(STATIC),
        "alive": anonymous.get("/health/live/"),
        "ready": anonymous.get("/health/ready/"),
        "metrics": anonymous.get("/metrics"),
        "docs": anonymous.get("/api/docs/"),
        "redoc": anonymous.get("/api/redoc/"),
        "login": anonymous.get("/admin/login/"),
        "redirect to the login": anonymous.get("/admin/"),
        "admin": operator.get("/admin/"),
        "change list": operator.get("/admin/movies/movie/"),
        "status": operator.get("/admin/movies/movie/status/"),
        "nothing in the admin": operator.get("/admin/nowhere/"),
    }
    yield answers
    for response in answers.values():
        response.close()


ON_PAGES = {"docs", "redoc", "login", "redirect to the login", "admin", "change list", "status"}


def preflight(client, origin):
    return client.options("/api/v1/favorites/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})


def test_every_answer_keeps_to_itself(answers):
    for name, response in answers.items():
        assert response["X-Content-Type-Options"] == "nosniff", name
        assert response["X-Frame-Options"] == "DENY", name
        assert response["Referrer-Policy"] == "same-origin", name
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", name


def test_what_is_no_page_loads_nothing(answers):
    assert {name for name, response in answers.items() if policy(response) == NOTHING} == set(answers) - ON_PAGES


def test_a_page_may_only_load_what_is_ours_and_no_script_that_is_written_into_it(answers):
    for name in ON_PAGES:
        allowed = policy(answers[name])
        assert allowed["default-src"] == allowed["base-uri"] == allowed["frame-ancestors"] == ["'none'"], name
        assert allowed["script-src"] == ["'self'"], name
        sources = {source for directive in allowed.values() for source in directive}
        assert not [source for source in sources if "unsafe" in source or "*" in source or "//" in source], name


def test_they_are_the_answers_that_were_meant(answers):
    statuses = {name: response.status_code for name, response in answers.items()}
    as_said = {name: int(name) for name in statuses if name.isdigit()}
    others = {
        "unknown path": 404,
        "host of somebody else": 400,
        "redirect to the login": 302,
        "nothing in the admin": 404,
    }
    assert statuses == dict.fromkeys(statuses, 200) | as_said | others


class Inline(HTMLParser):
    """Collects what a policy without 'unsafe-inline' would block."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found += [f"{tag} {name}" for name in attrs if name.startswith("on") or name == "style"]
        self.found += [f"{tag} {value}" for value in attrs.values() if (value or "").startswith("javascript:")]
        is_script = tag == "script" and attrs.get("type", "") in ("", "module", "text/javascript")
        self.open = tag if tag == "style" or (is_script and "src" not in attrs) else None

    def handle_data(self, data):
        if self.open and data.strip():
            self.found.append(f"{self.open}: {data.strip()[:40]}")

    def handle_endtag(self, tag):
        self.open = None


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<script>go()</script>", ["script: go()"]),
        ('<script type="module">go()</script>', ["script: go()"]),
        ("<style>p {}</style>", ["style: p {}"]),
        ('<p style="color: red" onclick="go()">', ["p style", "p onclick"]),
        ('<a href="javascript:go()">', ["a javascript:go()"]),
        ('<script src="/x.js"></script><script type="application/json">{}</script>', []),
    ],
)
def test_inline_code_is_seen(page, found):
    assert Inline(page).found == found


@pytest.mark.parametrize("path", PAGES)
def test_no_public_page_has_inline_code(anonymous, db, path):
    response = anonymous.get(path)
    assert response.status_code == 200
    assert not Inline(response.content.decode()).found


@pytest.mark.parametrize(
    "path", ["", "movies/movie/", "movies/movie/add/", "movies/movie/status/", "favorites/favorite/"]
)
def test_no_page_of_the_admin_has_inline_code(operator, path):
    FavoriteFactory()
    response = operator.get(f"/admin/{path}")
    assert response.status_code == 200
    assert not Inline(response.content.decode()).found


def test_the_documentation_leaves_no_cookie(anonymous, db):
    assert not [path for path in PAGES[:2] if anonymous.get(path).cookies]


@pytest.fixture
def one_frontend(settings):
    settings.CORS_ALLOWED_ORIGINS = [APP]


@pytest.mark.parametrize("origin", [STRANGER, "null", f"{APP}.evil.example", "http://app.example.org", f"{APP}:8443"])
def test_another_origin_reads_nothing(files, anonymous, db, one_frontend, origin):
    asked = {"Origin": origin}
    paths = ["/api/v1/meta/", "/api/v1/favorites/", "/nowhere/", "/health/live/", "/metrics"]
    answers = [anonymous.get(path, headers=asked) for path in paths]
    for response in [*answers, preflight(anonymous, origin), anonymous.head(STATIC, headers=asked)]:
        assert "Access-Control-Allow-Origin" not in response


def test_a_frontend_of_ours_reads_answers_and_refusals_but_sends_no_cookies(anonymous, db, one_frontend):
    paths = ["/api/v1/meta/", "/api/v1/favorites/", "/nowhere/"]
    for response in [preflight(anonymous, APP), *(anonymous.get(path, headers={"Origin": APP}) for path in paths)]:
        assert response["Access-Control-Allow-Origin"] == APP
        assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW"])
@pytest.mark.parametrize("path", ["/api/v1/meta/", "/api/v1/movies/", "/api/docs/", "/api/schema/"])
def test_other_methods_are_refused(anonymous, db, method, path):
    response = anonymous.generic(method, path, "secret", headers={"X-Echo": "secret"})
    assert response.status_code == 405
    assert b"secret" not in response.content


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_method_is_what_the_request_line_says(api, user, header):
    favorite = FavoriteFactory(user=user)
    path = f"/api/v1/favorites/{favorite.movie.tmdb_id}/"
    assert api.get(path, headers={header: "DELETE"}).status_code == 200
    assert api.post(f"{path}?_method=DELETE", {"_method": "DELETE"}, headers={header: "DELETE"}).status_code == 405
    assert Favorite.objects.filter(pk=favorite.pk).exists()


def test_probes_and_scrapes_are_answered_over_http_where_all_else_is_sent_to_https(client, db, settings):
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/health/live/", "/health/ready/", "/metrics"):
        assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200
    for path in ("/api/v1/meta/", "/health/live/x", "/metrics/x", "/api/v1/metrics", "/admin/"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (301, f"https://testserver{path}")


def test_https_is_insisted_on_where_it_was_spoken(client, settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 3600, True
    assert client.get("/api/v1/meta/", secure=True)["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"
    assert "Strict-Transport-Security" not in client.get("/api/v1/meta/")


def test_a_login_to_the_admin_works_under_its_policy(client, db):
    staff = get_user_model().objects.create_user(email="staff@example.org", password="one-of-the-staff", is_staff=True)
    response = client.post("/admin/login/", {"username": staff.email, "password": "one-of-the-staff"})
    assert response.status_code == 302
    assert policy(response)["form-action"] == ["'self'"]
