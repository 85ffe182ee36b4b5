"""What TMDb has no more, what we may keep no longer, and what is made before anybody asks."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError

from apps.movies import jobs
from apps.movies.models import Credit, ListEntry, Movie, Person
from apps.movies.sync import catalogue_refresh
from apps.movies.tmdb_store import blank, details_store, person_store, summaries_store
from apps.movies.warming import LISTS
from tests.conftest import signed_in
from tests.factories import FavoriteFactory, RatingFactory
from tests.movies.commands import asked, films_asked, run
from tests.movies.told import cast, film, listed_film, person
from utils.tmdb_client import TMDbError
from utils.tmdb_client import tmdb as client

pytestmark = pytest.mark.django_db

JOBS = [
    jobs.sync_trending,
    jobs.sync_lists,
    jobs.sync_genres,
    jobs.sync_details,
    jobs.sync_changes,
    jobs.sync_ids,
    jobs.refresh_catalogue,
]


@pytest.fixture
def n_films():
    return 60


@pytest.fixture
def ours(tmdb):
    """The ids of the films that TMDb has for everybody, and we as well."""
    everybodys = [int(tmdb_id) for tmdb_id in tmdb.catalogue.ids if not tmdb.catalogue.item(int(tmdb_id))["adult"]]
    summaries_store([listed_film(tmdb_id) for tmdb_id in everybodys])
    return everybodys


def in_days(days):
    return time_machine.travel(datetime.now(UTC) + timedelta(days=days))


def shown(tmdb_id):
    return Movie.objects.shown().filter(tmdb_id=tmdb_id).exists()


def test_a_film_is_gone_when_two_daily_files_and_tmdb_itself_lack_it(tmdb, ours):
    tmdb.delete(ours[0])
    summary = run("sync_ids")
    assert (summary["in file"], summary["absent"], summary["gone"]) == (str(len(ours) - 1), "1", "0")
    assert run("sync_ids")["gone"] == "0"  # the same file once more
    assert shown(ours[0])
    assert films_asked(tmdb) == []
    with in_days(1):
        assert run("sync_ids")["gone"] == "1"
    assert not shown(ours[0])
    assert films_asked(tmdb) == [ours[0]]


def test_a_film_that_is_back_in_the_file_was_never_away(tmdb, ours):
    tmdb.delete(ours[0])
    run("sync_ids")
    tmdb.restore(ours[0])
    with in_days(1):
        run("sync_ids")
    tmdb.delete(ours[0])
    with in_days(2):
        assert run("sync_ids")["gone"] == "0"
    assert shown(ours[0])


def test_a_film_that_the_files_lack_but_tmdb_shows_stays(tmdb, ours):
    tmdb.edit(ours[0], adult=True)  # such films have a file of their own
    for day in (0, 1):
        with in_days(day):
            assert run("sync_ids")["gone"] == "0"
    movie = Movie.objects.get(tmdb_id=ours[0])
    assert (movie.adult, movie.gone_at, movie.missing_since) == (True, None, None)


@pytest.mark.parametrize("fault", ["truncated", "empty_body", "html", "server_error", "unauthorized"])
def test_a_daily_file_that_cannot_be_read_says_nothing(tmdb, ours, fault):
    tmdb.fault(fault, path_prefix="/p/exports")
    with pytest.raises(CommandError):
        run("sync_ids")
    assert not Movie.objects.exclude(missing_since=None).exists()


def test_the_newest_file_is_yesterdays_until_eight_in_the_morning(tmdb, ours):
    for hour, day in ((7, 14), (9, 15)):
        with time_machine.travel(datetime(2026, 6, 15, hour, tzinfo=UTC)):
            run("sync_ids")
        assert tmdb.requests[-1].path.endswith(f"movie_ids_06_{day}_2026.json.gz")


def test_what_tmdb_told_five_months_ago_is_read_anew(tmdb, ours):
    with in_days(140):
        assert run("refresh_catalogue")["blanked"] == "0"
        assert films_asked(tmdb) == []
    with in_days(155):
        assert run("refresh_catalogue") == {"stored": str(len(ours)), "gone": "0", "failed": "0", "blanked": "0"}
        assert run("refresh_catalogue")["stored"] == "0"
    assert sorted(films_asked(tmdb)) == ours


def test_what_tmdb_told_six_months_ago_is_forgotten_but_for_what_people_did(tmdb, anonymous, user):
    full = {"credits": cast((1, "Somebody")), "overview": "A story.", "genres": [{"id": 27, "name": "Horror"}]}
    details_store([film(5, **full)])
    movie = Movie.objects.get()
    FavoriteFactory(user=user, movie=movie)
    RatingFactory(user=user, movie=movie)
    ListEntry.objects.create(name="popular", position=1, movie=movie, source="tmdb")
    tmdb.stop()
    with in_days(181):
        assert catalogue_refresh(None) == {"blanked": 1}
        assert catalogue_refresh(None) == {"blanked": 0}
        movie = Movie.objects.get()
        assert (movie.tmdb_id, movie.title, movie.overview, movie.runtime) == (5, "TMDb 5", "", None)
        assert (movie.genres.count(), Credit.objects.count(), ListEntry.objects.count()) == (0, 0, 0)
        for shelf in ("favorites", "ratings"):
            entries = signed_in(user).get(f"/api/v1/{shelf}/").json()["data"]
            assert [entry["movie"]["tmdb_id"] for entry in entries] == [5]
        tmdb.start()
        assert anonymous.get("/api/v1/movies/5/").json()["data"]["title"] == tmdb.catalogue.title(5)
        assert shown(5)


def test_a_film_that_we_had_to_forget_is_unavailable_while_tmdb_is_and_not_unknown(tmdb, anonymous):
    details_store([film(5)])
    tmdb.stop()
    with in_days(181):
        catalogue_refresh(None)
        response = anonymous.get("/api/v1/movies/5/")
    assert (response.status_code, response.json()["code"]) == (503, "catalogue_unavailable")


@pytest.mark.parametrize("token", ["", "expired"])
def test_terms_end_also_where_there_is_no_tmdb_or_none_that_lets_us_in(tmdb, ours, settings, token):
    settings.TMDB_READ_TOKEN = token
    with in_days(181):
        if token:
            with pytest.raises(CommandError):
                run("refresh_catalogue")
            assert 1 <= tmdb.calls() <= 8
        else:
            assert run("refresh_catalogue") == {"blanked": str(len(ours))}
    assert Movie.objects.filter(title__startswith="TMDb ").count() == len(ours)


def test_what_tmdb_told_of_a_person_is_forgotten_as_well(tmdb):
    person_store(person(1, films=[5], biography="Born in Brixholm.", profile_path="/face.jpg"))
    with in_days(181):
        summaries_store([listed_film(5)])
        blank(before=datetime.now(UTC) - timedelta(days=180))
    somebody = Person.objects.get()
    assert (somebody.name, somebody.biography, somebody.profile_path) == ("Person 1", "", "")


def test_terms_end_also_where_tmdb_does_not_answer(tmdb, ours, settings):
    settings.TMDB_DEADLINE = 0.3
    tmdb.stop()
    with in_days(181):
        with pytest.raises(TMDbError):
            catalogue_refresh(client())
        assert Movie.objects.filter(title__startswith="TMDb ").count() == len(ours)


def test_warm_answers_cost_no_request_when_they_are_asked_for(tmdb, anonymous):
    run("sync_movies", "popular")
    summary = run("warm_cache", films=5)
    asked_for = len(LISTS) * 3 + 2
    assert summary["not to be had"] == "0"
    assert int(summary["answers kept"]) == asked_for + 5
    before = tmdb.calls()
    assert run("warm_cache", films=5)["not to be had"] == "0"
    popular = Movie.objects.order_by("-popularity", "tmdb_id").filter(adult=False)[0].tmdb_id
    paths = ("popular/", "popular/?page=3", "trending/?window=week", "genres/", f"{popular}/")
    for path in paths:
        assert anonymous.get(f"/api/v1/movies/{path}").status_code == 200
    assert tmdb.calls() == before


def test_on_a_first_day_the_films_that_are_warmed_are_those_of_the_lists_just_read(tmdb):
    run("warm_cache", films=5)
    assert len(films_asked(tmdb)) == 5


def test_what_cannot_be_had_is_counted_and_stops_nothing(tmdb, settings):
    settings.TMDB_READ_TOKEN = "expired"
    summary = run("warm_cache", films=5)
    assert (summary["answers kept"], summary["not to be had"]) == ("0", str(len(LISTS) * 3 + 2))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_has_nothing_to_do_without_a_key(tmdb, settings, job):
    settings.TMDB_READ_TOKEN = ""
    job()
    assert tmdb.calls() == 0


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_leaves_an_outage_to_the_log(tmdb, ours, job):
    tmdb.fault("unavailable")
    for _ in range(3):
        with suppress(TMDbError):
            client().genres()  # until it is known that TMDb is away
    with in_days(0):
        job()
    assert Movie.objects.shown().count() == len(ours)


def test_the_jobs_do_together_what_the_commands_do(tmdb):
    for job in JOBS:
        job()
    assert set(ListEntry.objects.values_list("name", flat=True)) == set(ListEntry.Name.values)
    assert Movie.objects.exclude(detailed_at=None).exists()
    assert asked(tmdb, "/genre")
    assert tmdb.calls("/p/exports") == 1


def test_parts_that_tmdb_told_six_months_ago_are_forgotten_though_a_list_named_the_film_since(tmdb, settings):
    settings.TMDB_DEADLINE = 0.3
    details_store([film(5, credits=cast((1, "Somebody")), runtime=100)])
    with in_days(175):
        summaries_store([film(5).summary])
    tmdb.stop()
    with in_days(185):
        assert catalogue_refresh(client())["failed"] == 1
    movie = Movie.objects.get()
    assert (movie.title, movie.runtime, movie.detailed_at, movie.credits.count()) == (
        film(5).summary.title,
        None,
        None,
        0,
    )
    assert not Person.objects.exists()
    assert movie.gone_at is None
