"""What leaves as JSON or CSV comes back as it was, byte for byte."""

import csv
import io
import json
import random
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import pytest

from apps.authentication.exports import personal_archive
from apps.favorites.models import Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from apps.favorites.personal_data import erase_library
from apps.favorites.transfer.reading import harmless, plain
from apps.movies.models import Movie
from tests.conftest import signed_in
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    ViewingFactory,
    WatchlistItemFactory,
)
from tests.favorites.transfer.files import counts_of

EXPORT = "/api/v1/library/export/"
SHELVES = (Favorite, Rating, WatchlistItem, HiddenMovie, ViewingHistory)
ODD_TITLES = [
    "=1+1",
    "+1",
    "-30-",
    "@ Home",
    "\tTabbed",
    "\rReturned",
    "'=quoted",
    "'Til Dawn",
    'Says "Yes", twice',
    "Two\r\nlines",
    "Été à Brûlon",
    "千と千尋",
    "\uff1dwide",
    "🎬",
    "a" * 300,
    "",
]

pytestmark = pytest.mark.django_db


def export(client, **query):
    response = client.get(EXPORT, query)
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


@pytest.fixture
def library(user):
    """5,000 entries, with everything that makes a round trip hard."""
    dice = random.Random(7)
    films = [
        Movie(tmdb_id=1000 + n, title=ODD_TITLES[n] if n < len(ODD_TITLES) else f"Film {n}", imdb_id=f"tt{n:07d}")
        for n in range(1500)
    ]
    for film in films:
        film.set_search_text()
    films = Movie.objects.bulk_create(films)

    def moments():
        start = datetime(2020, 1, 1, tzinfo=UTC)
        while True:
            # Many share one moment, as after an import.
            yield start + timedelta(days=dice.randrange(900), microseconds=dice.choice([0, 0, 123456, 7]))

    at = moments()
    kept = {"user": user, "version": 3}
    Favorite.objects.bulk_create([Favorite(movie=film, created_at=next(at), **kept) for film in films[:900]])
    Rating.objects.bulk_create(
        [Rating(movie=f, value=dice.randrange(1, 21) / 2, created_at=next(at), **kept) for f in films[:1200]]
    )
    places = dice.sample(range(1, 5000), 700)  # with gaps, and in an order of its own
    WatchlistItem.objects.bulk_create(
        [
            WatchlistItem(movie=film, position=place, created_at=next(at), **kept)
            for film, place in zip(films[400:1100], places, strict=True)
        ]
    )
    HiddenMovie.objects.bulk_create([HiddenMovie(movie=f, created_at=next(at), **kept) for f in films[1100:1300]])
    viewings = [
        ViewingHistory(
            movie=dice.choice(films),
            watched_at=dice.choice([None, next(at), datetime(2021, 5, 5, tzinfo=UTC)]),
            progress=dice.choice([1, 1, 1, 0.5, 1 / 3, 0.1 + 0.2]),
            client_id=dice.choice(["", "", f"tv-{n}", f"=cmd{n}", f"-{n}"]),
            created_at=next(at),
            **kept,
        )
        for n in range(1990)
    ]
    same = {"movie": films[0], "watched_at": None, "created_at": datetime(2021, 1, 1, tzinfo=UTC), **kept}
    viewings += [ViewingHistory(**same) for _ in range(10)]
    ViewingHistory.objects.bulk_create(viewings)
    assert sum(shelf.objects.count() for shelf in SHELVES) == 5000


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_a_library_of_5000_entries_comes_back_byte_for_byte(api, user, library, imported, format_):
    before = export(api, format=format_)
    erase_library(user)
    assert not any(shelf.objects.exists() for shelf in SHELVES)
    job = imported(before, f"library.{format_}")
    assert (job["format"], counts_of(job)) == ("marquee", {"added": 5000})
    assert export(api, format=format_) == before
    again = imported(before, f"library.{format_}")
    assert counts_of(again) == {"existing": 5000}
    assert export(api, format=format_) == before


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_importing_what_is_there_changes_nothing(api, library, imported, format_):
    before = export(api, format=format_)
    assert counts_of(imported(before, f"library.{format_}")) == {"existing": 5000}
    assert export(api, format=format_) == before


@pytest.fixture
def small(user):
    film = MovieFactory(
        tmdb_id=603, title="=The Matrix", release_date="1999-03-31", imdb_id="tt0133093", only_year_known=True
    )
    at = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    FavoriteFactory(user=user, movie=film, created_at=at)
    RatingFactory(user=user, movie=film, value=8.5, created_at=at)
    WatchlistItemFactory(user=user, movie=film, position=7, created_at=at)
    HiddenMovieFactory(user=user, movie=film, created_at=at)
    ViewingFactory(user=user, movie=film, watched_at=at, created_at=at, client_id="tv-1")
    ViewingFactory(user=user, movie=film, watched_at=at + timedelta(days=1), created_at=at)
    ViewingFactory(user=user, movie=film, watched_at=at, created_at=at, progress=0.25)
    return film


def test_the_json_is_one_document_with_a_list_for_each_part(api, small):
    film = {"tmdb_id": 603, "imdb_id": "tt0133093", "title": "=The Matrix", "year": 1999}
    entry = film | {"created_at": "2026-05-01T12:30:00Z"}
    document = json.loads(export(api))
    assert list(document) == ["marquee", "favorites", "ratings", "watchlist", "hidden", "history"]
    assert document["marquee"] == 1
    assert document["favorites"] == document["watchlist"] == document["hidden"] == [entry]
    assert document["ratings"] == [entry | {"value": 8.5}]
    viewing = entry | {"watched_at": "2026-05-01T12:30:00Z", "progress": 1.0, "client_id": "tv-1"}
    assert viewing in document["history"]
    assert len(document["history"]) == 3


def test_the_csv_is_one_table_that_no_spreadsheet_carries_out(api, small):
    text = export(api, format="csv").decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["part"] for line in lines] == ["favorites", "ratings", "watchlist", "hidden", *["history"] * 3]
    assert {line["title"] for line in lines} == {"'=The Matrix"}
    assert lines[1] == {
        "part": "ratings",
        "tmdb_id": "603",
        "imdb_id": "tt0133093",
        "title": "'=The Matrix",
        "year": "1999",
        "created_at": "2026-05-01T12:30:00Z",
        "value": "8.5",
        "watched_at": "",
        "progress": "",
        "client_id": "",
    }


def test_letterboxd_gets_its_own_files(api, small):
    archive = ZipFile(io.BytesIO(export(api, format="letterboxd")))
    files = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    entry = "2026-05-01,'=The Matrix,1999,"
    assert files == {
        "ratings.csv": ["Date,Name,Year,Letterboxd URI,Rating", f"{entry},4.5"],
        "watched.csv": ["Date,Name,Year,Letterboxd URI", entry],
        "diary.csv": [
            "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date",
            f"{entry},4.5,,,2026-05-01",
            f"{entry},4.5,Yes,,2026-05-02",
        ],
        "watchlist.csv": ["Date,Name,Year,Letterboxd URI", entry],
        "likes/films.csv": ["Date,Name,Year,Letterboxd URI", entry],
    }


def test_what_letterboxd_gets_adds_nothing_when_it_comes_back(api, small, imported, user):
    Rating.objects.update(value=9)  # 8.5 becomes four and a half stars, and those are 9
    job = imported(export(api, format="letterboxd"))
    assert (job["format"], counts_of(job)) == ("letterboxd", {"existing": 6})


def test_the_archive_of_all_that_is_kept_comes_back_too(user, small, imported):
    with personal_archive(user, day=datetime(2026, 5, 1, tzinfo=UTC).date()) as file:
        archive = file.read()
    erase_library(user)
    job = imported(archive)
    assert (job["format"], counts_of(job)) == ("marquee", {"added": 7})
    assert Rating.objects.get().value == 8.5


@pytest.mark.parametrize("cell", [*ODD_TITLES, "''=x", "'", "'a", "a=b", " =x"])
def test_a_cell_is_what_it_was_once_the_quote_is_off(cell):
    shown = harmless(cell)
    assert plain(shown) == cell
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("format_", "media_type", "name"),
    [
        ("json", "application/json", "marquee-library-2026-05-01.json"),
        ("csv", "text/csv; charset=utf-8", "marquee-library-2026-05-01.csv"),
        ("letterboxd", "application/zip", "marquee-letterboxd-2026-05-01.zip"),
    ],
)
def test_an_export_is_a_private_file(user, time_machine, format_, media_type, name):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    response = signed_in(user).get(EXPORT, {"format": format_}, HTTP_ACCEPT="text/html")
    assert response["Content-Type"] == media_type
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert int(response["Content-Length"]) == len(b"".join(response.streaming_content))


def test_who_keeps_nothing_exports_empty_lists(api):
    document = json.loads(export(api))
    assert document == {
        "marquee": 1,
        **{part: [] for part in ("favorites", "ratings", "watchlist", "hidden", "history")},
    }


@pytest.mark.parametrize("format_", ["json", "csv", "letterboxd"])
@pytest.mark.parametrize("n_films", [1, 30])
def test_an_export_costs_as_many_queries_whatever_the_size(api, user, django_assert_num_queries, format_, n_films):
    for factory in (FavoriteFactory, RatingFactory, WatchlistItemFactory, HiddenMovieFactory, ViewingFactory):
        factory.create_batch(n_films, user=user)
    with django_assert_num_queries(7 if format_ == "letterboxd" else 6):  # the caller, and one a list
        export(api, format=format_)


def test_a_stranger_exports_their_own(stranger, small):
    assert json.loads(export(stranger))["favorites"] == []


def test_an_export_knows_its_formats_alone(api):
    response = api.get(EXPORT, {"format": "xml"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "invalid_choice")
    assert api.post(EXPORT).status_code == 405
