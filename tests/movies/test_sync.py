from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.core.management import CommandError

from apps.movies.lists import list_refresh
from apps.movies.models import Genre, ListEntry, Movie, Source
from apps.movies.sync import details_sync
from apps.movies.tmdb_store import summaries_store
from tests.factories import MovieFactory
from tests.movies.commands import asked, films_asked, refuse, run
from tests.movies.told import listed_film
from utils.cache import flight
from utils.tmdb_client import TMDbUnavailable
from utils.tmdb_client import tmdb as client

pytestmark = pytest.mark.django_db

COMMANDS = ["sync_genres", "sync_movies", "sync_details", "sync_changes", "sync_ids"]
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def still(tmdb):
    tmdb.api.moving = False


def listed(name):
    return list(Movie.objects.on_list(name).values_list("tmdb_id", flat=True))


def told_of(tmdb, n):
    """Have the first ``n`` films that exist, as lists tell of them; the popular last."""
    ids = [int(tmdb_id) for tmdb_id in tmdb.catalogue.ids[:n]]
    summaries_store([listed_film(tmdb_id, popularity=tmdb_id) for tmdb_id in ids])
    return ids


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_key_a_command_says_which_setting_is_missing(settings, tmdb, command):
    settings.TMDB_READ_TOKEN = ""
    with pytest.raises(CommandError, match="TMDB_READ_TOKEN"):
        run(command)
    assert tmdb.calls() == 0


@pytest.mark.parametrize("command", ["sync_genres", "sync_movies", "sync_details", "sync_changes"])
def test_a_key_that_tmdb_does_not_accept_stops_the_run_at_once(settings, tmdb, command):
    told_of(tmdb, 150)
    settings.TMDB_READ_TOKEN = "expired"
    with pytest.raises(CommandError, match="TMDB_READ_TOKEN"):
        run(command)
    assert 1 <= tmdb.calls() <= 8


def test_genres_are_read_and_named_as_tmdb_names_them(tmdb):
    Genre.objects.create(tmdb_id=28, name="Genre 28")
    for _ in range(2):
        assert run("sync_genres") == {"genres": "19"}
    assert Genre.objects.count() == 19
    assert Genre.objects.get(tmdb_id=28).name == "Action"


def test_lists_are_read_whole_and_not_again_while_they_are_new(tmdb):
    summary = run("sync_movies")
    assert set(ListEntry.objects.values_list("name", flat=True)) == set(ListEntry.Name.values)
    assert set(ListEntry.objects.values_list("source", flat=True)) == {"tmdb"}
    popular = [film.tmdb_id for page in range(1, 16) for film in client().listing("popular", page).results]
    assert listed("popular") == popular
    assert (summary["popular, pages"], summary["popular, films"]) == ("15", str(len(popular)))
    before = tmdb.calls()
    assert run("sync_movies")["popular, pages"] == "0"
    assert tmdb.calls() == before


def test_one_list_and_some_pages_of_it_can_be_asked_for(tmdb):
    assert run("sync_movies", "top_rated", pages=2) == {"top rated, pages": "2", "top rated, films": "40"}
    assert asked(tmdb, "/") == ["/movie/top_rated"] * 2
    with pytest.raises(CommandError, match="invalid choice"):
        run("sync_movies", "worst_rated")


def test_a_list_that_was_interrupted_goes_on_where_it_stopped_and_is_swapped_when_whole(tmdb):
    run("sync_movies", "popular", pages=1)
    old = listed("popular")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        refuse(tmdb, "/movie/popular", {"page": "9"})
        with pytest.raises(CommandError):
            run("sync_movies", "popular")
        assert listed("popular") == old
        tmdb.reset()
        assert run("sync_movies", "popular")["popular, pages"] == "7"
    assert [request.query["page"] for request in tmdb.requests] == [str(page) for page in range(9, 16)]
    assert len(listed("popular")) > 250


def test_a_list_that_was_interrupted_long_ago_begins_anew(tmdb):
    refuse(tmdb, "/movie/popular", {"page": "9"})
    with pytest.raises(CommandError):
        run("sync_movies", "popular")
    tmdb.reset()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        assert run("sync_movies", "popular")["popular, pages"] == "15"


def test_a_list_that_somebody_else_is_reading_is_a_message_and_no_traceback(tmdb):
    with flight("list popular"), pytest.raises(CommandError):
        run("sync_movies", "popular")


def test_films_are_read_in_full_once_the_popular_first(tmdb):
    ids = told_of(tmdb, 120)
    assert run("sync_details", limit=60) == {"stored": "60", "gone": "0", "failed": "0"}
    assert sorted(films_asked(tmdb)) == ids[60:]
    assert run("sync_details")["stored"] == "60"
    assert run("sync_details")["stored"] == "0"
    assert sorted(films_asked(tmdb)) == ids
    assert not Movie.objects.filter(detailed_at=None).exists()
    assert Movie.objects.exclude(credits=None).count() > 100


def test_films_are_read_again_after_so_many_days(tmdb):
    told_of(tmdb, 3)
    run("sync_details")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8)):
        assert run("sync_details")["stored"] == "0"
        assert run("sync_details", days=7)["stored"] == "3"


def test_a_film_of_the_demo_is_left_to_itself(tmdb):
    MovieFactory(tmdb_id=5, source=Source.DEMO)
    assert run("sync_details")["stored"] == "0"


def test_films_that_were_read_before_an_interruption_are_not_read_again(tmdb):
    ids = told_of(tmdb, 150)[::-1]
    refuse(tmdb, f"/movie/{ids[99]}")
    with pytest.raises(CommandError):
        run("sync_details")
    kept = set(Movie.objects.exclude(detailed_at=None).values_list("tmdb_id", flat=True))
    assert kept >= set(ids[:50])
    tmdb.reset()
    assert run("sync_details")["stored"] == str(150 - len(kept))
    assert sorted(films_asked(tmdb)) == sorted(set(ids) - kept)


def test_a_film_that_tmdb_has_no_more_goes_and_one_that_cannot_be_read_waits(tmdb, settings):
    settings.TMDB_DEADLINE = 0.5
    ids = told_of(tmdb, 20)
    tmdb.delete(ids[3])
    tmdb.answer(f"/movie/{ids[7]}", 500, "<html>")
    assert details_sync(client()) == {"stored": 18, "gone": 1, "failed": 1}
    assert not Movie.objects.shown().filter(tmdb_id=ids[3]).exists()
    tmdb.reset()
    assert details_sync(client()) == {"stored": 1, "gone": 0, "failed": 0}
    assert films_asked(tmdb) == [ids[7]]


def test_a_film_that_tmdb_refuses_does_not_hold_up_the_others(tmdb):
    ids = told_of(tmdb, 20)
    tmdb.answer(f"/movie/{ids[7]}", 422, {"success": False, "status_code": 5, "status_message": "Invalid parameters"})
    assert details_sync(client())["stored"] == 19


def test_an_outage_ends_the_run_and_keeps_what_was_read(tmdb, settings):
    settings.TMDB_DEADLINE = 0.3
    told_of(tmdb, 120)
    details_sync(client(), limit=50)
    tmdb.stop()
    with pytest.raises(TMDbUnavailable):
        details_sync(client())
    assert Movie.objects.exclude(detailed_at=None).count() == 50
    with pytest.raises(TMDbUnavailable):
        list_refresh(ListEntry.Name.POPULAR, client())


def test_films_that_tmdb_changed_are_read_anew(tmdb):
    changed = told_of(tmdb, 40)[2]
    run("sync_details")
    tmdb.edit(changed, title="The New Title")
    summary = run("sync_changes")
    assert int(summary["changed"]) >= int(summary["ours"]) >= 1
    assert run("sync_details")["stored"] == summary["ours"]
    assert Movie.objects.get(tmdb_id=changed).title == "The New Title"


def test_a_change_made_later_on_the_day_of_a_run_is_found_by_the_next(tmdb):
    changed = told_of(tmdb, 40)[2]
    with time_machine.travel(NOON):
        run("sync_changes")
        Movie.objects.update(detailed_at=NOON)
    with time_machine.travel(NOON + timedelta(hours=6)):
        tmdb.edit(changed, title="The New Title")
    with time_machine.travel(NOON + timedelta(days=1)):
        run("sync_changes")
    assert Movie.objects.get(tmdb_id=changed).told_at is None


@pytest.mark.parametrize(("days", "reach"), [(1, 1), (14, 14), (30, 30), (300, 60)])
def test_whoever_was_away_asks_for_all_changes_since_in_windows_that_tmdb_answers(tmdb, days, reach):
    with time_machine.travel(NOON):
        run("sync_changes")
    tmdb.reset()
    with time_machine.travel(NOON + timedelta(days=days)):
        run("sync_changes")
    windows = sorted({(request.query["start_date"], request.query["end_date"]) for request in tmdb.requests})
    windows = [(date.fromisoformat(start), date.fromisoformat(end)) for start, end in windows]
    today = (NOON + timedelta(days=days)).date()
    assert windows[0][0] <= today - timedelta(days=reach)
    assert windows[-1][1] == today
    assert all(end - start <= timedelta(days=14) for start, end in windows)
    assert all(start <= end for (_, end), (start, _) in pairwise(windows))
    assert len(windows) <= reach // 14 + 2


def test_changes_that_were_interrupted_go_on_at_the_window_they_stopped_in(tmdb):
    today = (NOON + timedelta(days=30)).date().isoformat()
    with time_machine.travel(NOON):
        run("sync_changes")
    with time_machine.travel(NOON + timedelta(days=30)):
        refuse(tmdb, "/movie/changes", {"end_date": today})  # the last window
        with pytest.raises(CommandError):
            run("sync_changes")
        stopped_in = tmdb.requests[-1].query
        tmdb.reset()
        run("sync_changes")
    overlap = date.fromisoformat(stopped_in["start_date"]) - timedelta(days=1)  # that day had not been over
    assert {request.query["start_date"] for request in tmdb.requests} == {overlap.isoformat()}
