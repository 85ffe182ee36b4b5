import gzip
import json

import pytest

from apps.movies.models import Credit, Movie
from tests.conftest import signed_in
from tests.factories import FavoriteFactory, UserFactory
from tests.movies.listing import listed
from utils.tmdb_client import tmdb as client
from utils.tmdb_client.client import LISTINGS

pytestmark = pytest.mark.django_db

LISTS = {
    "trending/": "/trending/movie/day",
    "trending/?window=week": "/trending/movie/week",
    "popular/": "/movie/popular",
    "top-rated/": "/movie/top_rated",
    "now-playing/": "/movie/now_playing",
    "upcoming/": "/movie/upcoming",
}
FILMS = [*LISTS, "discover/", "search/?query=the", "1/similar/"]
EVERYTHING = [*FILMS, "1/", "people/1/", "genres/"]


@pytest.fixture(autouse=True)
def still(tmdb):
    """Lists that move have tests of their own."""
    tmdb.api.moving = False


def asked(tmdb, path):
    """The query of the last request for a path."""
    return next(request.query for request in reversed(tmdb.requests) if request.path == f"/3{path}")


def ids_of(page):
    return [film.tmdb_id for film in page.results]


@pytest.mark.parametrize(("path", "theirs"), LISTS.items())
def test_a_list_is_tmdbs_in_its_order(anonymous, tmdb, path, theirs):
    answer = anonymous.get(f"/api/v1/movies/{path}").json()
    told = client().listing(next(name for name, listing in LISTINGS.items() if listing == theirs))
    assert [film["tmdb_id"] for film in answer["data"]] == ids_of(told)
    assert len(answer["data"]) > 0
    assert (answer["meta"]["source"], answer["meta"]["stale"]) == ("tmdb", False)
    assert answer["pagination"]["total"] == min(told.total_results, 500)


@pytest.mark.parametrize("path", EVERYTHING)
def test_a_second_reader_costs_no_request(anonymous, tmdb, path):
    first = anonymous.get(f"/api/v1/movies/{path}")
    before = tmdb.calls()
    second = anonymous.get(f"/api/v1/movies/{path}")
    assert (first.status_code, second.json()["data"], tmdb.calls()) == (200, first.json()["data"], before)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("genres=28,12", {"with_genres": "12,28"}),
        ("genres=28|12", {"with_genres": "12|28"}),
        ("without_genres=27,53", {"without_genres": "27,53"}),
        ("year_gte=1990", {"primary_release_date.gte": "1990-01-01"}),
        ("year_lte=1999", {"primary_release_date.lte": "1999-12-31"}),
        ("runtime_gte=90", {"with_runtime.gte": "90"}),
        ("runtime_gte=0", {"with_runtime.gte": "0"}),
        ("runtime_lte=120", {"with_runtime.lte": "120"}),
        ("vote_gte=7.5", {"vote_average.gte": "7.5"}),
        ("language=en,fr", {"with_original_language": "en|fr"}),
        ("certification_lte=PG-13", {"certification.lte": "PG-13", "certification_country": "US"}),
        (
            "providers=8|337",
            {
                "with_watch_providers": "8|337",
                "watch_region": "US",
                "with_watch_monetization_types": "flatrate|free|ads",
            },
        ),
        ("include_adult=true", {"include_adult": "true"}),
        ("ordering=popularity", {"sort_by": "popularity.asc"}),
        ("ordering=-vote_average", {"sort_by": "vote_average.desc", "vote_count.gte": "200"}),
        ("ordering=-release_date", {"sort_by": "primary_release_date.desc"}),
        ("ordering=title", {"sort_by": "title.asc"}),
        ("page=3", {"page": "3"}),
    ],
)
def test_a_filter_is_sent_in_tmdbs_words_and_nothing_beside_it(anonymous, tmdb, ours, theirs):
    answer = anonymous.get(f"/api/v1/movies/discover/?{ours}")
    assert (answer.status_code, answer.json()["meta"]["source"]) == (200, "tmdb")
    usual = {"language": "en-US", "page": "1", "include_adult": "false", "sort_by": "popularity.desc"}
    assert asked(tmdb, "/discover/movie") == usual | theirs


def test_discovered_films_pass_the_filter_and_are_stored(anonymous, tmdb):
    films = anonymous.get("/api/v1/movies/discover/?language=fr&year_gte=1990").json()["data"]
    assert films
    assert {film["language"] for film in films} == {"fr"}
    assert all(film["year"] >= 1990 for film in films)
    assert Movie.objects.filter(tmdb_id__in=[film["tmdb_id"] for film in films]).count() == len(films)


@pytest.mark.parametrize("query", ["Séance of Brixholm", "séance of brixholm", "seance brixholm"])
def test_a_search_is_tmdbs_whatever_the_accents_and_case(anonymous, tmdb, query):
    tmdb.edit(7, title="Séance of Brixholm")
    answer = anonymous.get("/api/v1/movies/search/", {"query": query}).json()
    assert [film["tmdb_id"] for film in answer["data"]] == [7]
    assert (answer["meta"]["source"], answer["meta"]["searched_for"]) == ("tmdb", query)
    assert asked(tmdb, "/search/movie")["query"] == query


def test_a_search_that_a_terminal_sends_unescaped_is_understood(anonymous, tmdb):
    """curl and some HTTP libraries send UTF-8 as it is; WSGI hands it on as if it were Latin-1."""
    raw = "query=Séance".encode().decode("latin-1")
    answer = anonymous.generic("GET", "/api/v1/movies/search/", QUERY_STRING=raw)
    assert answer.json()["meta"]["searched_for"] == "Séance"


def test_a_search_that_finds_nothing_is_asked_again_as_it_was_probably_meant(anonymous, tmdb):
    tmdb.edit(7, title="Lighthouse of Zephyria")
    assert anonymous.get("/api/v1/movies/7/").status_code == 200  # so that we know the word
    answer = anonymous.get("/api/v1/movies/search/", {"query": "Zephiria"}).json()
    assert [film["tmdb_id"] for film in answer["data"]] == [7]
    assert answer["meta"]["searched_for"] == "zephyria"
    assert tmdb.calls("/search/movie") == 2


def test_a_search_that_nothing_is_like_finds_nothing(anonymous, tmdb):
    answer = anonymous.get("/api/v1/movies/search/", {"query": "qqqqqqqq"}).json()
    assert (answer["data"], answer["pagination"]["total"]) == ([], 0)
    assert (answer["meta"]["source"], answer["meta"]["searched_for"]) == ("tmdb", "qqqqqqqq")


def test_similar_films_are_tmdbs_and_an_unknown_film_has_none(anonymous, tmdb):
    assert listed(anonymous, "5/similar/") == ids_of(client().similar(5))
    answer = anonymous.get("/api/v1/movies/999999/similar/")
    assert (answer.status_code, answer.json()["code"]) == (404, "movie_not_found")


def test_a_film_comes_whole_in_one_request(anonymous, tmdb):
    tmdb.edit(5, keywords={"keywords": [{"id": 9882, "name": "space"}]})
    path = "/api/v1/movies/5/?expand=credits,keywords,videos,release_dates,providers"
    answer = anonymous.get(path).json()
    told = client().details(5)
    film = answer["data"]
    assert (film["title"], film["runtime"], film["imdb_id"]) == (told.summary.title, told.runtime, told.imdb_id)
    assert film["keywords"] == ["space"]
    assert len(film["credits"]) == len(told.credits)
    assert len(film["videos"]) == len(told.videos)
    assert {release["country"] for release in film["release_dates"]} <= {"US"}
    assert len(film["providers"]) == len([offer for offer in told.offers if offer.country == "US"])
    assert answer["meta"]["source"] == "tmdb"
    assert tmdb.calls("/movie/5") == 2  # the view's and this test's


def test_the_parts_of_a_film_that_was_read_cost_no_request(anonymous, tmdb):
    for expand in ("", "?expand=credits", "?expand=keywords,videos"):
        assert anonymous.get(f"/api/v1/movies/5/{expand}").status_code == 200
    assert tmdb.calls("/movie/5") == 1


def test_a_person_comes_with_the_films_they_had_a_part_in(anonymous, tmdb):
    answer = anonymous.get("/api/v1/movies/people/1/").json()
    told = client().person(1)
    assert (answer["data"]["name"], answer["data"]["place_of_birth"]) == (told.name, told.place_of_birth)
    films = {film.tmdb_id for film, _ in (*told.cast, *told.crew) if not film.adult}
    assert {part["movie"]["tmdb_id"] for part in answer["data"]["filmography"]} == films
    assert Credit.objects.filter(person__tmdb_id=1).exists()
    unknown = anonymous.get("/api/v1/movies/people/999999/")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person_not_found")


def test_genres_are_tmdbs_and_renamed_by_staff_who_read_them_anew(anonymous, tmdb):
    assert len(anonymous.get("/api/v1/movies/genres/").json()["data"]) == 19
    tmdb.answer("/genre/movie/list", 200, {"genres": [{"id": 28, "name": "Fisticuffs"}]})
    staff = signed_in(UserFactory(is_staff=True))
    answer = staff.post("/api/v1/movies/genres/sync/")
    assert (answer.status_code, answer.json()["data"]) == (200, {"genres": 19, "source": "tmdb"})
    assert {"id": 28, "name": "Fisticuffs"} in anonymous.get("/api/v1/movies/genres/").json()["data"]


def test_adult_films_are_in_no_answer_unless_asked_for(anonymous, tmdb):
    for tmdb_id in range(1, 300, 2):
        tmdb.edit(tmdb_id, adult=True, title=f"The Film {tmdb_id}")
    for path in FILMS:
        page = anonymous.get(f"/api/v1/movies/{path}").json()["data"]
        assert not any(film["adult"] for film in page), path
        assert page, path
    assert any(
        anonymous.get("/api/v1/movies/discover/?include_adult=true").json()["data"][n]["adult"] for n in range(20)
    )


@pytest.mark.parametrize("path", EVERYTHING)
def test_my_is_the_callers_alone_and_in_no_shared_answer(anonymous, api, user, stranger, tmdb, path):
    before = anonymous.get(f"/api/v1/movies/{path}").content
    for movie in Movie.objects.all():
        FavoriteFactory(user=user, movie=movie)
    mine = api.get(f"/api/v1/movies/{path}")
    assert "private" in mine["Cache-Control"]
    assert "no-store" in mine["Cache-Control"]
    assert "ETag" not in mine or mine["ETag"] != anonymous.get(f"/api/v1/movies/{path}")["ETag"]
    assert {block["favorite"] for block in blocks(mine)} == ({True} if path != "genres/" else set())
    assert {block["favorite"] for block in blocks(stranger.get(f"/api/v1/movies/{path}"))} <= {False}
    after = anonymous.get(f"/api/v1/movies/{path}")
    assert json.loads(after.content)["data"] == json.loads(before)["data"]
    assert b'"favorite"' not in after.content


def blocks(response):
    """Every my block of an answer."""
    data = response.json()["data"]
    cards = data if isinstance(data, list) else [part["movie"] for part in data.get("filmography", [])] or [data]
    return [card["my"] for card in cards if "my" in card]


@pytest.mark.parametrize("path", EVERYTHING)
def test_an_answer_that_one_has_is_not_sent_again(anonymous, tmdb, path):
    first = anonymous.get(f"/api/v1/movies/{path}")
    again = anonymous.get(f"/api/v1/movies/{path}", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert anonymous.get(f"/api/v1/movies/{path}", HTTP_IF_NONE_MATCH='W/"other"').status_code == 200


@pytest.mark.parametrize("path", ["popular/", "1/", "genres/"])
def test_head_is_get_without_a_body_and_gzip_is_the_same_made_small(anonymous, tmdb, path):
    plain = anonymous.get(f"/api/v1/movies/{path}")
    head = anonymous.head(f"/api/v1/movies/{path}")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", plain["ETag"])
    small = anonymous.get(f"/api/v1/movies/{path}", HTTP_ACCEPT_ENCODING="gzip")
    assert small["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(small.content))["data"] == plain.json()["data"]


@pytest.mark.parametrize("per_page", [1, 100])
@pytest.mark.parametrize("path", ["discover/", "popular/", "search/?query=the"])
def test_a_page_out_of_tmdb_costs_the_same_queries_whatever_its_size(
    anonymous, tmdb, django_assert_max_num_queries, path, per_page
):
    anonymous.get("/api/v1/movies/genres/")
    with django_assert_max_num_queries(16):  # SQLite takes a hundred films in four statements
        answer = anonymous.get(f"/api/v1/movies/{path}{'&' if '?' in path else '?'}per_page={per_page}")
    assert len(answer.json()["data"]) > per_page / 4
