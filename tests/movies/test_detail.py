from datetime import date

import pytest

from apps.movies.models import Availability, Credit, Keyword, Person, Provider, Release, Source, Video
from tests.factories import GenreFactory, MovieFactory
from tests.movies.listing import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def alien():
    movie = MovieFactory(
        tmdb_id=348,
        source=Source.DEMO,
        imdb_id="tt0078748",
        title="Alien",
        overview="A crew answers a call.",
        release_date=date(1979, 5, 25),
        runtime=117,
        countries=["GB", "US"],
        poster_path="/poster.jpg",
        genres=[GenreFactory(tmdb_id=878, name="Science Fiction"), GenreFactory(tmdb_id=27, name="Horror")],
    )
    movie.keywords.set([Keyword.objects.create(name=name) for name in ("space", "android")])
    parts = [("crew", "Ridley Scott", "Director", 0), ("cast", "Tom Skerritt", "Dallas", 1)]
    for kind, name, role, order in [*parts, ("cast", "Sigourney Weaver", "Ripley", 0)]:
        person = Person.objects.create(name=name, tmdb_id=10205 if order == 0 and kind == "cast" else None)
        Credit.objects.create(movie=movie, person=person, kind=kind, role=role, order=order)
    return movie


def test_shows_a_film_whole(anonymous, alien):
    assert anonymous.get("/api/v1/movies/348/").json() == {
        "success": True,
        "message": "",
        "meta": {"source": "local", "simulated": False, "age": 0, "stale": False},
        "data": {
            "tmdb_id": 348,
            "imdb_id": "tt0078748",
            "title": "Alien",
            "original_title": "",
            "overview": "A crew answers a call.",
            "year": 1979,
            "release_date": "1979-05-25",
            "runtime": 117,
            "language": "en",
            "tagline": "",
            "status": "",
            "collection": "",
            "countries": ["GB", "US"],
            "genres": [{"id": 27, "name": "Horror"}, {"id": 878, "name": "Science Fiction"}],
            "popularity": 0,
            "vote_average": 0,
            "vote_count": 0,
            "adult": False,
            "source": "demo",
            "poster_url": "https://image.tmdb.org/t/p/w500/poster.jpg",
            "backdrop_url": None,
            "my": None,
            "credits": None,
            "keywords": None,
            "videos": None,
            "release_dates": None,
            "providers": None,
        },
    }


PARTS = ("credits", "keywords", "videos", "release_dates", "providers")


@pytest.mark.parametrize(
    "expand", ["", *PARTS, "keywords,credits,credits", ",".join(PARTS)], ids=lambda expand: expand or "none"
)
def test_parts_are_null_and_unread_unless_asked_for(anonymous, alien, django_assert_num_queries, expand):
    asked_for = {part for part in expand.split(",") if part}
    with django_assert_num_queries(3 + len(asked_for)):  # the film, genres, who voted; each part
        response = anonymous.get("/api/v1/movies/348/", {"expand": expand} if expand else {})
    film = response.json()["data"]
    assert {part for part in PARTS if film[part] is not None} == asked_for


def test_credits_are_the_cast_then_the_crew_in_billing_order(anonymous, alien):
    credits = anonymous.get("/api/v1/movies/348/?expand=credits").json()["data"]["credits"]
    assert [(credit["name"], credit["role"]) for credit in credits] == [
        ("Sigourney Weaver", "Ripley"),
        ("Tom Skerritt", "Dallas"),
        ("Ridley Scott", "Director"),
    ]
    assert credits[0] == {"tmdb_id": 10205, "name": "Sigourney Weaver", "kind": "cast", "role": "Ripley", "order": 0}
    assert credits[2]["tmdb_id"] is None


def test_keywords_are_in_alphabetical_order(anonymous, alien):
    assert anonymous.get("/api/v1/movies/348/?expand=keywords").json()["data"]["keywords"] == ["android", "space"]


def test_videos_releases_and_offers_are_as_tmdb_told_them(anonymous, alien):
    Video.objects.create(movie=alien, site="YouTube", key="jQ5lPt9edzQ", name="Trailer", kind="Trailer", official=True)
    Release.objects.create(movie=alien, country="US", kind=3, date=date(1979, 5, 25), certification="R")
    provider = Provider.objects.create(tmdb_id=337, name="Disney Plus", logo_path="/logo.jpg")
    Availability.objects.create(movie=alien, provider=provider, country="US", kind="flatrate")
    film = anonymous.get("/api/v1/movies/348/?expand=videos,release_dates,providers").json()["data"]
    assert film["videos"] == [
        {
            "site": "YouTube",
            "key": "jQ5lPt9edzQ",
            "name": "Trailer",
            "kind": "Trailer",
            "official": True,
            "language": "",
            "published_at": None,
        }
    ]
    assert film["release_dates"] == [
        {"country": "US", "kind": "theatrical", "date": "1979-05-25", "certification": "R", "note": ""}
    ]
    (offer,) = film["providers"]
    assert offer.pop("logo_url").endswith("/logo.jpg")
    assert offer == {"country": "US", "kind": "flatrate", "tmdb_id": 337, "name": "Disney Plus"}


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"expand": "images"}, ("expand", "invalid_choice")),
        ({"expand": ""}, ("expand", "invalid_choice")),
        ({"page": "1"}, ("page", "unknown_parameter")),
    ],
)
def test_there_are_no_other_parts(anonymous, alien, query, complaint):
    assert refused(anonymous, "348/", **query) == [complaint]


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"release_date": date(1979, 5, 25)}, (1979, "1979-05-25")),
        ({"release_date": date(1979, 1, 1), "only_year_known": True}, (1979, None)),
        ({}, (None, None)),
    ],
)
def test_a_day_is_shown_only_where_it_is_known(anonymous, facts, shown):
    MovieFactory(tmdb_id=1, **facts)
    film = anonymous.get("/api/v1/movies/1/").json()["data"]
    assert (film["year"], film["release_date"]) == shown


@pytest.mark.parametrize("tmdb_id", ["349", "0", "-1", "2147483648", "99999999999", "34\uff18", "abc", "1e3"])
def test_an_unknown_film_is_not_found(anonymous, alien, tmdb_id):
    response = anonymous.get(f"/api/v1/movies/{tmdb_id}/")
    assert response.status_code == 404
    assert response.json()["success"] is False


def test_genres_are_all_there_by_name(anonymous, alien, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = anonymous.get("/api/v1/movies/genres/")
    with django_assert_num_queries(0):
        anonymous.get("/api/v1/movies/genres/")
    assert response.json()["data"] == [{"id": 27, "name": "Horror"}, {"id": 878, "name": "Science Fiction"}]


@pytest.mark.parametrize(
    "path", ["", "348/", "348/similar/", "people/1/", "genres/", "discover/", "popular/", "trending/", "search/"]
)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes_to_the_catalogue_here(api, alien, path, method):
    assert getattr(api, method)(f"/api/v1/movies/{path}").status_code == 405
