import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from utils import health

LIVE, READY = "/health/live/", "/health/ready/"


@pytest.fixture(autouse=True)
def not_asked_before(monkeypatch):
    monkeypatch.setattr(health, "_is_migrated", False)


@pytest.fixture
def dead_redis(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": settings.REDIS_URL}}


@pytest.mark.parametrize("host", ["testserver", "10.0.0.7:8000", "evil.example", "a b"])
def test_probes_answer_whatever_the_host(client, db, host):
    for path in (LIVE, READY):
        response = client.get(path, headers={"Host": host})
        assert (response.status_code, response.json()["status"]) == (200, "ok")
        assert response["Cache-Control"] == "no-store"


def test_being_alive_asks_no_store(client, dead_redis):
    """Without the ``db`` fixture a query would raise."""
    assert client.get(LIVE).json() == {"status": "ok"}


def test_ready_names_every_check(client, db):
    checks = client.get(READY).json()["checks"]
    assert set(checks) == {"database", "cache", "model"}
    assert (checks["database"], checks["cache"]) == ("ok", "ok")


def test_a_migration_not_applied_sends_no_traffic(client, db):
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("recommendations")
    MigrationRecorder(connection).record_unapplied(*newest)
    response = client.get(READY)
    assert response.status_code == 503
    assert response.json() == {
        "status": "failed",
        "checks": {"database": "failed: 1 migrations not applied", "cache": "ok"},
    }


def test_once_all_are_applied_the_database_is_only_asked_to_answer(client, db, django_assert_num_queries):
    client.get(READY)
    with django_assert_num_queries(2) as queries:  # and the model's check has one
        client.get(READY)
    assert queries[0]["sql"] == "SELECT 1"


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_does_not_answer_sends_no_traffic(client, db, caplog, error, is_first):
    if not is_first:
        client.get(READY)

    def no_answer(*args):
        raise error("host=10.0.0.5 password=hunter2")

    with connection.execute_wrapper(no_answer):
        response = client.get(READY)
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed: no answer"
    assert "hunter2" not in response.content.decode()
    assert "readiness: database" in caplog.text


def test_a_server_on_its_way_out_is_sent_nothing_but_answers(client, db, monkeypatch, tmp_path):
    draining = tmp_path / "marquee-draining"
    monkeypatch.setattr(health, "DRAINING", draining)
    draining.touch()
    assert client.get(READY).status_code == 503
    assert client.get(LIVE).status_code == client.get("/api/v1/meta/").status_code == 200
    draining.unlink()
    assert client.get(READY).status_code == 200


def test_without_redis_we_go_on(client, db, dead_redis, caplog):
    response = client.get(READY)
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert response.json()["checks"]["cache"] == "degraded: no answer"
    assert "readiness: cache" in caplog.text


@pytest.mark.parametrize("path", ["/health/live", "/health/", "/health/other/"])
def test_other_paths_are_no_probes(client, path):
    assert client.get(path).status_code == 404
