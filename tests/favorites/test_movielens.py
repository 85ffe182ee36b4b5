import io
import os
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.authentication.models import User
from apps.favorites.models import LibraryState, Rating
from apps.favorites.movielens import ratings as ratings_module
from apps.favorites.movielens.load import movielens_import
from apps.movies.models import ListEntry, Movie, Source
from tests.factories import MovieFactory

pytestmark = pytest.mark.django_db

LINKS = """movieId,imdbId,tmdbId
1,0000101,501
2,0000102,502
3,0000103,
4,0000104,501
5,12345678,505
"""
CSV = {
    "links.csv": LINKS,
    "movies.csv": """\ufeffmovieId,title,genres
1,"Lamp, The (1971)",Children|Sci-Fi|IMAX
2,"Salt, Rain and Wind (a.k.a. ""Three Words"") (Sel, Le) (1988)",Drama|Musical
3,Nowhere Known (1990),Comedy
4,"Lamp, The (1971)",Drama
5,Untold,(no genres listed)
""",
    "ratings.csv": """userId,movieId,rating,timestamp
1,1,4.0,1000000000
1,2,0.5,1000000100
1,4,5.0,1000000200
2,4,3.5,1000000300
2,3,3.0,1000000400
""",
}
DAT = {
    "movies.dat": "1::Lamp, The (1971)::Animation|Children's\n2::Café Owl (1988)::Drama\n9::Unlinked (1950)::War\n",
    "ratings.dat": "1::1::5::978300760\n1::2::3::978302109\n2::9::4::978301968\n",
    "users.dat": "1::F::1::10::48067\n",
}


def folder(tmp_path, files, name="ml-tiny"):
    made = tmp_path / name
    made.mkdir(parents=True)
    for file, text in files.items():
        (made / file).write_text(text, encoding="latin-1" if file.endswith(".dat") else "utf-8")
    return made


def zipped(source):
    path = source.parent / f"{source.name}-download.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in source.iterdir():
            archive.write(file, f"{source.name}/{file.name}")
    return path


@pytest.fixture
def tiny(tmp_path):
    return folder(tmp_path, CSV)


@pytest.fixture
def one_m(tmp_path):
    return folder(tmp_path, DAT, "ml-old")


def stars():
    """Every rating as (alias, TMDb id) -> value."""
    return {(r.user.alias, r.movie.tmdb_id): r.value for r in Rating.objects.select_related("user", "movie")}


ALL_STARS = {("ml-tiny:1", 501): 10, ("ml-tiny:1", 502): 1, ("ml-tiny:2", 501): 7}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_download_becomes_films_and_ratings(tiny, packed):
    report = movielens_import(zipped(tiny) if packed else tiny)
    assert stars() == ALL_STARS
    assert (report.films_added, report.users_added, report.ratings_added) == (3, 2, 3)
    assert report.malformed.total == 0


def test_a_film_is_what_grouplens_tells_of_it(tiny):
    movielens_import(tiny)
    lamp, salt, untold = Movie.objects.order_by("tmdb_id")
    assert (lamp.title, lamp.imdb_id, lamp.source) == ("The Lamp", "tt0000101", Source.MOVIELENS)
    assert (lamp.release_date, lamp.only_year_known) == (date(1971, 1, 1), True)  # all that MovieLens knows
    assert {genre.name for genre in lamp.genres.all()} == {"Family", "Science Fiction"}
    assert (salt.title, salt.original_title) == ("Salt, Rain and Wind", "")
    assert {genre.name for genre in salt.genres.all()} == {"Drama", "Music"}
    assert (untold.title, untold.release_date, untold.imdb_id) == ("Untold", None, "tt12345678")
    assert untold.genres.count() == 0


def test_a_film_is_found_by_its_titles_in_parentheses(tiny):
    movielens_import(tiny)
    assert [film.tmdb_id for film in Movie.objects.search("le sel")] == [502]


def test_a_rating_keeps_its_moment(tiny):
    movielens_import(tiny)
    rating = Rating.objects.get(user__alias="ml-tiny:2")
    assert rating.created_at == rating.updated_at == datetime.fromtimestamp(1000000300, UTC)


def test_what_is_left_out_is_reported_with_its_reason(tiny):
    report = movielens_import(tiny)
    assert report.without_tmdb_id.examples == ["3 Nowhere Known (1990)"]
    assert report.ratings_left_out == 1
    assert report.doubles.examples == ["4 Lamp, The (1971) is 1 again: TMDb 501"]
    assert report.genres_unknown == {"IMAX": 1, "(no genres listed)": 1}
    assert "    3 Nowhere Known (1990)" in report.lines()


@pytest.mark.parametrize("batch", [1, 5_000])
@pytest.mark.parametrize("newest_first", [False, True])
def test_of_two_ratings_of_a_double_the_newer_stays(tiny, monkeypatch, batch, newest_first):
    monkeypatch.setattr(ratings_module, "BATCH", batch)
    if newest_first:
        header, *rows = CSV["ratings.csv"].splitlines()
        (tiny / "ratings.csv").write_text("\n".join([header, *reversed(rows)]))
    first, again = movielens_import(tiny), movielens_import(tiny)
    assert stars() == ALL_STARS
    assert (first.ratings_added, first.ratings_merged) == (3, 1)
    assert (again.ratings_added, again.ratings_known, again.ratings_merged) == (0, 3, 1)


def test_a_second_run_adds_nothing(tiny):
    movielens_import(zipped(tiny))
    again = movielens_import(tiny)  # unpacked meanwhile: the same people
    assert (again.films_added, again.users_added, again.ratings_added) == (0, 0, 0)
    assert (again.films_known, again.ratings_known) == (3, 3)
    assert stars() == ALL_STARS


def test_an_interrupted_import_is_completed_by_the_next(tiny, monkeypatch):
    monkeypatch.setattr(ratings_module, "BATCH", 2)

    def stop(done, total):
        if Rating.objects.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        movielens_import(tiny, progress=stop)
    assert 0 < Rating.objects.count() < 3
    movielens_import(tiny)
    assert stars() == ALL_STARS


def test_malformed_rows_are_skipped_and_named(tiny):
    with (tiny / "ratings.csv").open("a") as file:
        file.write("2,2,4.2,1000000500\n2,2,4.0\nx,2,4.0,1000000500\n\n2,2,nan,1\n2,2,4.0,99999999999999\n2,5,4.0,1\n")
    with (tiny / "links.csv").open("a") as file:
        file.write("6,0000106,many\n")
    with (tiny / "movies.csv").open("a") as file:
        file.write("6,,Drama\n")
    report = movielens_import(tiny)
    assert report.malformed.examples == [
        "links.csv line 7: tmdbId is 'many'",
        "movies.csv line 7: the title is empty",
        "ratings.csv line 7: no film can have 4.2 stars",
        "ratings.csv line 8: 3 columns where 4 belong",
        "ratings.csv line 9: userId is 'x'",
        "ratings.csv line 11: no film can have nan stars",
        "ratings.csv line 12: timestamp is '99999999999999'",
    ]
    assert stars() == ALL_STARS | {("ml-tiny:2", 505): 8}


def test_a_film_of_another_source_keeps_its_own_data(tiny):
    MovieFactory(tmdb_id=501, title="Our Lamp", source=Source.DEMO)
    report = movielens_import(tiny)
    lamp = Movie.objects.get(tmdb_id=501)
    assert (lamp.title, lamp.source, lamp.imdb_id, lamp.genres.count()) == ("Our Lamp", Source.DEMO, "", 0)
    assert (report.films_added, report.films_known) == (2, 1)
    assert stars() == ALL_STARS


def test_nobody_can_log_in_as_an_imported_user(tiny, anonymous):
    movielens_import(tiny)
    for user in User.objects.all():
        assert (user.kind, user.email, user.is_active) == (User.Kind.PSEUDONYMOUS, None, False)
        assert not user.has_usable_password()
        for password in ("", user.password):
            answer = anonymous.post("/api/v1/auth/login/", {"email": user.alias, "password": password})
            assert answer.status_code in {400, 401}


def test_votes_and_trends_follow_the_ratings(tiny):
    movielens_import(tiny)
    lamp = Movie.objects.get(tmdb_id=501)
    assert (lamp.vote_count, lamp.vote_average) == (2, 8.5)
    assert ListEntry.objects.filter(name=ListEntry.Name.TRENDING_DAY, movie=lamp).exists()
    assert not LibraryState.objects.exists()  # nobody's caches to make stale


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("links", ["folder", "zip", "file"])
def test_1m_takes_its_tmdb_ids_from_a_newer_release(one_m, tiny, packed, links):
    links_path = {"folder": tiny, "zip": zipped(tiny), "file": tiny / "links.csv"}[links]
    report = movielens_import(zipped(one_m) if packed else one_m, links=links_path)
    assert stars() == {("ml-old:1", 501): 10, ("ml-old:1", 502): 6}
    assert Movie.objects.get(tmdb_id=502).title == "Café Owl"
    assert {genre.name for genre in Movie.objects.get(tmdb_id=501).genres.all()} == {"Animation", "Family"}
    assert report.without_tmdb_id.examples == ["9 Unlinked (1950)"]


def test_links_of_another_release_replace_the_downloads_own(tiny, tmp_path):
    newer = folder(tmp_path, {"links.csv": LINKS.replace("3,0000103,", "3,0000103,503")}, "newer")
    report = movielens_import(tiny, links=newer)
    assert (report.films_added, report.without_tmdb_id.total) == (4, 0)


def test_two_releases_share_films_but_not_users(tiny, one_m):
    movielens_import(tiny)
    report = movielens_import(one_m, links=tiny)
    assert (report.films_known, report.films_added, report.users_added) == (2, 0, 1)
    assert Movie.objects.count() == 3


def test_the_command_prints_what_was_done(tiny):
    out = io.StringIO()
    call_command("import_movielens", str(tiny), stdout=out)
    assert "ratings  3 added, 0 known already" in out.getvalue()


def refusal(*args):
    with pytest.raises(CommandError) as refused:
        call_command("import_movielens", *map(str, args))
    assert not Movie.objects.exists()
    return str(refused.value)


def test_a_path_with_nothing_at_it_is_refused(tmp_path):
    assert "There is nothing at" in refusal(tmp_path / "nowhere.zip")


def test_a_folder_that_is_no_download_is_refused(tiny):
    (tiny / "links.csv").unlink()
    (tiny / "movies.csv").unlink()
    assert "it has no movies.csv and no links.csv" in refusal(tiny)


def test_1m_without_links_is_refused(one_m, tmp_path):
    assert "--links" in refusal(one_m)
    assert "has no links.csv" in refusal(one_m, "--links", one_m)


def test_columns_of_something_else_are_refused(tiny):
    (tiny / "links.csv").write_text("a,b\n1,2\n")
    assert "links.csv begins with a,b" in refusal(tiny)


def test_a_quote_that_never_ends_is_refused(tiny):
    with (tiny / "movies.csv").open("a") as file:
        file.write('6,"' + "endless " * 20_000)
    with pytest.raises(CommandError, match=r"movies.csv line 7 cannot be read as CSV"):
        call_command("import_movielens", str(tiny))


def test_a_name_too_long_for_an_alias_is_refused(tmp_path):
    assert "too long a name" in refusal(folder(tmp_path, CSV, "ml-" * 20))


def test_a_name_that_simulated_users_bear_is_refused(tmp_path):
    User.objects.create(kind=User.Kind.SIMULATED, alias="demo:1", is_active=False)
    assert "rename the folder" in refusal(folder(tmp_path, CSV, "demo"))


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "ml-tiny.zip"
    path.write_text("not a zip")
    assert "not a zip file" in refusal(path)


def test_a_damaged_zip_is_refused(tiny):
    path = zipped(tiny)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("ml-tiny/links.csv")
    damaged = bytearray(path.read_bytes())
    data = info.header_offset + 30 + len(info.filename)
    damaged[data : data + info.compress_size] = bytes(info.compress_size)
    path.write_bytes(damaged)
    assert "damaged" in refusal(path)


SMALL = Path(os.environ.get("MARQUEE_DATASETS", "")) / "ml-latest-small" / "ml-latest-small.zip"


@pytest.mark.skipif(not SMALL.is_file(), reason="set MARQUEE_DATASETS to a folder with ml-latest-small/*.zip")
def test_the_real_ml_latest_small_is_loaded_whole():
    report = movielens_import(SMALL)
    assert (report.films_added, report.without_tmdb_id.total, report.doubles.total) == (9_733, 8, 1)
    assert (report.users_added, report.ratings_added) == (610, 100_822)
    assert (report.ratings_left_out, report.ratings_merged, report.malformed.total) == (13, 1, 0)
    assert Rating.objects.count() == 100_822
