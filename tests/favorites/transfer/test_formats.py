import json
from datetime import UTC, datetime

import pytest

from apps.favorites.models import Favorite, Rating, ViewingHistory, WatchlistItem
from tests.factories import MovieFactory, RatingFactory
from tests.favorites.answers import complaints, version_of
from tests.favorites.transfer import files
from tests.favorites.transfer.files import counts_of, zipped

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def films():
    return [
        MovieFactory(tmdb_id=tmdb_id, title=title, imdb_id=imdb_id, release_date=f"{year}-05-01")
        for tmdb_id, title, year, imdb_id in files.FILMS
    ]


def ratings_of(user):
    return dict(Rating.objects.of(user).values_list("movie__tmdb_id", "value"))


def viewings_of(user):
    rows = ViewingHistory.objects.of(user).order_by("movie__tmdb_id", "watched_at")
    return [
        (tmdb_id, at and f"{at:%Y-%m-%d %H:%M}") for tmdb_id, at in rows.values_list("movie__tmdb_id", "watched_at")
    ]


def films_on(shelf, user):
    return list(shelf.objects.of(user).order_by("pk").values_list("movie__tmdb_id", flat=True))


class TestLetterboxd:
    def test_an_archive_comes_over_whole(self, imported, rows, user):
        job = imported(zipped(files.LETTERBOXD))
        assert (job["format"], job["state"], job["rows_total"], job["rows_done"]) == ("letterboxd", "finished", 15, 15)
        # Of four films seen two are in the diary; nobody has one film of the watchlist.
        assert counts_of(job) == {"added": 12, "existing": 2, "unmatched": 1}
        assert ratings_of(user) == {901: 9.0, 902: 1.0, 903: 10.0, 904: 6.0, 905: 4.0}
        assert sorted(viewings_of(user), key=str) == [
            (901, "2024-01-04 00:00"),
            (901, "2024-02-04 00:00"),
            (902, None),
            (903, "2024-01-07 00:00"),
            (904, None),
        ]
        assert films_on(WatchlistItem, user) == [906]
        assert films_on(Favorite, user) == [901]
        assert sorted(job["ignored"]) == [
            "deleted/diary.csv",
            "lists/winter.csv",
            "orphaned/diary.csv",
            "profile.csv",
            "reviews.csv",
        ]
        assert {row["reason"] for row in rows(job, outcome="existing")} == {"seen_already"}

    def test_what_the_files_date_keeps_its_date(self, imported, user):
        imported(zipped(files.LETTERBOXD))
        assert Rating.objects.get(movie__tmdb_id=901).created_at == datetime(2024, 1, 5, tzinfo=UTC)
        assert WatchlistItem.objects.get().created_at == datetime(2024, 3, 1, tzinfo=UTC)
        assert set(ViewingHistory.objects.values_list("source", flat=True)) == {"import"}

    def test_a_folder_around_it_and_what_macos_adds_do_no_harm(self, imported):
        inside = {f"letterboxd-ada-2024/{path}": text for path, text in files.LETTERBOXD.items()}
        job = imported(zipped(inside | {"__MACOSX/letterboxd-ada-2024/._ratings.csv": b"\0\5\26\7"}))
        assert counts_of(job) == {"added": 12, "existing": 2, "unmatched": 1}

    @pytest.mark.parametrize(
        ("name", "text", "added"),
        [
            ("ratings.csv", files.RATINGS, {Rating: 5}),
            ("diary.csv", files.DIARY, {ViewingHistory: 3, Rating: 1}),
            ("watched.csv", files.WATCHED, {ViewingHistory: 4}),
            ("watchlist-ada-2024.csv", files.WATCHLIST, {WatchlistItem: 1}),
            ("films.csv", files.LIKES, {Favorite: 1}),
        ],
    )
    def test_each_file_can_come_alone(self, imported, user, name, text, added):
        imported(text.encode(), name)
        shelves = (Rating, ViewingHistory, WatchlistItem, Favorite)
        assert {shelf: n for shelf in shelves if (n := shelf.objects.of(user).count())} == added

    def test_of_a_film_rated_at_each_viewing_the_last_rating_stays(self, imported, user):
        imported(files.DIARY.encode(), "diary.csv")
        assert ratings_of(user) == {901: 9.0}

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_titles_with_accents_come_in_any_unicode(self, imported, user, encoding):
        imported(files.RATINGS.encode(encoding), "ratings.csv")
        assert ratings_of(user)[902] == 1.0

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("2024-01-05,,1987,,4", "no_title"),
            ("2024-01-05,The Copper Lantern,1987,,", "no_rating"),
            ("2024-01-05,The Copper Lantern,1987,,4.25", "bad_rating"),
            ("2024-01-05,The Copper Lantern,1987,,five", "bad_rating"),
            ("2024-01-05,The Copper Lantern,1987,,nan", "bad_rating"),
            ("2024-01-05,The Copper Lantern,1987,,0", "bad_rating"),
            ("05/01/2024,The Copper Lantern,1987,,4", "bad_date"),
            ("2924-01-05,The Copper Lantern,1987,,4", "bad_date"),
            ("2024-01-05,1987,The Copper Lantern,,4", "bad_value"),
        ],
    )
    def test_a_row_that_says_nothing_is_skipped_with_its_reason(self, imported, rows, line, reason):
        job = imported(f"Date,Name,Year,Letterboxd URI,Rating\n{line}\n".encode(), "ratings.csv")
        assert counts_of(job) == {"skipped": 1}
        (row,) = rows(job)
        assert (row["reason"], row["line"]) == (reason, 2)
        assert row["message"]


class TestIMDb:
    def test_ratings_come_over_but_for_what_is_no_film(self, imported, rows, user):
        job = imported(("\ufeff" + files.IMDB_RATINGS).encode(), "ratings.csv")
        assert job["format"] == "imdb"
        assert counts_of(job) == {"added": 3, "skipped": 5, "unmatched": 1}
        assert ratings_of(user) == {901: 9.0, 902: 1.0, 906: 7.0}
        assert [row["reason"] for row in rows(job, outcome="skipped")] == [*["not_a_film"] * 4, "bad_rating"]
        assert rows(job)[0]["confidence"] == 1.0

    def test_a_watchlist_comes_over_in_its_order(self, imported, user):
        job = imported(files.IMDB_WATCHLIST.encode(), "WATCHLIST.csv")
        assert counts_of(job) == {"added": 2, "skipped": 1}
        assert films_on(WatchlistItem, user) == [906, 901]
        assert list(WatchlistItem.objects.order_by("pk").values_list("position", flat=True)) == [1, 2]
        assert ratings_of(user) == {}

    def test_an_old_file_comes_over(self, imported, user):
        assert counts_of(imported(files.IMDB_OLD.encode(), "ratings.csv")) == {"added": 1, "skipped": 1}
        assert ratings_of(user) == {901: 9.0}


class TestTrakt:
    COUNTS = {"added": 9, "existing": 2, "skipped": 2}

    def test_an_archive_comes_over_whole(self, imported, rows, user):
        job = imported(files.trakt())
        assert (job["format"], job["ignored"]) == ("trakt", ["ratings-shows.json", "user-profile.json"])
        assert counts_of(job) == self.COUNTS
        assert ratings_of(user) == {901: 9.0, 902: 1.0}
        assert sorted(viewings_of(user), key=str) == [
            (901, "2024-01-04 20:15"),
            (901, "2024-02-04 20:15"),
            (902, "2024-03-04 20:15"),
            (903, None),
            (906, "2024-05-04 20:15"),
        ]
        assert films_on(WatchlistItem, user) == [903]
        assert films_on(Favorite, user) == [901]
        assert [row["reason"] for row in rows(job, outcome="skipped")] == ["not_a_film", "not_a_film"]

    def test_an_older_one_nests_under_the_users_name(self, imported):
        assert counts_of(imported(files.trakt(folder="ada/watched/"))) == self.COUNTS

    def test_a_list_can_come_alone(self, imported, user):
        job = imported(json.dumps(files.TRAKT_HISTORY).encode(), "history.json")
        assert (job["format"], counts_of(job)) == ("trakt", {"added": 3, "skipped": 1})

    @pytest.mark.parametrize(
        ("entry", "outcome", "reason"),
        [
            (7, "skipped", "not_a_film"),
            (None, "skipped", "not_a_film"),
            ({"movie": None}, "skipped", "not_a_film"),
            ({"movie": []}, "skipped", "not_a_film"),
            ({"movie": {}}, "skipped", "no_title"),
            ({"movie": {"title": "x", "year": 1999, "ids": None}}, "skipped", "bad_part"),
            ({"movie": {"title": "x", "year": "soon"}, "listed_at": ""}, "skipped", "bad_value"),
            ({"movie": {"title": "x", "ids": {"tmdb": 10**30}}, "listed_at": ""}, "skipped", "bad_value"),
            ({"movie": {"title": "x"}, "listed_at": {"a": 1}}, "skipped", "bad_date"),
            ({"movie": {"title": "x"}, "rated_at": None, "rating": []}, "skipped", "bad_rating"),
            ({"movie": {"title": "lone \ud800 \u0000"}, "listed_at": None}, "unmatched", "no_film"),
        ],
    )
    def test_an_entry_of_another_shape_is_told_about(self, imported, rows, entry, outcome, reason):
        (row,) = rows(imported(json.dumps([entry]).encode(), "lists-watchlist.json"))
        assert (row["outcome"], row["reason"]) == (outcome, reason)


class TestMovieLens:
    def test_one_users_ratings_come_over_by_the_ids_of_others(self, imported, rows, user):
        job = imported(zipped(files.MOVIELENS))
        assert (job["format"], job["ignored"]) == ("movielens", ["tags.csv", "README.txt"])
        assert counts_of(job) == {"added": 4, "skipped": 2}
        assert ratings_of(user) == {901: 9.0, 902: 1.0, 903: 6.0, 904: 6.0}
        assert [row["confidence"] for row in rows(job, outcome="added")] == [1.0, 1.0, 0.95, 1.0]
        assert Rating.objects.get(movie__tmdb_id=901).created_at == datetime.fromtimestamp(1700000000, UTC)

    def test_several_users_are_refused_by_name(self, send, user):
        ratings = files.MOVIELENS["ml/ratings.csv"] + "8,1,4.0,1700000000\n"
        response = send(zipped(files.MOVIELENS | {"ml/ratings.csv": ratings}))
        assert complaints(response) == {("file", "several_users")}
        assert "(7, 8, ...)" in response.json()["errors"][0]["message"]
        assert version_of(user) == 0

    def test_ratings_without_links_are_refused(self, send):
        response = send(files.MOVIELENS["ml/ratings.csv"].encode(), "ratings.csv")
        assert complaints(response) == {("file", "files_missing")}
        assert "links.csv" in response.json()["errors"][0]["message"]

    def test_ratings_with_ids_of_their_own_need_no_links(self, imported, user):
        table = "movieId,imdbId,tmdbId,rating,title\n1,0900001,901,4.5,The Copper Lantern (1987)\n"
        assert counts_of(imported(table.encode(), "movielens.csv")) == {"added": 1}
        assert ratings_of(user) == {901: 9.0}


class TestReplay:
    @pytest.mark.parametrize(
        "data",
        [zipped(files.LETTERBOXD), files.trakt(), files.IMDB_RATINGS.encode(), zipped(files.MOVIELENS)],
        ids=["letterboxd", "trakt", "imdb", "movielens"],
    )
    def test_a_file_imported_again_adds_nothing(self, imported, user, data):
        name = "ratings.csv" if data.startswith(b"Const") else "export.zip"
        first = imported(data, name)
        before, seen = version_of(user), viewings_of(user)
        again = imported(data, name)
        assert counts_of(again).get("added", 0) == 0
        assert counts_of(again)["existing"] == counts_of(first)["added"] + counts_of(first).get("existing", 0)
        assert (version_of(user), viewings_of(user)) == (before, seen)

    def test_what_the_library_has_is_left_as_it_is(self, imported, user, films):
        RatingFactory(user=user, movie=films[0], value=2)
        job = imported(zipped(files.LETTERBOXD))
        assert ratings_of(user)[901] == 2.0
        assert counts_of(job) == {"added": 11, "existing": 3, "unmatched": 1}
