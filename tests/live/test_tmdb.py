"""What we rely on, asked of TMDb itself: read-only, some twenty requests. ``make test-live`` runs it."""

import os
import time
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from apps.movies.tmdb_facts import CERTIFICATIONS, TMDB_GENRES
from utils.tmdb_client import TMDbClient, TMDbGone, TMDbUnauthorised
from utils.tmdb_client.records import MAX_PAGE
from utils.tmdb_client.transport import Transport

TOKEN = os.environ.get("TMDB_READ_TOKEN") or os.environ.get("TMDB_API_KEY") or ""

pytestmark = [
    pytest.mark.skipif("MARQUEE_LIVE" not in os.environ, reason="asks TMDb itself: make test-live"),
    pytest.mark.skipif(not TOKEN, reason="make test-live needs TMDB_READ_TOKEN, a read token of your TMDb account"),
]

BASE_URL = os.environ.get("TMDB_BASE_URL", "https://api.themoviedb.org/3")
THE_MATRIX, CARRIE_ANNE_MOSS, ACTION = 603, 530, 28
NO_SUCH_FILM = 2_000_000_000


def client_with(token):
    return TMDbClient(base_url=BASE_URL, token=token, deadline=20, read_timeout=10, connect_timeout=5, attempts=3)


@pytest.fixture(scope="module")
def tmdb():
    return client_with(TOKEN)


def test_our_credential_is_accepted(tmdb):
    tmdb.check()


def test_another_credential_is_not():
    with pytest.raises(TMDbUnauthorised):
        client_with("0" * 32).check()


def test_there_are_the_genres_that_we_know(tmdb):
    assert {genre.tmdb_id: genre.name for genre in tmdb.genres()}.items() >= TMDB_GENRES.items()


def test_the_ratings_of_ages_are_in_the_order_that_we_know(tmdb):
    american = sorted((one for one in tmdb.certifications() if one.country == "US"), key=lambda one: one.order)
    assert tuple(one.certification for one in american if one.certification != "NR") == CERTIFICATIONS["US"]


@pytest.mark.parametrize("name", ["trending_day", "popular", "top_rated", "now_playing", "upcoming"])
def test_a_list_has_pages_of_twenty_films(tmdb, name):
    page = tmdb.listing(name, 1)
    assert len(page.results) == 20
    assert page.total_pages >= 2
    assert all(film.genre_ids is not None for film in page.results)


def test_there_is_no_page_past_500():
    transport = Transport(BASE_URL, token=TOKEN, connect_timeout=5, read_timeout=10)
    answer = transport.get("/movie/popular", {"page": str(MAX_PAGE + 1)}, deadline=time.monotonic() + 20)
    assert (answer.status, answer.body["status_code"]) == (400, 22)


def test_a_film_comes_with_all_its_parts_in_one_request(tmdb):
    film = tmdb.details(THE_MATRIX)
    assert (film.summary.title, film.imdb_id) == ("The Matrix", "tt0133093")
    assert film.runtime > 120
    assert ACTION in film.summary.genre_ids
    for part in (film.keywords, film.credits, film.videos, film.releases, film.offers):
        assert part


def test_a_film_that_is_not_there_is_gone(tmdb):
    with pytest.raises(TMDbGone):
        tmdb.details(NO_SUCH_FILM)


def test_discover_obeys_its_filters(tmdb):
    filters = {"with_genres": str(ACTION), "primary_release_date.gte": "1999-01-01", "sort_by": "vote_count.desc"}
    page = tmdb.discover({**filters, "primary_release_date.lte": "1999-12-31"}, 1)
    assert all(ACTION in film.genre_ids and film.release_date.year == 1999 for film in page.results)
    assert THE_MATRIX in {film.tmdb_id for film in page.results}


def test_search_finds_a_title_without_its_accents(tmdb):
    assert "Amélie" in {film.title for film in tmdb.search("amelie", 1).results}


def test_an_imdb_id_finds_its_film(tmdb):
    assert tmdb.find_imdb("tt0133093").tmdb_id == THE_MATRIX
    assert tmdb.find_imdb("tt9999999999") is None


def test_a_person_comes_with_their_films(tmdb):
    person = tmdb.person(CARRIE_ANNE_MOSS)
    assert person.name == "Carrie-Anne Moss"
    assert THE_MATRIX in {film.tmdb_id for film, _ in person.cast}


def test_similar_films_are_films(tmdb):
    assert len(tmdb.similar(THE_MATRIX, 1).results) == 20


def test_changes_name_films(tmdb):
    today = datetime.now(UTC).date()
    page = tmdb.changes(today - timedelta(days=1), today, 1)
    assert page.tmdb_ids
    assert page.total_pages >= 1


def test_the_daily_file_of_ids_is_there(tmdb):
    day = (datetime.now(UTC) - timedelta(hours=8)).date()
    lines = list(islice(tmdb.export_ids(day), 100))
    assert len(lines) == 100
