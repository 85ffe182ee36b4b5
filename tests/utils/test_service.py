import pytest

from utils.service import ATTRIBUTION, PROVIDERS_ATTRIBUTION


def test_the_service_says_what_it_is_and_whose_data_it_shows(anonymous, settings):
    settings.COMMIT = "abc1234"
    response = anonymous.get("/api/v1/meta/")
    assert response.json()["data"] == {
        "name": "Marquee",
        "version": settings.VERSION,
        "commit": "abc1234",
        "attribution": ATTRIBUTION,
        "providers_attribution": PROVIDERS_ATTRIBUTION,
    }
    assert "not endorsed, certified, or otherwise approved by TMDB" in ATTRIBUTION


def test_anybody_may_keep_the_anonymous_answer_and_nobody_a_personal_one(anonymous, api):
    kept, personal = anonymous.get("/api/v1/movies/"), api.get("/api/v1/movies/")
    assert kept["Cache-Control"] == "public, max-age=60"
    assert set(personal["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert all("Authorization" in response["Vary"] for response in (kept, personal))


def test_an_error_is_kept_by_nobody(anonymous):
    assert "no-store" in anonymous.get("/api/v1/meta/?foo=1")["Cache-Control"]


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_the_pages_of_the_documentation_load_nothing_from_elsewhere(client, path):
    page = client.get(path).content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert 'src="http' not in page
    assert 'href="http' not in page
