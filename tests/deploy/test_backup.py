"""The real scripts, on a database of 100,000 rows and artifacts beside it."""

import io
import os
import re
import shutil
import signal
import stat
import subprocess
from contextlib import closing, contextmanager
from datetime import date, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
import psycopg2
import pytest
from django.db import connection

from apps.recommendations.artifacts import write_artifact
from apps.recommendations.registry import build
from benchmarks.drills.stack import ROOT
from tests.journey.server import until
from tests.recommendations.synthetic import two_camps

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "").startswith("postgres"),
        reason="the scripts back up PostgreSQL: set DATABASE_URL",
    ),
    pytest.mark.django_db,  # for its tables, which are copied
]
MODEL = "20260102T033000000000-0123abcd"
# What a dump as text has to write in another way; the second line alone would end a table's rows.
TRICKY = "Ünïcödé 映画 🎬 \"'; --\n\\.\n\ttab \\N \\x00 {null}"
TRICKY_JSON = '{"names": ["映画", null, "\\\\.\\n"], "n": 0.1, "deep": {"empty": {}, "true": true}}'
OF_TYPE = {
    "bigint": "0",
    "boolean": "n % 3 = 0",
    "character varying": "''",
    "date": "date '1900-01-01' + n",
    "double precision": "n / 7.0",
    "integer": "n",
    "jsonb": "%(json)s",
    "text": "%(text)s || n",
    "timestamp with time zone": "timestamptz '2020-02-29 23:59:59.999999+14' + n * interval '1.000001 s'",
    "uuid": "gen_random_uuid()",
}
PERSON = {
    "email": "'u' || n || '@example.org'",
    "email_key": "'u' || n || '@example.org'",
    "alias": "NULL",
    "kind": "'person'",
    "display_name": "'名 ' || n",
}
OF_USER_AND_MOVIE = {"user_id": "1 + n / 10", "movie_id": "1 + n %% 10000"}
ROWS = {
    "authentication_user": (5_000, PERSON),
    "movies_movie": (
        15_000,
        {
            "title": "left(%(text)s, 30) || n",
            "vote_average": "n %% 101 / 10.0",
            "popularity": "power(0.1::float8, n %% 300)",
            "runtime": "CASE WHEN n %% 2 = 0 THEN n END",
        },
    ),
    "favorites_favorite": (30_000, OF_USER_AND_MOVIE),
    "favorites_rating": (30_000, OF_USER_AND_MOVIE | {"value": "(1 + n %% 20) / 2.0"}),
    "favorites_viewinghistory": (10_000, OF_USER_AND_MOVIE | {"progress": "0.5", "client_id": "'c' || n"}),
    "recommendations_recommendationlist": (9_999, {"user_id": "CASE WHEN n %% 2 = 0 THEN 1 + n / 10 END"}),
    "recommendations_modelversion": (1, {"name": f"'{MODEL}'", "status": "'active'", "fresh": "2"}),
}
NO_MORE_INDEXES = """
CREATE SCHEMA house;
CREATE FUNCTION house.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the house is full'; END $$;
CREATE EVENT TRIGGER no_more_indexes ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION house.refuse();
"""
HELD_BY = {
    "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "sequences": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
}


def script(name, *words, to=None, **env):
    """What it printed last, and what it said."""
    words = [*map(str, words), *(["--to", str(to)] if to else [])]
    done = subprocess.run(  # noqa: S603
        [ROOT / "deploy" / name, *words], env=environment(**env), capture_output=True, text=True, check=False
    )
    done.last = done.stdout.strip().rpartition("\n")[2]
    return done


def environment(**env):
    return os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.development", "REDIS_URL": ""} | env


def execute(url, statement, values=None):
    with closing(psycopg2.connect(url)) as connected, connected, connected.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def database(template="template1"):
    """The address of a new one beside the suite's."""
    server, name = os.environ["DATABASE_URL"], f"marquee_backup_{uuid4().hex}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def administer(server, statement):
    with closing(psycopg2.connect(urlsplit(server)._replace(path="/postgres").geturl())) as connected:
        connected.autocommit = True  # a database is not made in a transaction
        connected.cursor().execute(statement)


def fill(url):
    for table, (count, given) in ROWS.items():
        columns = execute(
            url,
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
            "WHERE table_name = %s AND is_identity = 'NO'",
            [table],
        )
        values = {
            name: f"CASE WHEN n %% 5 > 0 THEN {OF_TYPE[kind].replace(' % ', ' %% ')} END"
            if nullable == "YES"
            else OF_TYPE[kind].replace(" % ", " %% ")
            for name, kind, nullable in columns
        } | given
        execute(
            url,
            f"INSERT INTO {table} ({', '.join(values)}) "  # noqa: S608 - our names
            f"SELECT {', '.join(values.values())} FROM generate_series(0, {count - 1}) AS n",
            {"text": TRICKY, "json": TRICKY_JSON},
        )


def everything(url):
    """Each table's rows, all columns as text, and what holds them together."""
    with closing(psycopg2.connect(url)) as connected, connected.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        contents = {table: _rows(cursor, table) for (table,) in cursor.fetchall()}
        for what, query in HELD_BY.items():
            cursor.execute(query)
            contents[what] = cursor.fetchall()
    return contents


def _rows(cursor, table):
    rows = io.BytesIO()
    cursor.copy_expert(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT WITH (HEADER, FORMAT csv)", rows)  # noqa: S608
    return rows.getvalue()


def files_of(root):
    """Every file's bytes and mode, by its path."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path.relative_to(root)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in paths}


@pytest.fixture(scope="module")
def source(django_db_setup, django_db_blocker):
    """The address of a database with the suite's tables, and rows."""
    with django_db_blocker.unblock():
        connection.close()  # a template has no visitors
    template = connection.settings_dict["NAME"]
    with database(template) as url:
        execute(url, f"TRUNCATE {', '.join(ROWS)}, movies_genre, movies_keyword RESTART IDENTITY CASCADE")
        fill(url)
        yield url


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    root = tmp_path_factory.mktemp("artifacts")
    popular = build("popular").fit(two_camps())
    write_artifact(root, MODEL, {"popular": popular}, {"noise": np.random.default_rng(0).random(100_000)})
    write_artifact(root, f"{MODEL}-fresh-2", {"popular": popular}, {})
    return root


@pytest.fixture(scope="module")
def backup(source, artifacts, tmp_path_factory):
    """What was there before it, and the path of the backup."""
    before = everything(source), files_of(artifacts)
    draft = artifacts / f".{MODEL}.draft"  # of a training that goes on
    draft.mkdir()
    (draft / "half.npy").write_bytes(b"half")
    done = script("backup", "--artifacts", artifacts, to=tmp_path_factory.mktemp("backups"), DATABASE_URL=source)
    shutil.rmtree(draft)
    assert done.returncode == 0, done.stderr
    return (*before, type(artifacts)(done.last))


@pytest.fixture(scope="module")
def restored(backup, tmp_path_factory):
    """The address and the folder that the backup was restored into, both empty before."""
    folder = tmp_path_factory.mktemp("restored")
    with database() as url:
        done = script("restore", backup[2], "--yes", "--artifacts", folder, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        yield url, folder


@pytest.fixture
def copy(backup, tmp_path):
    """Of the backup, to do harm to."""
    return shutil.copytree(backup[2], tmp_path / backup[2].name)


def test_every_row_of_every_table_comes_back(backup, restored):
    before, after = backup[0], everything(restored[0])
    assert sum(rows.count(b"\n") for rows in before.values() if isinstance(rows, bytes)) > 100_000
    assert before["constraints"]
    assert before["sequences"]
    assert [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] == []


def test_every_artifact_comes_back_and_no_draft(backup, restored):
    assert files_of(restored[1]) == backup[1]


def test_a_new_row_gets_a_number_of_its_own(restored):
    ((keyword,),) = execute(
        restored[0], "INSERT INTO movies_keyword (tmdb_id, name) VALUES (2000000000, 'new') RETURNING id"
    )
    ((favorite,),) = execute(
        restored[0],
        "INSERT INTO favorites_favorite (user_id, movie_id, version, created_at, updated_at) "
        "VALUES (5000, 15000, 0, now(), now()) RETURNING id",
    )
    assert (keyword, favorite) == (1, 30_001)


def test_it_is_on_record(backup, source):
    assert execute(source, "SELECT name, runs, failures FROM operations_jobrecord WHERE name = 'backup'") == [
        ("backup", 1, 0)
    ]


def test_a_database_with_rows_is_not_touched_unless_told_twice(backup, source, artifacts):
    before = everything(source)
    for words in (["--yes"], ["--replace"]):
        done = script("restore", backup[2], *words, "--artifacts", artifacts, DATABASE_URL=source)
        assert done.returncode == 1
        assert "30000 rows of public.favorites_favorite" in done.stderr
        assert "nothing was touched" in done.stderr
    assert everything(source) == before


def test_told_twice_it_replaces_what_is_there(backup, restored):
    url, folder = restored
    execute(url, "DELETE FROM favorites_rating; CREATE TABLE later (movie bigint REFERENCES movies_movie)")
    (folder / "another-model").mkdir()
    done = script("restore", backup[2], "--yes", "--replace", "--artifacts", folder, DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    assert everything(url) == backup[0]
    assert files_of(folder) == backup[1]
    assert not (folder / "another-model").exists()


def test_a_dump_that_postgresql_refuses_leaves_the_database_as_it_was(backup, restored):
    url, folder = restored
    execute(url, NO_MORE_INDEXES)
    before = everything(url)
    done = script("restore", backup[2], "--yes", "--replace", "--artifacts", folder, DATABASE_URL=url)
    execute(url, "DROP EVENT TRIGGER no_more_indexes")
    assert done.returncode == 1
    assert "the database is what it was" in done.stderr
    assert everything(url) == before
    assert files_of(folder) == backup[1]


@pytest.mark.parametrize("name", ["database.dump", "artifacts.tar.gz", "MANIFEST", "SHA256SUMS"])
def test_a_flipped_bit_is_refused(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    done = script("restore", copy, "--verify-only")
    assert done.returncode == 1


def test_a_dump_of_other_rows_is_refused_though_its_checksum_is_right(copy):
    manifest = (copy / "MANIFEST").read_text().replace("favorites_favorite 30000", "favorites_favorite 30001")
    (copy / "MANIFEST").write_text(manifest)
    subprocess.run("sha256sum MANIFEST *.dump *.gz > SHA256SUMS", shell=True, cwd=copy, check=True)  # noqa: S602, S607
    done = script("restore", copy, "--verify-only")
    assert done.returncode == 1
    assert "does not hold what the manifest says" in done.stderr


@pytest.mark.parametrize("name", ["database.dump", "SHA256SUMS"])
def test_a_backup_that_lacks_a_file_is_refused(copy, name):
    (copy / name).unlink()
    assert script("restore", copy, "--verify-only").returncode == 1


def test_a_whole_one_is_not_refused(backup):
    done = script("restore", backup[2], "--verify-only")
    assert done.returncode == 0, done.stderr


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(source, artifacts, tmp_path):
    process = subprocess.Popen(  # noqa: S603
        [ROOT / "deploy" / "backup", "--to", tmp_path, "--artifacts", artifacts],
        env=environment(DATABASE_URL=source),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    (dump,) = until(lambda: list(tmp_path.glob(".draft-*/database.dump")), "the dump")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob("marquee-*")) == []
    assert script("restore", dump.parent, "--verify-only").returncode == 1


def test_a_model_that_is_not_there_makes_no_backup(source, tmp_path):
    (tmp_path / "artifacts").mkdir()
    done = script("backup", "--artifacts", tmp_path / "artifacts", to=tmp_path / "to", DATABASE_URL=source)
    assert done.returncode == 1
    assert "did not fit each other" in done.stderr
    assert [path.name for path in (tmp_path / "to").iterdir()] == [".lock"]


def test_a_model_activated_meanwhile_is_in_the_backup(source, artifacts, tmp_path):
    """The first archive is followed by an activation, as by a training that ends in that second."""
    new = "20260103T033000000000-4567cdef"
    activation = f"UPDATE recommendations_modelversion SET name = '{new}', fresh = 0"  # noqa: S608
    root, tools = tmp_path / "artifacts", tmp_path / "tools"
    shutil.copytree(artifacts / MODEL, root / MODEL)
    tools.mkdir()
    (tools / "tar").write_text(
        f'#!/bin/sh\n{shutil.which("tar")} "$@" || exit\n[ "$1" = --create ] && [ -d {root}/{MODEL} ] || exit 0\n'
        f'mv {root}/{MODEL} {root}/{new}\npsql --quiet --command "{activation}" {source}\n'
    )
    (tools / "tar").chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    done = script("backup", "--artifacts", root, to=tmp_path / "to", DATABASE_URL=source, PATH=path)
    execute(source, "UPDATE recommendations_modelversion SET name = %s, fresh = 2", [MODEL])  # for the other tests
    assert done.returncode == 0, done.stderr
    assert "the artifacts changed meanwhile" in done.stderr
    assert f"model {new}" in (tmp_path / "to" / done.last / "MANIFEST").read_text()


def nightly(first, nights):
    return [f"marquee-{first + timedelta(days=night):%Y%m%d}T031500Z" for night in range(nights)]


@pytest.mark.parametrize(("nights", "older"), [(5, ""), (8, "0222"), (400, "0222 0215 0208 0131 1231 1130 1031")])
def test_seven_days_four_weeks_and_six_months_are_kept(nights, older, tmp_path):
    """The newest stands for its day, its week and its month; 2026-03-01 is a Sunday, with which a week ends."""
    last = date(2026, 3, 1)
    names = [f"marquee-{last - timedelta(days=ago):%Y%m%d}T031500Z" for ago in range(nights)]
    for name in [*names, "notes"]:
        (tmp_path / name).mkdir()
    url = "postgres://nobody@127.0.0.1/nothing"
    done = script("backup", "--dry-run", "--artifacts", tmp_path, to=tmp_path, DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    forgotten = re.findall(r"no rule keeps (\S+)", done.stderr)
    assert [name[12:16] for name in names[7:] if name not in forgotten] == older.split()
    assert set(forgotten).isdisjoint(names[:7])
    assert len(list(tmp_path.iterdir())) == nights + 1  # a dry run deletes nothing


def test_what_no_rule_keeps_is_deleted_and_nothing_else(source, artifacts, tmp_path):
    names = [
        "marquee-20200102T031500Z",
        "marquee-20200103T031500Z",
        "marquee-of-mine",
        ".draft-marquee-20200101T031500Z",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    done = script(
        "backup", "--keep", "1 daily 2 weekly 1 monthly", "--artifacts", artifacts, to=tmp_path, DATABASE_URL=source
    )
    assert done.returncode == 0, done.stderr
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".lock", *sorted([names[1], names[2], done.last.rpartition("/")[2]])]


def test_the_password_is_not_taken_from_the_command_line(tmp_path):
    words = ["--database-url", "postgres://marquee:secret@127.0.0.1/marquee", "--artifacts", tmp_path]
    done = script("backup", *words)
    assert done.returncode == 1
    assert "set DATABASE_URL instead" in done.stderr
