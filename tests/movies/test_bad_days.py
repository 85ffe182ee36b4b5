"""What people see while TMDb is away, slow or out of its mind."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.favorites.models import Favorite
from apps.movies.models import ListEntry, Movie, Source
from tests.conftest import signed_in
from tests.factories import FavoriteFactory, GenreFactory, MovieFactory, UserFactory
from tests.fake_tmdb import FAULTS
from tests.movies.listing import listed

pytestmark = pytest.mark.django_db

LISTS = ["trending/", "trending/?window=week", "popular/", "top-rated/", "now-playing/", "upcoming/"]
FILMS = [*LISTS, "discover/", "search/?query=the", "5/similar/"]
EVERYTHING = [*FILMS, "5/", "people/1/", "genres/"]
DEADLINE = 0.3
BUDGET = 2.0  # seconds; what this machine does besides is in it
OPTIONS = {"latency": {"seconds": 1}, "drip": {"interval": 0.02}, "too_many": {"retry_after": 7}}


@pytest.fixture
def n_films():
    return 100


@pytest.fixture(autouse=True)
def hurried(tmdb, settings):
    """Bad days go by faster with short time-outs."""
    settings.TMDB_CONNECT_TIMEOUT = settings.TMDB_READ_TIMEOUT = DEADLINE / 2
    settings.TMDB_DEADLINE = DEADLINE


def heal(tmdb, settings):
    """TMDb is well again, and has the time that it really has: a busy machine is not to look like one more fault."""
    tmdb.heal()
    settings.TMDB_CONNECT_TIMEOUT = settings.TMDB_READ_TIMEOUT = settings.TMDB_DEADLINE = 5


def later(**time):
    return time_machine.travel(timezone.now() + timedelta(**time))


def get(client, path):
    return client.get(f"/api/v1/movies/{path}")


def assert_unavailable(response):
    assert (response.status_code, response.json()["code"]) == (503, "catalogue_unavailable")
    assert response.json()["success"] is False
    assert int(response["Retry-After"]) >= 1
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", EVERYTHING)
def test_what_was_answered_before_tmdb_died_stays_and_says_that_it_is_stale(anonymous, tmdb, path):
    before = get(anonymous, path)
    tmdb.stop()
    with later(days=2):
        for _ in range(2):
            after = get(anonymous, path)
            assert (after.status_code, after.json()["data"]) == (200, before.json()["data"])
            assert after.json()["meta"]["stale"] is True
            assert int(after["Age"]) == after.json()["meta"]["age"] >= 2 * 24 * 3600 - 5
            assert after["ETag"] != before["ETag"]
        assert signed_in(UserFactory()).get(f"/api/v1/movies/{path}").json()["meta"]["stale"] is True


def test_what_is_stale_is_read_anew_as_soon_as_tmdb_is_back(anonymous, tmdb):
    get(anonymous, "5/")
    tmdb.edit(5, title="The New Title")
    tmdb.stop()
    with later(days=2):
        assert get(anonymous, "5/").json()["meta"]["stale"] is True
    tmdb.start()
    with later(days=2, seconds=30):
        get(anonymous, "5/")  # whoever comes first gets the old one, and has it read
        answer = get(anonymous, "5/").json()
    assert (answer["data"]["title"], answer["meta"]["stale"]) == ("The New Title", False)


@pytest.mark.parametrize("path", EVERYTHING)
def test_what_was_never_asked_for_is_unavailable_within_the_budget(anonymous, tmdb, path):
    tmdb.fault("hang")
    began = time.monotonic()
    response = get(anonymous, path)
    assert time.monotonic() - began < BUDGET
    assert_unavailable(response)


@pytest.mark.parametrize("path", [path for path in FILMS if not path.startswith("trending")])
def test_our_own_tables_answer_where_they_have_something(anonymous, tmdb, path):
    tmdb.stop()
    today = timezone.localdate()
    days = {"now-playing/": -1, "upcoming/": 1}
    horror = GenreFactory(name="Horror")
    for tmdb_id in (5, 6):
        date = today + timedelta(days=days.get(path, -900))
        MovieFactory(tmdb_id=tmdb_id, title=f"The Film {tmdb_id}", release_date=date, genres=[horror])
    answer = get(anonymous, path)
    assert (answer.status_code, answer.json()["meta"]["source"]) == (200, "local")
    assert {film["tmdb_id"] for film in answer.json()["data"]} == ({6} if "similar" in path else {5, 6})
    assert "max-age=60" in answer["Cache-Control"]


def test_a_film_and_genres_that_we_have_are_shown_as_we_have_them(anonymous, tmdb):
    tmdb.stop()
    MovieFactory(tmdb_id=5, source=Source.DEMO, genres=[GenreFactory(name="Horror")])
    for path in ("5/", "genres/"):
        answer = get(anonymous, path)
        assert (answer.status_code, answer.json()["meta"]["source"]) == (200, "local")


@pytest.mark.parametrize("path", ["popular/", "discover/", "5/", "people/1/", "genres/"])
def test_it_recovers_by_itself(anonymous, tmdb, settings, path):
    tmdb.fault("server_error")
    assert_unavailable(get(anonymous, path))
    heal(tmdb, settings)
    with later(seconds=15):
        answer = get(anonymous, path)
    assert (answer.status_code, answer.json()["meta"]["source"]) == (200, "tmdb")


def test_a_wrong_credential_is_no_fault_of_the_caller(anonymous, tmdb, settings):
    settings.TMDB_READ_TOKEN = "expired"
    for path in EVERYTHING:
        assert_unavailable(get(anonymous, path))


def test_who_asks_again_and_again_does_not_have_tmdb_asked_each_time(anonymous, tmdb):
    tmdb.fault("server_error")
    for _ in range(5):
        assert_unavailable(get(anonymous, "5/"))
    assert tmdb.calls("/movie/5") <= 2


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_with_tmdb_nothing_breaks_here(anonymous, tmdb, settings, fault, path):
    tmdb.fault(fault, **OPTIONS.get(fault, {}))
    began = time.monotonic()
    response = get(anonymous, path)
    assert time.monotonic() - began < BUDGET
    if response.status_code != 200:
        assert_unavailable(response)
    heal(tmdb, settings)
    with later(seconds=15):
        get(anonymous, path)
        assert get(anonymous, path).json()["meta"]["source"] == "tmdb"


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_with_tmdb_a_good_list_stays(anonymous, tmdb, fault):
    get(anonymous, "popular/")
    with later(seconds=15):
        get(anonymous, "popular/")
        good = listed(anonymous, "popular/")
    tmdb.fault(fault, **OPTIONS.get(fault, {}))
    with later(hours=3):
        for _ in range(3):
            stays = listed(anonymous, "popular/")
    assert len(stays) == len(good) == 20
    assert ListEntry.objects.filter(name="popular").count() > 60


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_with_tmdb_a_film_and_its_parts_stay(anonymous, tmdb, fault):
    path = "5/?expand=credits,keywords,videos,release_dates,providers"
    good = get(anonymous, path).json()["data"]
    tmdb.fault(fault, **OPTIONS.get(fault, {}))
    with later(days=3):
        get(anonymous, path)
        assert get(anonymous, path).json()["data"] == good


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_with_tmdb_a_favorite_is_added_or_refused(tmdb, fault, api):
    tmdb.fault(fault, **OPTIONS.get(fault, {}))
    response = api.post("/api/v1/favorites/", {"tmdb_id": 5}, format="json")
    if response.status_code != 201:
        assert_unavailable(response)
    assert Favorite.objects.exists() == (response.status_code == 201)


def test_a_film_that_tmdb_deleted_is_not_found_and_in_no_list_but_stays_a_favorite(anonymous, api, user, tmdb):
    get(anonymous, "popular/")
    with later(seconds=15):
        get(anonymous, "popular/")
        film = listed(anonymous, "popular/")[0]
    FavoriteFactory(user=user, movie=Movie.objects.get(tmdb_id=film))
    get(anonymous, f"{film}/")
    tmdb.delete(film)
    with later(days=2):
        get(anonymous, f"{film}/")  # whoever comes first has it looked for
        assert get(anonymous, f"{film}/").json()["code"] == "movie_not_found"
        get(anonymous, "popular/")
        assert film not in listed(anonymous, "popular/")
        mine = signed_in(user).get("/api/v1/favorites/").json()["data"]
    assert [entry["movie"]["tmdb_id"] for entry in mine] == [film]


def test_a_favorite_of_a_film_we_lack_has_it_read_from_tmdb(api, tmdb):
    assert api.post("/api/v1/favorites/", {"tmdb_id": 5}, format="json").status_code == 201
    movie = Favorite.objects.get().movie
    assert (movie.tmdb_id, movie.title, movie.detailed_at is None) == (5, tmdb.catalogue.title(5), False)
    assert tmdb.calls() == 1


def test_a_favorite_of_a_film_that_tmdb_lacks_is_refused(api, tmdb):
    response = api.post("/api/v1/favorites/", {"tmdb_id": 999_999}, format="json")
    assert (response.status_code, response.json()["code"]) == (404, "movie_not_found")
    assert not Movie.objects.exists()


def test_a_favorite_of_a_film_we_lack_is_unavailable_while_tmdb_is(api, tmdb):
    tmdb.stop()
    response = api.post("/api/v1/favorites/", {"tmdb_id": 5}, format="json")
    assert_unavailable(response)
    assert not Favorite.objects.exists()


def test_a_film_known_from_a_list_alone_is_shown_so_and_asked_for_again_soon(anonymous, tmdb):
    get(anonymous, "popular/")
    tmdb_id = Movie.objects.first().tmdb_id
    tmdb.stop()
    poor = get(anonymous, f"{tmdb_id}/?expand=credits")
    assert (poor.json()["data"]["runtime"], poor.json()["data"]["credits"]) == (None, [])
    tmdb.start()
    with later(minutes=1):
        get(anonymous, f"{tmdb_id}/?expand=credits")
        rich = get(anonymous, f"{tmdb_id}/?expand=credits")
    assert rich.json()["data"]["credits"]


def test_a_list_of_nothing_is_no_list(tmdb, anonymous):
    before = listed(anonymous, "popular/")
    tmdb.answer("/movie/popular", 200, {"page": 1, "results": [], "total_pages": 1, "total_results": 0})
    with later(hours=2):
        get(anonymous, "popular/")
        assert listed(anonymous, "popular/") == before
