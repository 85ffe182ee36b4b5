import logging
import os
import shutil
import sys
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from apps.favorites.models import Favorite
from apps.recommendations import registry
from apps.recommendations.artifacts import MANIFEST, only_writer, read_artifact
from apps.recommendations.jobs import train_models
from apps.recommendations.models import ModelVersion
from apps.recommendations.serving import artifact_of
from apps.recommendations.training import KEPT_ARTIFACTS, AlreadyTraining, NothingToLearn, train
from tests.factories import FavoriteFactory, HiddenMovieFactory, UserFactory
from tests.recommendations.community import LIKES_EACH, N_FILMS, N_USERS


def train_popular(**options):
    """The quickest there is."""
    return train(names=["popular"], **options)


def stored(settings):
    return {path.name for path in settings.ARTIFACT_ROOT.iterdir() if path.is_dir()}


def test_training_leaves_an_active_version_that_says_what_it_learned_from(community):
    lines = []
    report = train(say=lines.append)
    version = ModelVersion.objects.active()
    assert report.is_new
    assert report.version == version
    assert version.learned_from == {
        "films": N_FILMS,
        "signals": N_USERS * (LIKES_EACH + 1),
        "users": {"person": 0, "pseudonymous": 0, "simulated": N_USERS},
    }
    assert read_artifact(artifact_of(version)).engines.keys() == version.metrics.keys() == set(registry.NAMES)
    assert all(metrics["n_users"] > 0 and 0 <= metrics["ndcg"] <= 1 for metrics in version.metrics.values())
    assert all(any(line.startswith(name) for line in lines) for name in registry.NAMES)


def test_engines_that_know_the_camps_are_judged_above_popularity(community):
    metrics = train().version.metrics
    assert min(metrics["knn"]["recall"], metrics["similar"]["recall"]) > metrics["popular"]["recall"]


def test_unchanged_data_are_not_learned_twice_where_that_is_not_wanted(community, settings):
    first = train_popular().version
    again = train_popular(if_changed=True)
    assert (again.version, again.is_new) == (first, False)
    assert stored(settings) == {first.name}


def test_unchanged_data_are_learned_again_where_that_is_asked_for(community):
    first = train_popular().version
    again = train_popular()
    assert again.is_new
    assert again.version.fingerprint == first.fingerprint


def test_changed_data_are_learned(community):
    first = train_popular().version
    FavoriteFactory(movie=community[3])
    assert train_popular(if_changed=True).version.fingerprint != first.fingerprint


def test_an_engine_that_the_active_version_lacks_is_reason_enough_to_train(community):
    train_popular()
    report = train(names=["popular", "trending"], if_changed=True)
    assert report.is_new
    assert report.version.metrics.keys() == {"popular", "trending"}


def test_a_broken_artifact_is_reason_enough_to_train(community):
    broken = train_popular().version
    (artifact_of(broken) / MANIFEST).unlink()
    assert train_popular(if_changed=True).is_new


def test_popular_is_trained_with_whatever_is_asked_for(community):
    version = train(names=["knn", "knn"]).version
    assert read_artifact(artifact_of(version)).engines.keys() == version.metrics.keys() == {"popular", "knn"}


def test_one_like_is_enough_to_learn_from(db):
    FavoriteFactory()
    assert {metrics["n_users"] for metrics in train().version.metrics.values()} == {0}


@pytest.mark.parametrize("only_dislikes", [False, True])
def test_without_a_like_there_is_nothing_to_learn(db, only_dislikes):
    if only_dislikes:
        HiddenMovieFactory()
    with pytest.raises(NothingToLearn, match="load_demo"):
        train()
    assert not ModelVersion.objects.exists()


def test_two_trainings_do_not_run_at_once(community, settings):
    with only_writer(settings.ARTIFACT_ROOT) as first:
        assert first
        with pytest.raises(AlreadyTraining):
            train_popular()
        train_models()  # as a job it leaves in peace
        with pytest.raises(CommandError, match="A training is running"):
            call_command("train", engine=["popular"], verbosity=0)
        assert not ModelVersion.objects.exists()
    assert train_popular().is_new


def test_activation_retires_the_version_before(community):
    first, second = train_popular().version, train_popular().version
    first.refresh_from_db()
    assert (first.status, second.status) == ("retired", "active")
    ModelVersion.objects.activate(first)
    second.refresh_from_db()
    assert (first.status, second.status) == ("active", "retired")
    assert ModelVersion.objects.active() == first


def test_the_database_holds_one_active_version_at_most(db):
    ModelVersion.objects.create(name="one", status="active")
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.create(name="two", status="active")
    ModelVersion.objects.create(name="three", status="retired")


def test_only_the_newest_artifacts_are_kept(community, settings):
    versions = [train_popular().version for _ in range(KEPT_ARTIFACTS + 2)]
    assert stored(settings) == {version.name for version in versions[-KEPT_ARTIFACTS:]}
    assert ModelVersion.objects.count() == len(versions)


def test_what_a_killed_training_left_half_written_goes(community, settings):
    old, new = settings.ARTIFACT_ROOT / ".v1.abc", settings.ARTIFACT_ROOT / ".v2.def"
    for draft in (old, new):
        (draft / "knn").mkdir(parents=True)
    os.utime(old, (0, 0))
    version = train_popular().version
    assert stored(settings) == {version.name, new.name}
    shutil.rmtree(new)


def test_the_fresh_layers_of_a_version_go_with_its_artifact(community, settings):
    first, second = train_popular().version, train_popular().version
    layers = [settings.ARTIFACT_ROOT / f"{version.name}-fresh-1" for version in (first, second)]
    for layer in layers:
        layer.mkdir()
    for _ in range(KEPT_ARTIFACTS - 1):
        train_popular()
    assert [layer.exists() for layer in layers] == [False, True]


def test_the_version_that_was_rolled_back_to_can_be_rolled_back_to_again(community, settings):
    first, *_, newest_but_one = [train_popular().version for _ in range(KEPT_ARTIFACTS)]
    ModelVersion.objects.activate(first)
    newest = train_popular().version
    assert stored(settings) == {first.name, newest_but_one.name, newest.name}


def test_a_version_names_itself_and_its_state(db):
    assert str(ModelVersion(name="20260101-abc", status="retired")) == "20260101-abc (retired)"


def test_the_command_tells_of_each_engine_and_of_the_outcome(community):
    out = StringIO()
    call_command("train", engine=["popular", "trending"], stdout=out)
    version = ModelVersion.objects.active()
    assert version.metrics.keys() == {"popular", "trending"}
    assert "trending" in out.getvalue()
    assert f"model {version.name} trained and active" in out.getvalue()


def test_the_command_trains_all_engines_unless_told_and_may_find_nothing_to_do(community):
    call_command("train", stdout=StringIO())
    version, out = ModelVersion.objects.active(), StringIO()
    assert version.metrics.keys() == set(registry.NAMES)
    call_command("train", "--if-changed", stdout=out)
    assert f"model {version.name} is up to date" in out.getvalue()


def test_the_command_fails_where_there_is_nothing_to_learn(db):
    with pytest.raises(CommandError, match="no likes to learn from"):
        call_command("train", stdout=StringIO())


def test_the_command_refuses_an_engine_that_there_is_not(db):
    with pytest.raises(CommandError, match="oracle"):
        call_command("train", "--engine", "oracle", stdout=StringIO())


def test_the_nightly_job_trains_where_something_changed_and_twice_is_once(community):
    train_models()
    train_models()
    first = ModelVersion.objects.get()
    Favorite.objects.first().delete()
    train_models()
    assert ModelVersion.objects.active() != first


def test_the_nightly_job_says_so_where_there_is_nothing_to_learn(db, caplog):
    with caplog.at_level(logging.WARNING):
        train_models()
    assert "no likes to learn from" in caplog.text
    assert not ModelVersion.objects.exists()


@pytest.fixture
def admin_site(client, db):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


CHANGELIST = "/admin/recommendations/modelversion/"


def train_now(client, version, capture):
    with capture(execute=True):
        return client.post(CHANGELIST, {"action": "train_now", "_selected_action": [version.pk]}, follow=True)


def test_the_admin_action_trains(admin_site, community, django_capture_on_commit_callbacks):
    version = train_popular().version
    answer = train_now(admin_site, version, django_capture_on_commit_callbacks)
    assert "Training has been queued." in answer.content.decode()
    assert ModelVersion.objects.active().metrics.keys() == set(registry.NAMES)


def test_staff_who_may_only_look_cannot_train(client, community, django_capture_on_commit_callbacks):
    version = train_popular().version
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    client.force_login(looker)
    assert client.get(CHANGELIST).status_code == 200
    train_now(client, version, django_capture_on_commit_callbacks)
    assert ModelVersion.objects.get() == version


def test_the_admin_shows_versions_and_lets_nobody_make_change_or_delete_one(admin_site, community):
    version = train_popular().version
    page = f"{CHANGELIST}{version.pk}/"
    assert version.name in admin_site.get(CHANGELIST).content.decode()
    assert admin_site.get(f"{CHANGELIST}add/").status_code == 403
    assert admin_site.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    admin_site.post(f"{page}change/", {"name": "mine", "status": "rejected"})
    version.refresh_from_db()
    assert (version.name != "mine", version.status) == (True, "active")


def test_without_the_training_requirements_the_other_engines_are_trained_and_it_is_said(fan, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    for name in [name for name in sys.modules if name.startswith("apps.recommendations.engines.training")]:
        monkeypatch.delitem(sys.modules, name)
    lines = []
    report = train(names=["knn", "neural_cf", "sequential", "hybrid"], say=lines.append)
    assert {"knn", "popular"} <= report.version.metrics.keys()
    assert not {"neural_cf", "sequential", "hybrid"} & report.version.metrics.keys()
    assert lines[0] == (
        "jax is not installed, which this engine learns with: pip install -r requirements/training.txt. "
        "Not trained: neural_cf, sequential, hybrid."
    )
    assert not train(names=["knn", "hybrid"], if_changed=True).is_new
