import io
import json
from datetime import date
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from apps.authentication.events import record
from apps.authentication.exports import IN_MEMORY, personal_archive
from apps.authentication.links import link_make
from apps.authentication.models import EmailLink, SecurityEvent, Session, User
from apps.authentication.personal_data import personal_rows, personal_rows_erase, registered_apps
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
from apps.preferences.models import UserPreference
from apps.recommendations.models import Feedback, RecommendationList
from tests.conftest import signed_in
from tests.factories import (
    PASSWORD,
    FavoriteFactory,
    GenreFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)
from tests.threads import at_once, concurrent_writers

URL = "/api/v1/auth/export/"
ME = "/api/v1/auth/me/"
FILES = [
    "account",
    "email_links",
    "favorites",
    "hidden",
    "history",
    "imports",
    "preferences",
    "ratings",
    "recommendation_feedback",
    "recommendations",
    "removed",
    "security_events",
    "sessions",
    "watchlist",
]

pytestmark = pytest.mark.django_db


def preference_of(user):
    preference = UserPreference.objects.create(user=user, languages=["de"], updated_at="2026-05-01T12:00:00Z")
    preference.liked_genres.set([GenreFactory(tmdb_id=35, name="Comedy"), GenreFactory(tmdb_id=12, name="Adventure")])
    preference.muted_genres.set([GenreFactory(tmdb_id=27, name="Horror")])


def list_of(user):
    return RecommendationList.objects.create(
        user=user, scenario="for_you", algorithm="knn", movies=[MovieFactory().pk, MovieFactory().pk], shown=1
    )


ROWS = {
    EmailLink: lambda user: link_make(user, EmailLink.Purpose.RESET_PASSWORD, user.email),
    Favorite: lambda user: FavoriteFactory(user=user),
    Feedback: lambda user: Feedback.objects.create(
        user=user, list=list_of(None), movie=MovieFactory(), rank=1, kind="opened"
    ),
    HiddenMovie: lambda user: HiddenMovieFactory(user=user),
    IdempotencyKey: lambda user: IdempotencyKey.objects.create(user=user, key="k", fingerprint="f"),
    ImportJob: lambda user: ImportJob.objects.create(user=user, format="imdb", file_name="ratings.csv", rows_total=7),
    LibraryState: lambda user: LibraryState.objects.create(user=user),
    LogEntry: lambda user: LogEntry.objects.create(user=user, action_flag=CHANGE, object_repr="a film"),
    Rating: lambda user: RatingFactory(user=user),
    RecommendationList: lambda user: list_of(user),
    Removal: lambda user: Removal.objects.create(
        user=user, part="favorites", item=603, removed_at="2026-05-01T12:00:00Z", version=1
    ),
    SecurityEvent: lambda user: record(SecurityEvent.Kind.SIGNED_IN, user),
    Session: session_open,
    User.groups.through: lambda user: user.groups.add(Group.objects.get_or_create(name="editors")[0]),
    User.user_permissions.through: lambda user: user.user_permissions.add(Permission.objects.first()),
    UserPreference: preference_of,
    ViewingHistory: lambda user: ViewingFactory(user=user),
    WatchlistItem: lambda user: WatchlistItemFactory(user=user),
}
NOT_EXPORTED = {IdempotencyKey, LibraryState, LogEntry, User.groups.through, User.user_permissions.through}


def models_about_a_user():
    """Every model with a key to User, those behind many-to-many fields too."""
    return {
        model
        for model in apps.get_models(include_auto_created=True)
        if any(field.is_relation and field.concrete and field.related_model is User for field in model._meta.fields)
    }


def user_with_a_row_of_everything():
    user = UserFactory()
    for make in ROWS.values():
        make(user)
    return user


def left_of(user):
    return {model.__name__ for model in ROWS if model._default_manager.filter(user=user).exists()}


def export(client):
    response = client.get(URL)
    assert response.status_code == 200
    return ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def rows_in(archive, name):
    return json.loads(archive.read(f"{name}.json"))


def delete(client, password=PASSWORD):
    return client.delete(ME, {"password": password})


def test_every_model_about_a_user_has_an_app_that_answers_for_it():
    assert {model._meta.app_label for model in models_about_a_user()} <= registered_apps()
    assert models_about_a_user() == set(ROWS)  # a new one also says here how a row of it comes to be


@pytest.mark.parametrize("model", sorted(ROWS, key=lambda model: model.__name__), ids=lambda model: model.__name__)
def test_every_row_about_a_user_is_erased_and_nobody_elses(model):
    user, other = UserFactory(), UserFactory()
    ROWS[model](user)
    ROWS[model](other)
    personal_rows_erase(user)
    assert not model._default_manager.filter(user=user).exists()
    assert model._default_manager.filter(user=other).exists()
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("model", sorted(set(ROWS) - NOT_EXPORTED, key=lambda model: model.__name__))
def test_every_row_about_a_user_is_exported_and_nobody_elses(model):
    user, other = UserFactory(), UserFactory()
    before = {name: list(rows) for name, rows in personal_rows(user)}
    ROWS[model](other)
    assert {name: list(rows) for name, rows in personal_rows(user)} == before
    ROWS[model](user)
    after = {name: list(rows) for name, rows in personal_rows(user)}
    assert [len(after[name]) - len(before[name]) for name in FILES if after[name] != before[name]] == [1]


def test_the_archive_holds_one_file_for_each_kind_in_order(api, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    response = signed_in(UserFactory()).get(URL)
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == 'attachment; filename="marquee-export-2026-05-01.zip"'
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    body = b"".join(response.streaming_content)
    assert int(response["Content-Length"]) == len(body)
    archive = ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    assert archive.namelist() == ["README.txt", *(f"{name}.json" for name in FILES)]
    readme = archive.read("README.txt").decode()
    assert "as of 2026-05-01" in readme
    assert all(f"{name}.json" in readme for name in FILES)


def test_the_rows_are_as_plain_as_they_can_be(time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    user, film = UserFactory(email="ann@example.org"), MovieFactory(tmdb_id=603, title="Mätrix")
    client = signed_in(user)
    for shelf in (FavoriteFactory, HiddenMovieFactory):
        shelf(user=user, movie=film)
    RatingFactory(user=user, movie=film, value=8.5)
    WatchlistItemFactory(user=user, movie=film, position=7)
    ViewingFactory(user=user, movie=film, client_id="tv-1")
    preference_of(user)
    ROWS[ImportJob](user)
    ROWS[Removal](user)
    now = "2026-05-01T12:00:00Z"
    names = {"tmdb_id": 603, "title": "Mätrix"}
    times = {"created_at": now, "updated_at": now}
    link_make(user, EmailLink.Purpose.VERIFY_EMAIL, user.email)
    archive = export(client)
    (event,) = rows_in(archive, "security_events")
    assert len(event.pop("request_id")) == 32
    assert event == {"kind": "data_exported", "created_at": now, "device": "", "address": "127.0.0.0/24"}
    assert {name: rows_in(archive, name) for name in FILES if name != "security_events"} == {
        "account": [
            {
                "email": "ann@example.org",
                "display_name": "Viewer",
                "language": "en",
                "region": "",
                "is_email_verified": False,
                "is_staff": False,
                "date_joined": now,
                "last_login": None,
            }
        ],
        "email_links": [
            {
                "purpose": "verify_email",
                "email": "ann@example.org",
                "created_at": now,
                "expires_at": "2026-05-04T12:00:00Z",
            }
        ],
        "favorites": [names | times],
        "hidden": [names | times],
        "history": [
            names | {"watched_at": None, "progress": 1.0, "source": "api", "client_id": "tv-1", "created_at": now}
        ],
        "imports": [
            {
                "file_name": "ratings.csv",
                "format": "imdb",
                "dry_run": False,
                "state": "queued",
                "rows_total": 7,
                "created_at": now,
                "finished_at": None,
            }
        ],
        "preferences": [
            {
                "liked_genres": [{"tmdb_id": 12, "name": "Adventure"}, {"tmdb_id": 35, "name": "Comedy"}],
                "muted_genres": [{"tmdb_id": 27, "name": "Horror"}],
                "languages": ["de"],
                "year_gte": None,
                "year_lte": None,
                "runtime_gte": None,
                "runtime_lte": None,
                "vote_gte": None,
                "include_adult": False,
                "watch_region": "US",
                "certification_lte": "",
                "providers": [],
                "updated_at": now,
            }
        ],
        "ratings": [names | {"value": 8.5} | times],
        "recommendation_feedback": [],
        "recommendations": [],
        "removed": [{"part": "favorites", "item": 603, "removed_at": now}],
        "sessions": [
            {
                "device": "",
                "address": "",
                "created_at": now,
                "last_used_at": now,
                "expires_at": "2026-05-15T12:00:00Z",
                "revoked_at": None,
            }
        ],
        "watchlist": [names | {"position": 7} | times],
    }


def test_who_kept_nothing_gets_empty_lists(api):
    archive = export(api)
    empty = set(FILES) - {"account", "security_events", "sessions"}
    assert {name: rows_in(archive, name) for name in empty} == {name: [] for name in empty}


def test_the_same_rows_on_the_same_day_make_the_same_bytes(time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    user = user_with_a_row_of_everything()
    with (
        personal_archive(user, day=date(2026, 5, 1)) as first,
        personal_archive(user, day=date(2026, 5, 1)) as second,
    ):
        assert first.read() == second.read()


@pytest.mark.parametrize("n_films", [1, 40])
def test_an_export_costs_as_many_queries_whatever_the_size(api, user, django_assert_num_queries, n_films):
    for model in (FavoriteFactory, RatingFactory, WatchlistItemFactory, HiddenMovieFactory, ViewingFactory):
        model.create_batch(n_films, user=user)
    preference_of(user)
    for _ in range(n_films):
        session_open(user)
    # the caller, four for the event, four of the account, seven of the library, preferences and their two, lists of
    # recommendations and the feedback on them
    with django_assert_num_queries(21):
        archive = export(api)
    assert len(rows_in(archive, "history")) == n_films
    assert len(rows_in(archive, "sessions")) == n_films + 1


def test_a_library_too_large_for_memory_comes_in_order_and_whole(api, user):
    films = [MovieFactory(title=f"{n} {'of a long title' * 18}") for n in range(50)]
    rows = [ViewingHistory(user=user, movie=films[n % 50], client_id=str(n)) for n in range(5000)]
    ViewingHistory.objects.bulk_create(rows)
    archive = export(api)
    assert archive.getinfo("history.json").file_size > IN_MEMORY
    assert [row["client_id"] for row in rows_in(archive, "history")] == [str(n) for n in range(5000)]


def test_an_export_holds_nothing_to_sign_in_with():
    user = user_with_a_row_of_everything()
    session = Session.objects.get()
    archive = export(signed_in(user))
    text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for secret in (user.password, session.refresh_jti, str(session.pk), session.pk.hex):
        assert secret not in text


def test_a_stranger_exports_their_own(stranger, user):
    FavoriteFactory(user=user)
    archive = export(stranger)
    assert rows_in(archive, "favorites") == []
    assert rows_in(archive, "account")[0]["email"] != user.email


@pytest.mark.parametrize("accept", ["application/zip", "application/json", "text/html", "*/*"])
def test_a_file_comes_whatever_the_caller_accepts_and_an_error_is_json(api, anonymous, accept):
    response = api.get(URL, HTTP_ACCEPT=accept)
    assert response["Content-Type"] == "application/zip"
    assert b"".join(response.streaming_content).startswith(b"PK")
    refused = anonymous.get(URL, HTTP_ACCEPT=accept)
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/json")
    assert refused.json()["code"] == "not_authenticated"


def test_an_export_knows_no_parameters_and_no_other_method(api):
    unknown = api.get(URL, {"format": "csv"})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (400, "unknown_parameter")
    assert api.post(URL).status_code == 405


def test_deleting_the_account_erases_everything_and_ends_every_session_at_once(sign_in, me, refresh):
    user = user_with_a_row_of_everything()
    here, there = signed_in(user), sign_in(user)
    response = delete(here)
    assert (response.status_code, response.content) == (204, b"")
    assert not User.objects.filter(pk=user.pk).exists()
    assert left_of(user.pk) == set()
    assert here.get(ME).status_code == 401
    assert me(there["access"]).status_code == 401
    assert refresh(there["refresh"]).status_code == 401
    again = here.post("/api/v1/auth/login/", {"email": user.email, "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (401, "wrong_credentials")


def test_the_address_of_an_erased_account_is_free_again(api, anonymous, user):
    delete(api)
    body = {"email": user.email, "password": PASSWORD}
    assert anonymous.post("/api/v1/auth/register/", body).status_code == 201


def test_the_admins_log_forgets_the_address_of_an_erased_account(api, user):
    operator = UserFactory(is_staff=True)
    kind = ContentType.objects.get_for_model(User)
    for pk in (user.pk, operator.pk):
        LogEntry.objects.create(
            user=operator, action_flag=CHANGE, content_type=kind, object_id=str(pk), object_repr=f"viewer{pk}@x.org"
        )
    delete(api)
    kept = dict(LogEntry.objects.values_list("object_id", "object_repr"))
    assert kept == {str(user.pk): "an erased account", str(operator.pk): f"viewer{operator.pk}@x.org"}


@pytest.mark.parametrize("password", ["not the password", f"{PASSWORD} ", PASSWORD.upper(), "nul\0"])
def test_a_wrong_password_changes_nothing(password):
    user = user_with_a_row_of_everything()
    client = signed_in(user)
    response = delete(client, password)
    if "\0" in password:
        assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    else:
        assert (response.status_code, response.json()["code"]) == (403, "wrong_password")
    assert left_of(user) == {model.__name__ for model in ROWS}
    assert client.get(ME).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "password", "required"),
        (None, "password", "required"),
        ({"password": ""}, "password", "blank"),
        ({"password": None}, "password", "null"),
        ({"password": 7}, "password", "wrong_type"),
        ({"password": "x" * 1025}, "password", "max_length"),
        ({"password": PASSWORD, "email": "x"}, "email", "unknown_field"),
    ],
)
def test_deleting_asks_for_the_password_and_nothing_else(api, user, body, field, code):
    response = api.delete(ME, body)
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert User.objects.filter(pk=user.pk).exists()


def test_deleting_knows_no_parameters(api, user):
    response = api.delete(f"{ME}?force=1", {"password": PASSWORD})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_parameter")
    assert User.objects.filter(pk=user.pk).exists()


def test_a_stranger_deletes_only_themselves(api, stranger):
    assert delete(stranger).status_code == 204
    assert api.get(ME).status_code == 200


def test_an_anonymous_caller_deletes_and_exports_nothing(anonymous):
    for response in (delete(anonymous), anonymous.get(URL)):
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_the_last_superuser_stays():
    root = UserFactory(is_staff=True, is_superuser=True)
    UserFactory(is_staff=True, is_superuser=True, is_active=False)
    UserFactory(is_staff=True)
    FavoriteFactory(user=root)
    response = delete(signed_in(root))
    assert (response.status_code, response.json()["code"]) == (409, "last_superuser")
    assert Favorite.objects.filter(user=root).exists()
    UserFactory(is_staff=True, is_superuser=True)
    assert delete(signed_in(root)).status_code == 204


def test_what_an_app_cannot_erase_keeps_the_whole_account(api, user, monkeypatch):
    FavoriteFactory(user=user)
    api.raise_request_exception = False
    monkeypatch.setattr(User, "delete", lambda self: 1 / 0)
    assert delete(api).status_code == 500
    assert Favorite.objects.filter(user=user).exists()
    assert api.get(ME).status_code == 200


class TestAtOnce:
    pytestmark = concurrent_writers

    def test_of_two_superusers_who_leave_one_stays(self):
        clients = [signed_in(UserFactory(is_staff=True, is_superuser=True)) for _ in range(2)]
        assert sorted(answer.status_code for answer in at_once(delete, clients)) == [204, 409]
        assert User.objects.filter(is_superuser=True).count() == 1

    def test_deleting_twice_deletes_once(self, api, user):
        codes = {answer.status_code for answer in at_once(lambda _: delete(api), range(4))}
        assert 204 in codes <= {204, 401}
        assert not User.objects.filter(pk=user.pk).exists()

    def test_deleting_while_the_library_is_written_leaves_nothing(self, api, user):
        api.raise_request_exception = False
        preference_of(user)
        films = MovieFactory.create_batch(4)
        writes = [lambda film=film: api.put(f"/api/v1/favorites/{film.tmdb_id}/", {}) for film in films]
        writes.append(lambda: api.patch("/api/v1/preferences/", {"vote_gte": 5}))
        deleted, *_ = at_once(lambda call: call(), [lambda: delete(api), *writes])
        assert deleted.status_code == 204
        assert left_of(user.pk) == set()
