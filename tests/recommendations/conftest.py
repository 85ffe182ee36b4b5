import pytest

from apps.recommendations import serving
from apps.recommendations.models import ModelVersion
from apps.recommendations.training import train
from tests.factories import FavoriteFactory
from tests.recommendations.community import settle


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch, settings, tmp_path):
    """Each test begins as a process that has served no model, over an artifact store of its own."""
    monkeypatch.setattr(serving, "_loaded", None)
    monkeypatch.setattr(serving, "_refused", None)
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"


@pytest.fixture(scope="session")
def trained_before(tmp_path_factory):
    """The artifact store of the community's model, and the columns of its version once it is trained."""
    return {"root": tmp_path_factory.mktemp("artifacts")}


@pytest.fixture
def community(db, settings, trained_before):
    """The community's films, in order. What it knows is learned once: the same rows give the same arrays."""
    films = settle()
    if "columns" not in trained_before:
        own_store, settings.ARTIFACT_ROOT = settings.ARTIFACT_ROOT, trained_before["root"]
        train()
        settings.ARTIFACT_ROOT = own_store
        trained_before["columns"] = ModelVersion.objects.values().get()
        ModelVersion.objects.all().delete()
    return films


@pytest.fixture
def model(community, settings, trained_before):
    """The community's model, active; nobody else's doings are in it."""
    settings.ARTIFACT_ROOT = trained_before["root"]
    return ModelVersion.objects.create(**trained_before["columns"])


@pytest.fixture
def fan(user, community):
    """The signed-in user, who likes five films of the first camp."""
    for film in community[0:10:2]:
        FavoriteFactory(user=user, movie=film)
    return user
