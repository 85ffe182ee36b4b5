import pytest

from apps.favorites.transfer import asking as asking_module
from apps.favorites.transfer.asking import Asking
from apps.favorites.transfer.matching import matched
from apps.favorites.transfer.rows import Film
from apps.movies.models import Movie
from tests.factories import MovieFactory
from tests.favorites.transfer import files
from tests.favorites.transfer.files import counts_of
from utils import shared
from utils.tmdb_client import tmdb as tmdb_client
from utils.tmdb_client.client import _start_anew
from utils.tmdb_client.limits import BREAKER_OPEN

pytestmark = pytest.mark.django_db


def film(tmdb_id, title, year=1999, **more):
    return MovieFactory(tmdb_id=tmdb_id, title=title, release_date=year and f"{year}-05-01", **more)


def match(*args, **kwargs):
    """The TMDb id of the film found (or of those that it may be), and how sure that is."""
    wanted = Film(*args, **kwargs)
    found = matched([wanted], Asking())[wanted]
    return (found.movie.tmdb_id if found.movie else [movie.tmdb_id for movie in found.candidates]), found.confidence


def test_an_id_of_tmdb_counts_before_all(db):
    film(1, "One", imdb_id="tt0000002")
    film(2, "Two", imdb_id="tt0000001")
    assert match("Two", 1999, 1, "tt0000001") == (1, 1.0)


def test_then_one_of_imdb(db):
    film(1, "One", imdb_id="tt0000001")
    film(2, "Two")
    assert match("Two", 1999, None, "tt0000001") == (1, 1.0)


def test_a_film_that_tmdb_has_no_more_is_found_by_its_own_id_alone(db):
    film(1, "One", imdb_id="tt0000001", gone_at="2026-01-01T00:00:00Z")
    assert match("One", 1999, 1) == (1, 1.0)
    assert match("One", 1999, None, "tt0000001") == ([], None)


@pytest.mark.parametrize(
    ("title", "year", "found"),
    [
        ("Été à Brûlon", 2003, (1, 0.95)),
        ("ETE A BRULON!", 2003, (1, 0.95)),
        ("Summer in Brûlon", 2003, (1, 0.95)),
        ("Brûlon Nights", 2003, (1, 0.9)),
        ("Été à Brûlon", 2004, (1, 0.8)),
        ("Été à Brûlon", 2002, (1, 0.8)),
        ("Brûlon Nights", 2002, (1, 0.75)),
        ("Été à Brûlon", None, (1, 0.65)),
        ("Été à Brûlon", 2005, ([], None)),
        ("Été", 2003, ([], None)),
        ("Été à Brûlon 2", 2003, ([], None)),
        ("!!!", 2003, ([], None)),
    ],
)
def test_then_title_and_year_the_surer_the_more_agrees(db, title, year, found):
    film(1, "Summer in Brûlon", 2003, original_title="Été à Brûlon", other_titles=["Brûlon Nights"])
    film(2, "Another", 2003)
    assert match(title, year) == found


def test_of_two_films_of_one_title_the_year_decides(db):
    film(1, "Twins", 1988)
    film(2, "Twins", 1989)
    assert match("Twins", 1988) == (1, 0.95)
    assert match("Twins", 1989) == (2, 0.95)
    assert match("Twins", 1990) == (2, 0.8)
    assert match("Twins", None) == ([1, 2], None)


def test_of_several_films_as_likely_the_most_popular_are_named_and_none_is_taken(db):
    for tmdb_id in range(1, 9):
        film(tmdb_id, "Twins", 1988, popularity=tmdb_id)
    assert match("Twins", 1988) == ([8, 7, 6, 5, 4], None)


def test_a_title_of_its_own_counts_before_one_that_a_film_also_has(db):
    film(1, "Twins", 1988, other_titles=["Doubles"])
    film(2, "Doubles", 1988)
    assert match("Doubles", 1988) == (2, 0.95)


def test_an_id_that_says_otherwise_makes_a_title_less_sure(db):
    film(1, "Twins", 1988, imdb_id="tt0000001")
    assert match("Twins", 1988, 77) == (1, 0.7)
    assert match("Twins", 1988, None, "tt0000077") == (1, 0.7)
    assert match("Twins", 1989, 77) == ([], None)


def test_a_film_without_a_date_is_less_sure(db):
    film(1, "Twins", None)
    assert match("Twins", 1988) == (1, 0.65)


@pytest.mark.parametrize("n_films", [2, 200])
def test_many_films_cost_as_many_queries_as_few(db, django_assert_num_queries, n_films):
    for n in range(n_films):
        film(n + 1, f"Made Up {n}", imdb_id=f"tt{n + 1:07d}")
    wanted = [
        Film(f"Made Up {n}", 1999, *((n + 1, ""), (None, f"tt{n + 1:07d}"), (None, ""))[n % 3]) for n in range(n_films)
    ]
    wanted += [Film("Nowhere", 1999), Film("", None, 10**6), Film("Made Up 1", 1999, None, "tt9999999")]
    with django_assert_num_queries(4):  # ids of TMDb, of IMDb, titles, films of those titles
        found = matched(wanted, Asking())
    assert sum(one.movie is not None for one in found.values()) == n_films + 1


class TestTMDb:
    @pytest.fixture
    def told(self, tmdb):
        """What TMDb tells of some films that the catalogue lacks."""
        alive = [int(id_) for id_ in tmdb.catalogue.ids[:40]]
        told = [tmdb_client().details(tmdb_id) for tmdb_id in alive]
        return [film for film in told if film.imdb_id and film.summary.release_date][:6]

    def test_it_is_asked_about_ids_that_the_catalogue_lacks(self, told):
        first, second, *_ = told
        assert match("", None, first.summary.tmdb_id) == (first.summary.tmdb_id, 1.0)
        assert match("", None, None, second.imdb_id) == (second.summary.tmdb_id, 1.0)

    def test_it_is_asked_about_titles(self, told):
        summary = told[2].summary
        found, confidence = match(summary.title, summary.release_date.year)
        assert confidence == 0.95
        assert found == summary.tmdb_id or summary.tmdb_id in found

    def test_it_is_asked_once_about_each_film(self, told, tmdb):
        asking, wanted = Asking(), [Film("", None, 299_999), Film("Nowhere", 1999), Film("", None, None, "tt9999999")]
        matched(wanted, asking)
        before = tmdb.calls()
        assert all(one.is_nothing for one in matched(wanted, asking).values())
        assert tmdb.calls() == before
        assert not asking.away

    @pytest.mark.parametrize("fault", ["unavailable", "unauthorized"])
    def test_away_it_leaves_rows_to_be_applied_again(self, told, tmdb, imported, rows, act, fault, monkeypatch):
        monkeypatch.setattr(asking_module, "tmdb_for_jobs", tmdb_client)  # the patient one takes 15 seconds to give up
        film = told[3]
        table = f"Const,Your Rating,Date Rated,Title,Title Type,Year\n{film.imdb_id},8,2024-01-01,x,Movie,1999\n"
        tmdb.fault(fault)
        job = imported(table.encode(), "ratings.csv")
        assert counts_of(job) == {"unavailable": 1}
        assert rows(job)[0]["reason"] == "tmdb_away"
        tmdb.heal()
        shared.BREAKER.close()
        BREAKER_OPEN.set(0)
        _start_anew()
        assert act(job["id"], "apply").status_code == 202
        assert rows(job)[0] | {"outcome": "added", "confidence": 1.0, "reason": ""} == rows(job)[0]

    def test_one_run_asks_it_for_so_long_and_no_longer(self, told, tmdb, monkeypatch):
        monkeypatch.setattr(asking_module, "PATIENCE", 0)
        asking, wanted = Asking(), Film("", None, None, told[4].imdb_id)
        before = tmdb.calls()
        assert matched([wanted], asking)[wanted].is_nothing
        assert asking.away == {wanted}
        assert tmdb.calls() == before


def test_without_tmdb_an_unknown_id_is_not_found(imported, rows, db):
    job = imported(files.trakt())
    assert counts_of(job).get("added", 0) == 0
    assert {row["outcome"] for row in rows(job)} == {"unmatched", "skipped"}
    assert not Movie.objects.exists()
