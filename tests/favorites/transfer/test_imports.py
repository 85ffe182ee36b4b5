"""What happens to an import: dry run, apply, resolve, undo, and going on where it stopped."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.favorites.jobs import forget_imports, resume_imports
from apps.favorites.models import (
    Favorite,
    IdempotencyKey,
    ImportJob,
    ImportRow,
    LibraryState,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.favorites.personal_data import erase_library
from apps.favorites.transfer import running, services
from apps.favorites.transfer.running import run_import
from apps.favorites.transfer.services import file_read, import_create
from tests.conftest import signed_in
from tests.factories import MovieFactory, RatingFactory, UserFactory, ViewingFactory, WatchlistItemFactory
from tests.favorites.answers import complaints, version_of
from tests.favorites.transfer import files
from tests.favorites.transfer.conftest import URL
from tests.favorites.transfer.files import counts_of, zipped
from tests.threads import at_once, concurrent_writers

pytestmark = pytest.mark.django_db

LETTERBOXD = zipped(files.LETTERBOXD)
ENDPOINTS = [("get", ""), ("get", "rows/"), ("put", "rows/1/"), ("post", "apply/"), ("post", "undo/")]


@pytest.fixture(autouse=True)
def films():
    return [
        MovieFactory(tmdb_id=tmdb_id, title=title, imdb_id=imdb_id, release_date=f"{year}-05-01")
        for tmdb_id, title, year, imdb_id in files.FILMS
    ]


@pytest.fixture
def look(api):
    return lambda job: api.get(f"{URL}{job['id']}/").json()["data"]


@pytest.fixture
def resolve(api):
    return lambda job, number, tmdb_id: api.put(f"{URL}{job['id']}/rows/{number}/", {"tmdb_id": tmdb_id})


def library_of(user):
    """Everything in the library, whatever its keys, versions and times of change."""
    shelves = {
        shelf.__name__: sorted(shelf.objects.of(user).values_list("movie__tmdb_id", *fields), key=str)
        for shelf, fields in {
            Favorite: ["created_at"],
            Rating: ["value", "created_at"],
            WatchlistItem: ["created_at"],
            ViewingHistory: ["watched_at", "progress", "client_id"],
        }.items()
    }
    return {name: rows for name, rows in shelves.items() if rows}


def ratings_csv(*lines):
    return ("Date,Name,Year,Letterboxd URI,Rating\n" + "\n".join(lines)).encode()


class TestAnswers:
    def test_a_file_is_accepted_and_its_import_begins(self, send, user):
        response = send(files.RATINGS.encode(), "ratings.csv")
        job = response.json()["data"]
        assert (response.status_code, response.json()["message"]) == (202, "The file is being imported.")
        assert job | {"id": "", "created_at": "", "active_at": ""} == {
            "id": "",
            "format": "letterboxd",
            "file_name": "ratings.csv",
            "dry_run": False,
            "state": "queued",
            "rows_total": 5,
            "rows_done": 0,
            "counts": dict.fromkeys(ImportRow.Outcome.values, 0) | {"pending": 5},
            "ignored": [],
            "created_at": "",
            "active_at": "",
            "finished_at": None,
        }

    def test_an_import_says_how_it_went(self, imported):
        job = imported(files.RATINGS.encode(), "ratings.csv")
        assert (job["state"], job["rows_done"], counts_of(job)) == ("finished", 5, {"added": 5})
        assert job["finished_at"]

    def test_a_row_says_what_it_says_and_what_became_of_it(self, imported, rows):
        row = rows(imported(files.RATINGS.encode(), "ratings.csv"))[1]
        assert row == {
            "number": 2,
            "file": "ratings.csv",
            "line": 3,
            "part": "ratings",
            "title": "Été à Brûlon",
            "year": 2003,
            "tmdb_id": None,
            "imdb_id": "",
            "value": 1.0,
            "at": "2024-01-06T00:00:00Z",
            "watched_at": None,
            "outcome": "added",
            "reason": "",
            "message": "",
            "confidence": 0.95,
            "movie": {"tmdb_id": 902, "title": "Été à Brûlon", "year": 2003},
            "candidates": [],
        }

    def test_rows_are_told_apart_by_outcome(self, imported, rows):
        job = imported(LETTERBOXD)
        (row,) = rows(job, outcome="unmatched")
        assert (row["title"], row["reason"], row["movie"]) == ("A Film That Nobody Has", "no_film", None)

    def test_imports_are_listed_newest_first(self, api, imported):
        jobs = [imported(files.RATINGS.encode(), name) for name in ("a.csv", "b.csv")]
        answer = api.get(URL).json()
        assert [job["file_name"] for job in answer["data"]] == ["b.csv", "a.csv"]
        assert answer["data"][1] == jobs[0]
        assert answer["pagination"]["total"] == 2

    @pytest.mark.parametrize("n_imports", [1, 12])
    def test_the_list_costs_as_many_queries_whatever_its_size(
        self, api, imported, django_assert_num_queries, n_imports
    ):
        for _ in range(n_imports):
            imported(files.RATINGS.encode(), "ratings.csv")
        with django_assert_num_queries(4):  # the caller, count, page, outcomes
            assert len(api.get(URL).json()["data"]) == n_imports

    @pytest.mark.parametrize("per_page", [1, 15])
    def test_the_rows_cost_as_many_queries_whatever_their_number(
        self, api, imported, django_assert_num_queries, per_page
    ):
        job = imported(LETTERBOXD)
        with django_assert_num_queries(4):  # the caller, the import, count, page
            assert len(api.get(f"{URL}{job['id']}/rows/", {"per_page": per_page}).json()["data"]) == per_page

    def test_the_version_rises_once_a_part(self, imported, user):
        imported(LETTERBOXD)
        assert version_of(user) == 4
        state = LibraryState.objects.get(user=user)
        assert all((state.ratings_at, state.history_at, state.watchlist_at, state.favorites_at))
        assert state.hidden_at is None

    @pytest.mark.parametrize("n_rows", [40, 400])
    def test_a_chunk_costs_as_many_queries_whatever_its_size(self, user, django_assert_max_num_queries, n_rows):
        for n in range(n_rows):
            MovieFactory(tmdb_id=5000 + n, title=f"Made Up {n}", release_date="2001-01-01")
        lines = (f"2024-01-01,Made Up {n},2001,,3" for n in range(n_rows))
        job = import_create(user=user, reading=file_read(name="ratings.csv", data=ratings_csv(*lines)), dry_run=False)
        with django_assert_max_num_queries(31):  # the last puts the job on record
            run_import(str(job.pk))
        assert Rating.objects.count() == n_rows


class TestDryRun:
    def test_it_says_what_would_happen_and_does_nothing(self, imported, user):
        job = imported(LETTERBOXD, dry_run="true")
        assert (job["dry_run"], job["state"]) == (True, "finished")
        assert counts_of(job) == {"added": 12, "existing": 2, "unmatched": 1}
        assert library_of(user) == {}
        assert version_of(user) == 0

    @pytest.mark.parametrize("data", [LETTERBOXD, files.trakt(), zipped({"diary.csv": files.DIARY})])
    def test_applied_it_does_what_it_said(self, imported, act, look, user, data):
        dry = imported(data, dry_run="true")
        response = act(dry["id"], "apply")
        assert (response.status_code, response.json()["message"]) == (202, "The import is being applied.")
        job = look(dry)
        assert (job["dry_run"], job["state"], job["counts"]) == (False, "finished", dry["counts"])
        once = library_of(user)
        erase_library(user)
        imported(data)
        assert library_of(user) == once != {}

    def test_it_is_the_same_over_many_chunks(self, imported, act, look, monkeypatch):
        monkeypatch.setattr(running, "CHUNK", 1)
        dry = imported(files.DIARY.encode(), "diary.csv", dry_run="true")
        assert counts_of(dry) == {"added": 4, "changed": 1}
        act(dry["id"], "apply")
        assert look(dry)["counts"] == dry["counts"]

    def test_what_was_no_dry_run_cannot_be_applied(self, imported, act):
        response = act(imported(LETTERBOXD)["id"], "apply")
        assert (response.status_code, response.json()["code"]) == (409, "nothing_to_apply")


class TestResolve:
    def test_a_row_without_a_film_is_added_once_it_has_one(self, imported, rows, look, resolve, user, films):
        job = imported(LETTERBOXD)
        (row,) = rows(job, outcome="unmatched")
        before = version_of(user)
        response = resolve(job, row["number"], 905)
        assert response.status_code == 200, response.content
        assert response.json()["data"] | {"outcome": "added", "confidence": 1.0} == response.json()["data"]
        assert response.json()["data"]["movie"]["tmdb_id"] == 905
        assert WatchlistItem.objects.get(movie=films[4]).created_at == datetime(2024, 3, 2, tzinfo=UTC)
        assert counts_of(look(job)) == {"added": 13, "existing": 2}
        assert version_of(user) == before + 1

    def test_every_row_that_says_the_same_is_settled_with_it(self, imported, look, rows, resolve, user):
        inside = {
            "ratings.csv": "Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,Elsewhere,1999,,4\n",
            "watched.csv": "Date,Name,Year,Letterboxd URI\n2024-01-01,Elsewhere,1999,\n2024-01-01,Elsewhere,1998,\n",
        }
        job = imported(zipped(inside))
        resolve(job, 1, 901)
        assert [(row["part"], row["outcome"]) for row in rows(job)] == [
            ("ratings", "added"),
            ("history", "added"),
            ("history", "unmatched"),
        ]

    def test_of_several_films_that_it_may_be_it_names_some(self, imported, rows, resolve):
        for tmdb_id in (951, 952):
            MovieFactory(tmdb_id=tmdb_id, title="Twins", release_date="1988-05-01")
        job = imported(ratings_csv("2024-01-01,Twins,1988,,4"), "ratings.csv")
        (row,) = rows(job, outcome="ambiguous")
        assert [film["tmdb_id"] for film in row["candidates"]] == [951, 952]
        assert row["reason"] == "several_films"
        assert resolve(job, 1, 952).json()["data"]["candidates"] == []
        assert Rating.objects.get().movie.tmdb_id == 952

    def test_in_a_dry_run_nothing_is_written_until_it_is_applied(self, imported, act, resolve, look, user):
        job = imported(ratings_csv("2024-01-01,Elsewhere,1999,,4"), "ratings.csv", dry_run="true")
        assert resolve(job, 1, 901).json()["data"]["outcome"] == "added"
        assert not Rating.objects.exists()
        act(job["id"], "apply")
        assert Rating.objects.get().movie.tmdb_id == 901

    def test_in_a_dry_run_a_wrong_film_can_be_put_right(self, imported, act, resolve):
        job = imported(ratings_csv("2024-01-01,The Copper Lantern,1987,,4"), "ratings.csv", dry_run="true")
        resolve(job, 1, 905)
        act(job["id"], "apply")
        assert Rating.objects.get().movie.tmdb_id == 905

    def test_what_is_settled_or_skipped_stays(self, imported, resolve):
        job = imported(ratings_csv("2024-01-01,The Copper Lantern,1987,,4", "2024-01-01,,1987,,4"), "ratings.csv")
        for number in (1, 2):
            response = resolve(job, number, 905)
            assert (response.status_code, response.json()["code"]) == (409, "row_settled")

    def test_a_film_or_a_row_that_is_not_there_is_404(self, imported, resolve):
        job = imported(ratings_csv("2024-01-01,Elsewhere,1999,,4"), "ratings.csv")
        assert resolve(job, 1, 424242).json()["code"] == "movie_not_found"
        assert resolve(job, 7, 901).json()["code"] == "not_found"
        assert resolve(job, 1, 0).status_code == 400


class TestUndo:
    def test_a_whole_import_is_taken_back(self, imported, act, look, user, films):
        RatingFactory(user=user, movie=films[5], value=3)
        ViewingFactory(user=user, movie=films[0], watched_at="2024-01-04T19:00:00Z")
        before = library_of(user)
        job = imported(LETTERBOXD)
        added = counts_of(job)["added"]
        assert library_of(user) != before
        response = act(job["id"], "undo")
        assert (response.status_code, response.json()["message"]) == (202, "The import is being undone.")
        assert library_of(user) == before
        job = look(job)
        assert (job["state"], job["counts"]["undone"], job["counts"]["added"]) == ("undone", added, 0)

    def test_a_client_that_was_away_hears_of_it(self, api, imported, undoing, user):
        job = imported(LETTERBOXD)
        since = LibraryState.objects.get(user=user).changed_at
        undoing(job)
        meta = api.get("/api/v1/ratings/", {"updated_since": since.isoformat()}).json()["meta"]
        assert sorted(gone["item"] for gone in meta["removed"]) == [901, 902, 903, 904, 905]
        imported(LETTERBOXD)
        assert not Removal.objects.of(user, "ratings").exists()

    def test_what_was_changed_since_is_left_and_told_about(self, api, imported, undoing, look, rows, user):
        job = imported(LETTERBOXD)
        api.put("/api/v1/ratings/901/", {"value": 2})
        api.delete("/api/v1/ratings/902/")
        undoing(job)
        assert list(Rating.objects.of(user).values_list("movie__tmdb_id", "value")) == [(901, 2.0)]
        assert {row["movie"]["tmdb_id"] for row in rows(job, outcome="left")} == {901, 902}
        assert look(job)["counts"]["left"] == 2

    def test_a_changed_rating_is_again_what_it_was(self, imported, undoing, user, films):
        RatingFactory(user=user, movie=films[0], value=2, updated_at="2020-01-01T00:00:00Z")
        job = imported(files.RATINGS.encode(), "ratings.csv")
        assert counts_of(job) == {"added": 4, "changed": 1}
        undoing(job)
        assert list(Rating.objects.of(user).values_list("movie__tmdb_id", "value")) == [(901, 2.0)]

    @pytest.mark.parametrize("chunk", [1, 500])
    def test_a_film_rated_twice_in_one_file_is_gone(self, imported, undoing, user, monkeypatch, chunk):
        monkeypatch.setattr(running, "CHUNK", chunk)
        job = imported(files.DIARY.encode(), "diary.csv")
        assert counts_of(job) == {"added": 4, "changed": 1}
        undoing(job)
        assert library_of(user) == {}

    def test_it_can_be_imported_again(self, imported, undoing, user):
        job = imported(LETTERBOXD)
        once = library_of(user)
        undoing(job)
        imported(LETTERBOXD)
        assert library_of(user) == once

    def test_an_import_is_undone_once_and_a_dry_run_never(self, imported, act):
        job = imported(LETTERBOXD)
        assert act(job["id"], "undo").status_code == 202
        for again in (job, imported(LETTERBOXD, dry_run="true")):
            response = act(again["id"], "undo")
            assert (response.status_code, response.json()["code"]) == (409, "nothing_to_undo")

    def test_a_resolved_row_is_taken_back_too(self, imported, resolve, undoing, user):
        job = imported(ratings_csv("2024-01-01,Elsewhere,1999,,4"), "ratings.csv")
        resolve(job, 1, 901)
        undoing(job)
        assert library_of(user) == {}


class TestWhichRatingStays:
    @pytest.mark.parametrize(
        ("here", "day", "value", "outcome"),
        [
            ("2024-01-02", "2024-01-01", 2.0, "existing"),
            ("2024-01-02", "2024-01-03", 8.0, "changed"),
            ("2024-01-02", "", 2.0, "existing"),
        ],
    )
    def test_the_newer_one_and_else_the_librarys(self, imported, rows, user, films, here, day, value, outcome):
        RatingFactory(user=user, movie=films[0], value=2, updated_at=f"{here}T00:00:00Z")
        job = imported(ratings_csv(f"{day},The Copper Lantern,1987,,4"), "ratings.csv")
        assert (Rating.objects.get().value, rows(job)[0]["outcome"]) == (value, outcome)

    def test_what_an_import_wrote_is_as_old_as_its_file(self, imported):
        imported(ratings_csv("2024-01-01,The Copper Lantern,1987,,4"), "ratings.csv")
        imported(ratings_csv("2024-02-01,The Copper Lantern,1987,,2"), "ratings.csv")
        assert Rating.objects.get().value == 4.0
        imported(ratings_csv("2024-01-15,The Copper Lantern,1987,,5"), "ratings.csv")
        assert Rating.objects.get().value == 4.0

    def test_an_added_film_goes_behind_the_watchlist(self, imported, user):
        WatchlistItemFactory(user=user, position=9)
        imported(files.WATCHLIST.encode(), "watchlist.csv")
        assert list(WatchlistItem.objects.order_by("pk").values_list("position", flat=True)) == [9, 10]


class TestGoingOn:
    @pytest.fixture
    def job(self, user):
        reading = file_read(name="export.zip", data=LETTERBOXD)
        return import_create(user=user, reading=reading, dry_run=False)

    @pytest.mark.parametrize("stops_after", [0, 1, 3, 6, 11])
    def test_killed_it_goes_on_where_it_stopped(self, job, user, monkeypatch, stops_after):
        monkeypatch.setattr(running, "CHUNK", 1)
        done = 0

        def dying(*args):
            nonlocal done
            done += 1
            if done > stops_after:
                raise KeyboardInterrupt
            return matched(*args)

        matched = running.matched
        monkeypatch.setattr(running, "matched", dying)
        with pytest.raises(KeyboardInterrupt):
            run_import(str(job.pk))
        job.refresh_from_db()
        assert (job.state, job.rows.exclude(outcome="pending").count()) == ("running", stops_after)
        monkeypatch.setattr(running, "matched", matched)
        run_import(str(job.pk))
        assert ImportRow.objects.counts([job])[job.pk] == {"added": 12, "existing": 2, "unmatched": 1}
        assert Rating.objects.of(user).count() == 5
        assert ViewingHistory.objects.of(user).count() == 5

    def test_run_twice_it_does_nothing_twice(self, job, user):
        run_import(str(job.pk))
        before = version_of(user)
        run_import(str(job.pk))
        assert version_of(user) == before

    def test_a_job_that_is_gone_or_whose_user_is_gone_is_nothing(self, job, user):
        run_import(str(uuid4()))
        rows = ImportRow.objects.filter(job=job)
        assert rows.exists()
        user.delete()
        run_import(str(job.pk))
        assert not rows.exists()

    @pytest.mark.parametrize("action", ["apply", "undo"])
    def test_at_work_it_is_left_alone(self, job, act, action):
        response = act(job.pk, action)
        assert (response.status_code, response.json()["code"]) == (409, "import_busy")

    def test_stalled_it_can_be_made_to_go_on(self, job, act):
        ImportJob.objects.update(state="running", active_at=timezone.now() - timedelta(minutes=11))
        assert act(job.pk, "apply").status_code == 202
        job.refresh_from_db()
        assert job.state == "finished"

    def test_stalled_it_goes_on_by_itself(self, job, user, django_capture_on_commit_callbacks):
        for minutes, state in ((9, "queued"), (11, "finished")):
            ImportJob.objects.update(active_at=timezone.now() - timedelta(minutes=minutes))
            with django_capture_on_commit_callbacks(execute=True):
                resume_imports()
            job.refresh_from_db()
            assert job.state == state

    def test_an_undo_that_stopped_goes_on(self, job, user):
        run_import(str(job.pk))
        ImportJob.objects.update(state="undoing")
        run_import(str(job.pk))
        job.refresh_from_db()
        assert (job.state, library_of(user)) == ("undone", {})

    def test_old_imports_and_keys_are_forgotten(self, job, user):
        recent = ImportJob.objects.create(user=user, format="imdb", file_name="x")
        old = timezone.now() - timedelta(days=91)
        ImportJob.objects.filter(pk=job.pk).update(created_at=old)
        IdempotencyKey.objects.create(user=user, key="old", fingerprint="f", created_at=old)
        IdempotencyKey.objects.create(user=user, key="new", fingerprint="f")
        forget_imports()
        assert list(ImportJob.objects.all()) == [recent]
        assert not ImportRow.objects.exists()
        assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


class TestIdempotency:
    KEY = {"Idempotency-Key": "7e5c"}

    def test_the_same_request_begins_one_import(self, send):
        first = send(LETTERBOXD, headers=self.KEY)
        again = send(LETTERBOXD, headers=self.KEY)
        assert again.json() == first.json()
        assert again["Idempotency-Replayed"] == "true"
        assert ImportJob.objects.count() == 1

    @pytest.mark.parametrize("change", [{"dry_run": "true"}, {"format": "letterboxd"}])
    def test_another_request_under_the_key_is_refused(self, send, change):
        send(LETTERBOXD, headers=self.KEY)
        response = send(LETTERBOXD, headers=self.KEY, **change)
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")

    def test_another_file_under_the_key_is_refused(self, send):
        send(LETTERBOXD, headers=self.KEY)
        assert send(files.trakt(), headers=self.KEY).status_code == 422

    def test_a_refused_file_may_be_mended(self, send):
        assert complaints(send(b"a,b\n", "x.csv", headers=self.KEY)) == {("file", "format_unknown")}
        assert send(LETTERBOXD, headers=self.KEY).status_code == 202


class TestStrangers:
    @pytest.mark.parametrize(("method", "path"), ENDPOINTS)
    def test_somebody_elses_import_is_404(self, stranger, imported, method, path):
        job = imported(LETTERBOXD)
        response = getattr(stranger, method)(f"{URL}{job['id']}/{path}", {"tmdb_id": 901} if method == "put" else None)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize(("method", "path"), ENDPOINTS)
    def test_an_import_that_never_was_is_404(self, api, method, path):
        response = getattr(api, method)(f"{URL}{uuid4()}/{path}", {"tmdb_id": 901} if method == "put" else None)
        assert response.status_code == 404

    def test_a_stranger_sees_no_import_and_the_key_of_another_is_theirs(self, stranger, imported, send):
        imported(LETTERBOXD, headers={"Idempotency-Key": "k"})
        assert stranger.get(URL).json()["data"] == []
        assert send(LETTERBOXD, client=stranger, headers={"Idempotency-Key": "k"}).status_code == 202
        assert ImportJob.objects.count() == 2

    def test_two_users_import_the_same_file(self, imported, send, user):
        imported(LETTERBOXD)
        other = UserFactory()
        send(LETTERBOXD, client=signed_in(other))
        assert library_of(other) == library_of(user)

    def test_nobody_imports_nothing(self, anonymous, send):
        assert send(LETTERBOXD, client=anonymous).status_code == 401


class TestThrottle:
    def test_imports_are_counted_and_looking_at_them_is_not(self, api, send, settings):
        settings.THROTTLES = {"imports": "2/hour"}
        settings.THROTTLE_PROCESSES = 1
        for expected in (202, 202, 429):
            assert send(files.RATINGS.encode(), "ratings.csv").status_code == expected
        for _ in range(3):
            assert api.get(URL).status_code == 200


class TestAtOnce:
    pytestmark = concurrent_writers

    def test_two_workers_at_one_import_do_it_once(self, user, monkeypatch, settings):
        settings.JOBS_EAGER = False
        monkeypatch.setattr(running, "CHUNK", 2)
        monkeypatch.setattr(services, "enqueue", lambda *args, **kwargs: None)
        job = import_create(user=user, reading=file_read(name="export.zip", data=LETTERBOXD), dry_run=False)
        at_once(lambda _: run_import(str(job.pk)), range(3))
        assert ImportRow.objects.counts([job])[job.pk] == {"added": 12, "existing": 2, "unmatched": 1}
        assert (Rating.objects.count(), ViewingHistory.objects.count()) == (5, 5)
        assert ImportJob.objects.get().state == "finished"

    def test_of_many_that_undo_it_one_does(self, api, user, monkeypatch):
        monkeypatch.setattr(services, "enqueue", lambda *args, **kwargs: None)
        job = import_create(user=user, reading=file_read(name="export.zip", data=LETTERBOXD), dry_run=False)
        run_import(str(job.pk))
        codes = [answer.status_code for answer in at_once(lambda _: api.post(f"{URL}{job.pk}/undo/"), range(3))]
        assert sorted(codes) == [202, 409, 409]
        run_import(str(job.pk))
        assert library_of(user) == {}

    def test_what_is_written_meanwhile_is_neither_lost_nor_doubled(self, api, user, films, monkeypatch):
        monkeypatch.setattr(running, "CHUNK", 1)
        monkeypatch.setattr(services, "enqueue", lambda *args, **kwargs: None)
        job = import_create(user=user, reading=file_read(name="export.zip", data=LETTERBOXD), dry_run=False)
        writes = [lambda film=film: api.put(f"/api/v1/ratings/{film.tmdb_id}/", {"value": 1}) for film in films[:5]]
        at_once(lambda call: call(), [lambda: run_import(str(job.pk)), *writes])
        assert dict(Rating.objects.values_list("movie__tmdb_id", "value")) == dict.fromkeys(range(901, 906), 1.0)
        assert ImportJob.objects.get().state == "finished"


def test_a_film_that_was_moved_on_the_watchlist_is_taken_back_with_the_others(api, user, imported, undoing):
    for film in range(1, 6):
        MovieFactory(tmdb_id=film, title=f"Film {film}")
    lines = "".join(f"watchlist,{film},,Film {film},,2024-01-01T00:00:00Z,,,,\r\n" for film in range(1, 6))
    header = "part,tmdb_id,imdb_id,title,year,created_at,value,watched_at,progress,client_id\r\n"
    job = imported((header + lines).encode(), "library.csv")
    assert job["counts"]["added"] == 5
    api.patch("/api/v1/watchlist/5/", {"place": 1})
    undoing(job)
    assert not user.watchlistitems.exists()


def test_a_comma_in_a_number_is_a_point(user, imported):
    MovieFactory(tmdb_id=1, title="Film")
    header = "part,tmdb_id,imdb_id,title,year,created_at,value,watched_at,progress,client_id\r\n"
    imported((header + 'history,1,,Film,,2024-01-01T00:00:00Z,,,"0,5",\r\n').encode(), "library.csv")
    assert user.viewings.get().progress == 0.5
