from apps.preferences.models import UserPreference
from tests.conftest import signed_in
from tests.factories import GenreFactory, UserFactory
from tests.threads import at_once, concurrent_writers

pytestmark = concurrent_writers


def test_changes_at_once_never_add_up_to_a_contradiction():
    GenreFactory(tmdb_id=28)
    user = UserFactory()
    changes = [{"liked_genres": [28]}, {"muted_genres": [28]}, {"year_gte": 2000}, {"year_lte": 1990}] * 2
    clients = [signed_in(user) for _ in changes]

    def change(number):
        return clients[number].patch("/api/v1/preferences/", changes[number]).status_code

    assert set(at_once(change, range(len(changes)))) == {200, 400}
    told = UserPreference.objects.get()
    assert not set(told.liked_genres.all()) & set(told.muted_genres.all())
    assert None in (told.year_gte, told.year_lte)
