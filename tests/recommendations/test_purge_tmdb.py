import pytest
from django.core.management import CommandError, call_command

from apps.favorites.models import Favorite
from apps.movies.models import Movie, Person, Source, SyncState
from apps.recommendations.models import ModelVersion
from apps.recommendations.serving import artifact_of
from apps.recommendations.training import train
from tests.factories import FavoriteFactory, MovieFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def learned():
    """A trained model over a film of TMDb and one of the demo, both of them favorites."""
    ours, theirs = MovieFactory(source=Source.DEMO), MovieFactory(title="Alien", overview="A crew answers a call.")
    Movie.objects.filter(pk=theirs.pk).update(fetched_at="2026-01-01T00:00:00Z")
    person = Person.objects.create(tmdb_id=10205, name="Sigourney Weaver")
    theirs.credits.create(person=person, kind="cast", role="Ripley")
    for film in (ours, theirs):
        FavoriteFactory.create_batch(3, movie=film)
    SyncState.objects.create(name="changes", cursor={"since": "2026-01-01"})
    train()
    return ours, theirs


def test_all_that_tmdb_told_goes_and_libraries_stay(learned, capsys):
    ours, theirs = learned
    artifact = artifact_of(ModelVersion.objects.get())
    call_command("purge_tmdb", "--yes")
    assert capsys.readouterr().out == "films blanked: 1\nmodels deleted: 1\n"
    blanked = Movie.objects.get(tmdb_id=theirs.tmdb_id)
    assert (blanked.title, blanked.overview, blanked.search_text) == (
        f"TMDb {theirs.tmdb_id}",
        "",
        f"tmdb {theirs.tmdb_id}",
    )
    assert not Person.objects.exists()
    assert not SyncState.objects.exists()
    assert not artifact.exists()
    assert Favorite.objects.count() == 6
    assert Movie.objects.shown().get() == ours


def test_asks_whether_it_is_meant(learned):
    with pytest.raises(CommandError, match="cannot be undone"):
        call_command("purge_tmdb")
    assert ModelVersion.objects.exists()
    assert Person.objects.exists()
