import pytest
from django.contrib.admin import site

from apps.favorites.models import Favorite, LibraryState
from apps.favorites.services import entry_set
from apps.movies.lists import list_swap
from apps.movies.models import ListEntry
from apps.preferences.services import preference_set
from tests.factories import GenreFactory, MovieFactory, RatingFactory, UserFactory, ViewingFactory, WatchlistItemFactory

pytestmark = pytest.mark.django_db

READ_ONLY = ["favorite", "rating", "watchlistitem", "hiddenmovie", "viewinghistory", "librarystate"]
PAGES = sorted(
    f"{model._meta.app_label}/{model._meta.model_name}"
    for model in site._registry
    if model._meta.app_label in {"movies", "favorites", "preferences"}
)


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def busy_library(user):
    movie = MovieFactory(genres=[GenreFactory()])
    entry_set(Favorite, user=user, tmdb_id=movie.tmdb_id)
    for factory in (RatingFactory, ViewingFactory, WatchlistItemFactory):
        factory(user=user, movie=movie)
    preference_set(user=user, include_adult=True)
    list_swap(ListEntry.Name.TRENDING_DAY, [movie.pk])
    return movie


@pytest.mark.parametrize("page", PAGES)
def test_staff_can_look_at_every_table(admin, busy_library, page):
    assert admin.get(f"/admin/{page}/").status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_a_library_is_not_changed_behind_its_version(admin, busy_library, model):
    assert admin.get(f"/admin/favorites/{model}/add/").status_code == 403
    assert admin.post(f"/admin/favorites/{model}/add/").status_code == 403


def test_an_entry_is_shown_but_neither_changed_nor_deleted(admin, busy_library, user):
    entry = Favorite.objects.get()
    page = f"/admin/favorites/favorite/{entry.pk}/"
    assert admin.get(f"{page}change/").status_code == 200
    assert admin.post(f"{page}change/", {}).status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert Favorite.objects.get() == entry
    assert LibraryState.objects.get(user=user).version == 2


def test_preferences_are_shown_and_not_changed(admin, busy_library, user):
    page = f"/admin/preferences/userpreference/{user.pk}/change/"
    assert admin.get(page).status_code == 200
    assert admin.post(page, {"include_adult": ""}).status_code == 403
    assert admin.get("/admin/preferences/userpreference/add/").status_code == 403


def test_a_film_can_be_found_and_edited(admin, busy_library):
    assert admin.get("/admin/movies/movie/", {"q": busy_library.title}).status_code == 200
    assert admin.get(f"/admin/movies/movie/{busy_library.pk}/change/").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_others_cannot(client, user, page):
    client.force_login(user)
    assert client.get(f"/admin/{page}/").status_code == 302
