import logging

import pytest
from django.utils import timezone

from apps.recommendations import serving
from apps.recommendations.artifacts import MANIFEST, write_artifact
from apps.recommendations.models import ModelVersion
from apps.recommendations.serving import Model, active_model, artifact_of, model_at
from apps.recommendations.training import train
from tests.factories import FavoriteFactory

URL = "/api/v1/recommendations/"


def train_popular():
    return train(names=["popular"]).version


def spoil(version):
    """Change one byte of an array."""
    path = artifact_of(version) / "popular" / "standing.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def restart(monkeypatch):
    monkeypatch.setattr(serving, "_loaded", None)


def readiness(client):
    answer = client.get("/health/ready/")
    assert answer.status_code == 200
    return answer.json()["checks"]["model"]


def test_before_the_first_training_there_is_no_model(db):
    assert active_model() is None


def test_the_model_is_loaded_once_and_then_costs_one_query(model, django_assert_num_queries):
    loaded = active_model()
    assert (loaded.pk, loaded.name) == (model.pk, model.name)
    with django_assert_num_queries(1):
        assert active_model() is loaded


def test_arrays_are_mapped_from_the_files_and_read_only(model):
    standing = active_model().engines["popular"].standing
    with pytest.raises(ValueError, match="read-only"):
        standing[0] = 1


def test_another_version_answers_as_soon_as_it_is_active_and_so_does_the_old_one_again(api, community):
    first = train_popular()
    assert api.get(URL).json()["meta"]["model_version"] == first.name
    FavoriteFactory(movie=community[0])
    second = train_popular()
    answered_by_second = api.get(URL).json()["meta"]
    ModelVersion.objects.activate(first)
    answered_by_first = api.get(URL).json()["meta"]
    assert (answered_by_second["model_version"], answered_by_first["model_version"]) == (second.name, first.name)
    assert answered_by_second["learned_from"]["signals"] == answered_by_first["learned_from"]["signals"] + 1


def test_of_a_broken_version_nothing_is_served_and_the_last_good_one_stays(api, anonymous, community, caplog):
    good = train_popular()
    before = api.get(URL).json()
    broken = train_popular()
    spoil(broken)
    with caplog.at_level(logging.ERROR):
        after = api.get(URL).json()
    assert after["data"] == before["data"]
    assert after["meta"]["model_version"] == good.name
    assert f"model {broken.name} is not served" in caplog.text
    assert readiness(anonymous) == f"degraded: {broken.name} cannot be read, {good.name} answers"


def test_a_process_that_starts_with_a_broken_version_serves_the_last_good_one(api, anonymous, community, monkeypatch):
    good, gone, broken = (train_popular() for _ in range(3))
    (artifact_of(gone) / MANIFEST).unlink()
    spoil(broken)
    restart(monkeypatch)
    assert api.get(URL).json()["meta"]["model_version"] == good.name
    assert readiness(anonymous) == f"degraded: {broken.name} cannot be read, {good.name} answers"
    newest = train_popular()
    assert api.get(URL).json()["meta"]["model_version"] == newest.name
    assert readiness(anonymous) == "ok"


def test_a_rejected_version_does_not_stand_in(community, monkeypatch):
    rejected, broken = train_popular(), train_popular()
    ModelVersion.objects.filter(pk=rejected.pk).update(status="rejected")
    spoil(broken)
    restart(monkeypatch)
    assert active_model() is None


def test_a_version_that_was_mended_is_tried_again_once_another_has_been_active(community):
    good, broken = train_popular(), train_popular()
    active_model()
    ModelVersion.objects.activate(good)
    active_model()
    spoil(broken)
    ModelVersion.objects.activate(broken)
    assert active_model().name == good.name
    ModelVersion.objects.activate(good)
    active_model()
    spoil(broken)  # the same bit again
    ModelVersion.objects.activate(broken)
    assert active_model().name == broken.name


def test_who_has_read_which_version_is_active_needs_no_query(model, django_assert_num_queries):
    loaded = active_model()
    with django_assert_num_queries(0):
        assert model_at(model.pk, 0) is loaded
        assert model_at(None, 0) is None


def test_a_version_that_was_deleted_meanwhile_changes_nothing(model):
    loaded = active_model()
    assert model_at(model.pk + 1, 0) is loaded


def test_a_layer_that_cannot_be_read_is_not_served_and_the_model_is(model, caplog, django_assert_num_queries):
    loaded = active_model()
    assert loaded.fresh == 0
    with django_assert_num_queries(0):
        assert [model_at(model.pk, 1).name for _ in range(3)] == [model.name] * 3
    assert caplog.text.count(f"layer 1 of model {model.name} is not served") == 1


def test_a_process_that_never_had_a_good_version_answers_from_the_tables(api, anonymous, community, monkeypatch):
    spoil(train_popular())
    restart(monkeypatch)
    meta = api.get(URL).json()["meta"]
    assert (meta["served"], meta["fallback_reason"], meta["model_version"]) == ("popular", "not_trained", None)
    assert readiness(anonymous).startswith("degraded")


def test_an_artifact_that_is_gone_is_a_broken_one(api, community, monkeypatch):
    (artifact_of(train_popular()) / MANIFEST).unlink()
    restart(monkeypatch)
    assert api.get(URL).json()["meta"]["fallback_reason"] == "not_trained"


def test_an_artifact_of_a_release_whose_catalogue_held_less_is_a_broken_one(api, community, settings):
    version = ModelVersion.objects.create(name="older", status="active")
    write_artifact(settings.ARTIFACT_ROOT, version.name, {}, {})
    assert api.get(URL).json()["meta"]["fallback_reason"] == "not_trained"


def test_readiness_says_how_the_model_is(anonymous, community):
    assert readiness(anonymous) == "degraded: nothing trained yet"
    train_popular()
    assert readiness(anonymous) == "ok"


def test_a_broken_artifact_is_read_once_not_on_every_request(model, caplog):
    (serving.artifact_of(model) / "manifest.json").rename(serving.artifact_of(model) / "gone.json")
    try:
        assert [serving.active_model() for _ in range(3)] == [None, None, None]
    finally:
        (serving.artifact_of(model) / "gone.json").rename(serving.artifact_of(model) / "manifest.json")
    assert caplog.text.count("is not served") == 1


def figures(**ndcg):
    return {name: {"ndcg": value} for name, value in ndcg.items()}


@pytest.mark.parametrize(
    ("n_likes", "users", "best"),
    [(0, 100, "popular"), (4, 100, "popular"), (5, 100, "hybrid"), (5, 99, "knn"), (20, 100, "knn"), (500, 100, "knn")],
)
def test_the_best_engine_is_the_one_for_histories_of_that_length_where_enough_were_judged(n_likes, users, best):
    model = Model(
        pk=1,
        name="v1",
        trained_at=timezone.now(),
        learned_from={},
        metrics=figures(popular=0.1, hybrid=0.2, knn=0.3),
        engines={},
        catalogue=None,
        segments=[
            {"from": 0, "to": 4, "users": 100, "ndcg": {"popular": 0.3, "hybrid": 0.2, "knn": 0.1}},
            {"from": 5, "to": 19, "users": users, "ndcg": {"popular": 0.1, "hybrid": 0.3, "knn": 0.2}},
            {"from": 20, "to": None, "users": 0, "ndcg": {}},
        ],
    )
    assert model.best_of(["popular", "hybrid", "knn"], n_likes=n_likes) == best
    assert model.best_of(["popular"], n_likes=n_likes) == "popular"


@pytest.mark.parametrize(("knn", "best"), [(0.6, "knn"), (0.4, "popular"), (None, "popular")])
def test_the_best_engine_is_the_one_that_tells_apart_what_lists_showed_where_that_is_known_of_each(knn, best):
    model = Model(
        pk=1,
        name="v1",
        trained_at=timezone.now(),
        learned_from={},
        metrics={"popular": {"ndcg": 0.3, "told_apart": 0.5}, "knn": {"ndcg": 0.1, "told_apart": knn}},
        engines={},
        catalogue=None,
        segments=[{"from": 0, "to": None, "users": 100, "ndcg": {"popular": 0.3, "knn": 0.1}}],
    )
    assert model.best_of(["popular", "knn"], n_likes=5) == best
