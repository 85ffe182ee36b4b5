import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from apps.authentication.models import SecurityEvent, Session, User
from apps.authentication.sessions import session_open
from apps.favorites.models import (
    Favorite,
    HiddenMovie,
    IdempotencyKey,
    ImportJob,
    LibraryState,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.movies.models import Credit, Genre, Keyword, ListEntry, Movie, Person
from apps.operations.models import ApiUsage, JobRecord
from apps.preferences.models import UserPreference
from apps.recommendations.models import Feedback, ModelVersion, RecommendationList
from tests.factories import (
    FavoriteFactory,
    GenreFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)


def signed_in_session():
    session_open(UserFactory())
    return Session.objects.get()


def film_with_a_cast():
    film = MovieFactory(genres=[GenreFactory()])
    Credit.objects.create(movie=film, person=Person.objects.create(name="Ann"), kind="cast", role="Herself")
    return film


def an_hour_of_use():
    usage = ApiUsage(hour="2026-05-01T12:00:00Z", route="/api/v1/movies/", method="GET", status=200, client="browser")
    usage.is_signed_in, usage.requests, usage.seconds = False, 3, 0.2
    usage.save()
    return usage


def a_list():
    return RecommendationList.objects.create(scenario="for_you", algorithm="knn")


ROWS = {
    ApiUsage: an_hour_of_use,
    Credit: film_with_a_cast,
    Favorite: FavoriteFactory,
    Feedback: lambda: Feedback.objects.create(list=a_list(), movie=MovieFactory(), rank=1, kind="opened"),
    Genre: GenreFactory,
    Group: lambda: Group.objects.create(name="editors"),
    HiddenMovie: HiddenMovieFactory,
    IdempotencyKey: lambda: IdempotencyKey.objects.create(user=UserFactory(), key="k", fingerprint="f"),
    ImportJob: lambda: ImportJob.objects.create(user=UserFactory(), format="imdb", file_name="ratings.csv"),
    JobRecord: lambda: JobRecord.objects.create(name="backup", runs=1, last_started_at="2026-05-01T12:00:00Z"),
    Keyword: lambda: Keyword.objects.create(name="heist"),
    LibraryState: lambda: LibraryState.objects.create(user=UserFactory()),
    ListEntry: lambda: ListEntry.objects.create(name="trending_day", position=1, movie=MovieFactory()),
    ModelVersion: lambda: ModelVersion.objects.create(name="v1", fingerprint="f", metrics={"knn": {"ndcg": 0.4}}),
    Movie: film_with_a_cast,
    Person: lambda: Person.objects.create(name="Ann"),
    Rating: RatingFactory,
    RecommendationList: a_list,
    Removal: lambda: Removal.objects.create(
        user=UserFactory(), part="favorites", item=603, removed_at="2026-05-01T12:00:00Z", version=1
    ),
    SecurityEvent: lambda: SecurityEvent.objects.create(kind="signed_in", user=UserFactory(), request_id="r"),
    Session: signed_in_session,
    User: UserFactory,
    UserPreference: lambda: UserPreference.objects.create(user=UserFactory()),
    ViewingHistory: ViewingFactory,
    WatchlistItem: WatchlistItemFactory,
}
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)

of_every_model = pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)


def url(row_or_model, page, *args):
    meta = row_or_model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


@pytest.fixture
def operator(client, db):
    client.force_login(UserFactory(email="operator@example.org", is_staff=True, is_superuser=True))
    return client


@of_every_model
def test_the_list_and_the_page_of_a_row_render(operator, model):
    row = ROWS[model]()
    listing = operator.get(url(model, "changelist"))
    page = operator.get(url(model, "change", row.pk))
    assert (listing.status_code, page.status_code) == (200, 200)
    assert url(model, "change", row.pk) in listing.content.decode()
    assert str(row) in page.content.decode()


@of_every_model
def test_searching_renders(operator, model):
    ROWS[model]()
    assert operator.get(url(model, "changelist"), {"q": "an 1"}).status_code == 200


@of_every_model
def test_every_filter_renders(operator, model):
    ROWS[model]()
    changelist = operator.get(url(model, "changelist")).context["cl"]
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            assert operator.get(url(model, "changelist") + choice["query_string"]).status_code == 200


@of_every_model
def test_a_form_for_a_new_row_renders_or_is_refused(operator, rf, model):
    request = rf.get("/")
    request.user = User.objects.get()
    may_add = admin.site._registry[model].has_add_permission(request)
    assert operator.get(url(model, "add")).status_code == (200 if may_add else 403)


@of_every_model
@pytest.mark.parametrize("visitor", ["anonymous", "user"])
def test_nobody_else_gets_in(client, db, model, visitor):
    if visitor == "user":
        client.force_login(UserFactory())
    response = client.get(url(model, "changelist"))
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_a_row_saves_as_the_form_shows_it(operator):
    user = UserFactory(display_name="Ann")
    form = {"display_name": "Anna", "language": "de", "region": "AT", "is_active": ""}
    response = operator.post(url(User, "change", user.pk), form)
    assert response.status_code == 302
    user.refresh_from_db()
    assert (user.display_name, user.is_active, user.email_key) == ("Anna", False, user.email)


def test_no_page_shows_a_password(operator):
    user = UserFactory()
    assert user.password not in operator.get(url(User, "change", user.pk)).content.decode()


@pytest.mark.parametrize("field", ["is_active", "is_staff", "is_superuser"])
def test_a_stand_in_stays_locked_out(operator, field):
    stand_in = User.objects.create(kind=User.Kind.SIMULATED, alias="sim:1", is_active=False)
    response = operator.post(url(User, "change", stand_in.pk), {"language": "de", field: "on"})
    assert response.status_code == 302
    stand_in.refresh_from_db()
    assert (stand_in.language, getattr(stand_in, field)) == ("de", False)


def test_a_person_can_be_deleted_with_their_library_but_no_entry_of_it_alone(admin_client):
    entry = FavoriteFactory()
    alone = admin_client.post(reverse("admin:favorites_favorite_delete", args=[entry.pk]), {"post": "yes"})
    assert alone.status_code == 403
    whole = admin_client.post(reverse("admin:authentication_user_delete", args=[entry.user_id]), {"post": "yes"})
    assert whole.status_code == 302
    assert not User.objects.filter(pk=entry.user_id).exists()
