"""Whatever is sent: a clear 4xx or a report, and nothing half done."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from apps.favorites.models import Favorite, ImportJob, ImportRow, Rating, ViewingHistory
from apps.favorites.transfer import archive, services
from apps.favorites.transfer.archive import MAX_UPLOAD
from tests.favorites.answers import complaints, version_of
from tests.favorites.transfer import files, hostile
from tests.favorites.transfer.conftest import URL
from tests.favorites.transfer.files import zipped

pytestmark = pytest.mark.django_db

ARCHIVES = hostile.archives()
HEADER = "Date,Name,Year,Letterboxd URI,Rating\n"


def test_there_are_at_least_fifty():
    assert len(ARCHIVES) >= 50


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_or_reported_on(send, user, name):
    response = send(ARCHIVES[name])
    body = response.json()
    if response.status_code == 202:
        job = ImportJob.objects.get()
        assert job.state == "finished"
        assert job.rows.count() == job.rows_total
        assert not job.rows.filter(outcome="pending").exists()
    else:
        assert response.status_code in {400, 413}
        assert body["code"] in {"validation_error", "payload_too_large"}
        assert [error["field"] for error in body["errors"]] in ([], ["file"])
        assert not ImportJob.objects.exists()
        assert not ImportRow.objects.exists()
        assert version_of(user) == 0
    for shelf in (Favorite, Rating, ViewingHistory):
        assert not shelf.objects.exists()


REFUSED = {
    "empty": "empty",
    "an empty archive": "format_unknown",
    "an archive in an archive": "format_unknown",
    "a link": "archive_link",
    "two files of one name": "archive_repeats",
    "two files of nearly one name": "archive_repeats",
    "bzip2": "archive_compression",
    "a password": "archive_encrypted",
    "a wrong checksum": "archive_broken",
    "a place outside the file": "archive_broken",
    "the path ../ratings.csv": "archive_path",
    "the path /etc/ratings.csv": "archive_path",
    "the path C:ratings.csv": "archive_path",
    "Windows-1252": "not_utf8",
}
TOO_LARGE = [
    "zeros, a thousandth of their size",
    "more than 50 MiB",
    "the same text over and over",
    "a million rows",
    "101 files",
    "5,000 files",
    "all entries one stretch of bytes",
]


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_a_refusal_says_why(send, name, code):
    assert complaints(send(ARCHIVES[name])) == {("file", code)}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_413(send, name):
    response = send(ARCHIVES[name])
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("name", hostile.bombs())
def test_what_is_no_archive_is_read_with_the_same_care(send, name):
    path, data = hostile.bombs()[name]
    assert send(data, path).status_code in {202, 400, 413}
    assert not Rating.objects.exists()


def test_all_of_them_together_need_less_than_300_mib(tmp_path):
    sent = [*(("export.zip", data) for data in ARCHIVES.values()), *hostile.bombs().values()]
    sent.append(("export.zip", hostile.largest()))
    for number, (name, data) in enumerate(sent):
        (tmp_path / f"{number} {name}").write_bytes(data)
    environ = {
        "DJANGO_SETTINGS_MODULE": "config.settings.testing",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "tests.favorites.transfer.memory", str(tmp_path)]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True, check=True)  # noqa: S603  # our own module
    idle, most = map(int, done.stdout.split())
    assert most < 300, f"{most} MiB, {idle} of them before anything was read"


def test_a_file_over_the_limit_is_413(send, user):
    response = send(b"x" * (MAX_UPLOAD + 1), "ratings.csv")
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


def test_a_body_over_the_limit_is_413_before_it_is_read(api):
    response = api.generic(
        "POST", URL, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(2 * MAX_UPLOAD)
    )
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


def test_the_last_row_that_is_allowed_comes_and_one_more_does_not(send, monkeypatch):
    monkeypatch.setattr(services, "MAX_ROWS", 5)
    assert send(files.RATINGS.encode(), "ratings.csv").status_code == 202
    one_more = files.RATINGS + "2024-01-09,One More,2020,,2\n"
    assert send(one_more.encode(), "ratings.csv").status_code == 413
    assert ImportRow.objects.count() == 5


def test_an_error_at_the_last_row_keeps_none(send, user):
    response = send(files.RATINGS.encode() + b"2024-01-09,caf\xe9,2020,,2\n", "ratings.csv")
    assert complaints(response) == {("file", "not_utf8")}
    assert "Windows-1252" in response.json()["errors"][0]["message"]
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("Date,Name,Letterboxd URI,Rating", "Year"),
        ("Date,Year,Letterboxd URI,Rating", "Name"),
        ("Letterboxd URI,Rating", "Date, Name, Year"),
        ("Date;Name;Year;Letterboxd URI;Rating", "Date, Name, Year, Letterboxd URI"),
    ],
)
def test_missing_columns_are_named(send, header, missing):
    response = send(f"{header}\na,b,c,d,e\n".encode(), "ratings.csv", format="letterboxd")
    assert complaints(response) == {("file", "columns_missing")}
    assert missing in response.json()["errors"][0]["message"]


def test_columns_may_come_in_any_order_and_case(imported):
    job = imported(b"rating,YEAR,Letterboxd URI,Name,Date\n4,1999,,Nobody,2024-01-01\n", "ratings.csv")
    assert job["counts"]["unmatched"] == 1


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"format": "netflix"}, ("format", "invalid_choice")),
        ({"dry_run": "perhaps"}, ("dry_run", "invalid")),
        ({"dryrun": "true"}, ("dryrun", "unknown_field")),
        ({"format": ["imdb", "trakt"]}, ("format", "repeated_field")),
    ],
)
def test_a_form_with_something_wrong_is_refused(send, fields, complaint):
    assert complaints(send(files.RATINGS.encode(), "ratings.csv", **fields)) == {complaint}


def test_a_form_without_a_file_is_refused(api):
    assert complaints(api.post(URL, {"dry_run": "true"}, format="multipart")) == {("file", "required")}
    assert complaints(api.post(URL, {"file": "text"}, format="multipart")) == {("file", "invalid")}


def test_another_kind_of_body_is_415(api):
    assert api.post(URL, {"file": "x"}, format="json").status_code == 415


@pytest.mark.parametrize("format_", ["letterboxd", "imdb", "trakt", "movielens", "marquee"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", b"a,b\n1,2\n"),
        ("x.json", b'{"a": 1}'),
        ("x.txt", b"hello"),
        ("x.zip", zipped({"x.csv": "a,b\n"})),
        ("x.bin", b"\xff\xfe\x00"),
    ],
)
def test_a_file_of_another_format_than_named_is_refused_or_reported_on(send, format_, name, data):
    response = send(data, name, format=format_)
    assert response.status_code in {202, 400}
    assert not response.json()["data"] or response.json()["data"]["format"] == format_


def test_an_unknown_format_is_refused(send):
    assert complaints(send(b"a,b\n1,2\n", "x.csv")) == {("file", "format_unknown")}


def test_a_version_of_ours_that_is_unknown_is_refused(send):
    assert complaints(send(b'{"marquee": 2, "favorites": []}', "x.json")) == {("file", "version_unknown")}


def test_the_ratio_does_not_count_for_what_is_small(monkeypatch):
    data = zipped({"ratings.csv": HEADER + "2024-01-01,a,1999,,4\n" * 40_000})
    with archive.opened("x.zip", data) as upload:
        assert len(upload.members) == 1
