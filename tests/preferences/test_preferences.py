from datetime import UTC, datetime

import pytest
import time_machine
from django.db import IntegrityError

from apps.movies.models import ListEntry
from apps.preferences.models import UserPreference
from apps.preferences.services import preference_set
from tests.conftest import signed_in
from tests.factories import GenreFactory, MovieFactory, UserFactory
from tests.favorites.answers import complaints, version_of
from utils import cache

pytestmark = pytest.mark.django_db

URL = "/api/v1/preferences/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTION, DRAMA, HORROR = 28, 18, 27
DEFAULTS = {
    "liked_genres": [],
    "muted_genres": [],
    "languages": [],
    "year_gte": None,
    "year_lte": None,
    "runtime_gte": None,
    "runtime_lte": None,
    "vote_gte": None,
    "include_adult": False,
    "watch_region": "US",
    "certification_lte": "",
    "providers": [],
    "updated_at": None,
}
TOLD = {
    "liked_genres": [ACTION, DRAMA],
    "muted_genres": [HORROR],
    "languages": ["en", "cn"],
    "year_gte": 1960,
    "year_lte": 2020,
    "runtime_gte": 60,
    "runtime_lte": 180,
    "vote_gte": 6.5,
    "include_adult": True,
    "watch_region": "DE",
    "certification_lte": "12",
    "providers": [8, 337],
}


@pytest.fixture(autouse=True)
def regions(settings):
    settings.TMDB_REGIONS = ["US", "DE"]


@pytest.fixture(autouse=True)
def genres(db):
    return [GenreFactory(tmdb_id=tmdb_id) for tmdb_id in (ACTION, DRAMA, HORROR)]


def told(client):
    """What the server knows, the genres in a fixed order, without the date."""
    data = client.get(URL).json()["data"]
    data.pop("updated_at")
    return data | {name: sorted(data[name], reverse=True) for name in ("liked_genres", "muted_genres")}


def without_date(preferences):
    return {name: value for name, value in preferences.items() if name != "updated_at"}


def test_who_told_nothing_has_the_defaults_and_no_row(api):
    answer = api.get(URL)
    assert answer.json() == {"success": True, "message": "", "data": DEFAULTS}
    assert not UserPreference.objects.exists()
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_was_told_is_kept_and_answered(user, method):
    with time_machine.travel(NOON, tick=False):
        api = signed_in(user)
        answer = getattr(api, method)(URL, TOLD)
        assert told(api) == TOLD
    assert answer.status_code == 200
    assert answer.json()["message"] == "Preferences saved."
    assert answer.json()["data"]["updated_at"] == "2026-03-01T12:00:00Z"
    assert version_of(user) == 1


def test_putting_resets_what_is_left_out(api):
    api.put(URL, TOLD)
    api.put(URL, {"languages": ["fr"]})
    assert told(api) == without_date(DEFAULTS) | {"languages": ["fr"]}


@pytest.mark.parametrize(
    "change",
    [
        {"liked_genres": [DRAMA]},
        {"muted_genres": []},
        {"languages": []},
        {"year_gte": None},
        {"runtime_lte": 90},
        {"vote_gte": 0},
        {"include_adult": False},
        {"watch_region": "US", "certification_lte": "PG-13"},
        {"watch_region": "US", "certification_lte": ""},
        {"certification_lte": "0"},
        {"providers": [8]},
        {"liked_genres": [HORROR], "muted_genres": [ACTION]},
        {},
    ],
)
def test_patching_leaves_what_is_left_out(api, change):
    api.put(URL, TOLD)
    assert api.patch(URL, change).status_code == 200
    assert told(api) == TOLD | change


def test_an_answer_can_be_sent_back_as_it_came(api):
    answer = api.put(URL, TOLD).json()["data"]
    assert without_date(api.put(URL, answer).json()["data"]) == without_date(answer)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"liked_genres": [ACTION], "muted_genres": [ACTION, DRAMA]}, ("muted_genres", "liked_and_muted")),
        ({"liked_genres": [999]}, ("liked_genres", "does_not_exist")),
        ({"liked_genres": ["action"]}, ("liked_genres.0", "invalid")),
        ({"liked_genres": [2**31]}, ("liked_genres.0", "max_value")),
        ({"liked_genres": "28"}, ("liked_genres", "not_a_list")),
        ({"muted_genres": None}, ("muted_genres", "null")),
        ({"year_gte": 2001, "year_lte": 2000}, ("year_gte", "empty_range")),
        ({"runtime_gte": 101, "runtime_lte": 100}, ("runtime_gte", "empty_range")),
        ({"year_gte": 1869}, ("year_gte", "min_value")),
        ({"year_lte": 2101}, ("year_lte", "max_value")),
        ({"year_gte": "1960"}, ("year_gte", "wrong_type")),
        ({"runtime_lte": -1}, ("runtime_lte", "min_value")),
        ({"runtime_gte": 10_001}, ("runtime_gte", "max_value")),
        ({"vote_gte": 10.1}, ("vote_gte", "max_value")),
        ({"vote_gte": "nan"}, ("vote_gte", "wrong_type")),
        ({"languages": ["EN"]}, ("languages.0", "invalid")),
        ({"languages": ["en", "english"]}, ("languages.1", "invalid")),
        ({"languages": ["en"] * 21}, ("languages", "max_length")),
        ({"languages": "en"}, ("languages", "not_a_list")),
        ({"include_adult": None}, ("include_adult", "null")),
        ({"include_adult": "perhaps"}, ("include_adult", "wrong_type")),
        ({"watch_region": "FR"}, ("watch_region", "invalid_choice")),
        ({"watch_region": ""}, ("watch_region", "invalid_choice")),
        ({"watch_region": "us"}, ("watch_region", "invalid_choice")),
        ({"watch_region": None}, ("watch_region", "null")),
        ({"watch_region": ["US"]}, ("watch_region", "invalid_choice")),
        ({"certification_lte": "12"}, ("certification_lte", "unknown_certification")),
        ({"certification_lte": "NR"}, ("certification_lte", "unknown_certification")),
        ({"watch_region": "DE", "certification_lte": "PG"}, ("certification_lte", "unknown_certification")),
        ({"certification_lte": 12}, ("certification_lte", "wrong_type")),
        ({"certification_lte": None}, ("certification_lte", "null")),
        ({"certification_lte": "G" * 21}, ("certification_lte", "max_length")),
        ({"providers": [0]}, ("providers.0", "min_value")),
        ({"providers": [8, 2**31]}, ("providers.1", "max_value")),
        ({"providers": ["Netflix"]}, ("providers.0", "invalid")),
        ({"providers": list(range(1, 22))}, ("providers", "max_length")),
        ({"providers": 8}, ("providers", "not_a_list")),
        ({"providers": None}, ("providers", "null")),
        ({"liked_genre": [ACTION]}, ("liked_genre", "unknown_field")),
        ([], ("", "invalid")),
    ],
)
@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_makes_no_sense_is_named_and_changes_nothing(api, user, method, body, complaint):
    assert complaints(getattr(api, method)(URL, body)) == {complaint}
    assert not UserPreference.objects.exists()
    assert version_of(user) == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"muted_genres": [ACTION]}, ("muted_genres", "liked_and_muted")),
        ({"liked_genres": [HORROR]}, ("muted_genres", "liked_and_muted")),
        ({"year_lte": 1959}, ("year_lte", "empty_range")),
        ({"year_gte": 2021}, ("year_gte", "empty_range")),
        ({"runtime_gte": 181}, ("runtime_gte", "empty_range")),
        ({"watch_region": "US"}, ("watch_region", "unknown_certification")),
        ({"certification_lte": "PG"}, ("certification_lte", "unknown_certification")),
    ],
)
def test_a_patch_must_agree_with_what_was_told_before(api, user, change, complaint):
    api.put(URL, TOLD)
    assert complaints(api.patch(URL, change)) == {complaint}
    assert told(api) == TOLD
    assert version_of(user) == 1


@pytest.mark.parametrize("change", [{"certification_lte": "PG"}, {"watch_region": "US"}])
def test_a_rating_that_the_region_has_not_is_answered_with_those_that_it_has(api, change):
    api.put(URL, {"watch_region": "DE", "certification_lte": "12"})
    (error,) = api.patch(URL, change).json()["errors"]
    known = {"PG": '"PG" is no rating of DE. Known there: 0, 6, 12, 16, 18.'}
    assert error["message"] == known.get(
        change.get("certification_lte"), '"12" is no rating of US. Known there: G, PG, PG-13, R, NC-17.'
    )


def test_a_region_that_is_kept_no_more_stays_as_it_was_told_and_may_be_left(api, settings):
    api.put(URL, TOLD)
    settings.TMDB_REGIONS = ["US"]
    assert api.patch(URL, {"vote_gte": 7}).json()["data"]["watch_region"] == "DE"
    assert complaints(api.patch(URL, {"watch_region": "DE"})) == {("watch_region", "invalid_choice")}
    assert api.patch(URL, {"watch_region": "US", "certification_lte": "R"}).status_code == 200


def test_the_first_region_is_everybodys_until_they_say_another(api, settings):
    settings.TMDB_REGIONS = ["DE", "US"]
    assert api.get(URL).json()["data"]["watch_region"] == "DE"
    assert api.patch(URL, {"certification_lte": "6"}).json()["data"]["watch_region"] == "DE"


def test_a_genre_named_twice_is_one(api):
    assert api.patch(URL, {"liked_genres": [ACTION, ACTION]}).json()["data"]["liked_genres"] == [ACTION]


def test_every_change_bumps_the_version_once(api, user):
    versions = []
    for change in (TOLD, {"vote_gte": 7}, {"muted_genres": []}):
        api.patch(URL, change)
        versions.append(version_of(user))
    assert versions == [1, 2, 3]


RESET = URL + "reset/"


def test_reset_answers_the_defaults_and_leaves_no_trace(api, user):
    api.put(URL, TOLD)
    answer = api.post(RESET)
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "Preferences reset.", "data": DEFAULTS}
    assert api.get(URL).json()["data"] == DEFAULTS
    assert not UserPreference.objects.exists()
    assert version_of(user) == 2


def test_reset_of_nothing_changes_nothing(api, user):
    assert api.post(RESET).json()["data"] == DEFAULTS
    assert version_of(user) == 0


def test_reset_leaves_strangers_alone(api, stranger):
    stranger.put(URL, TOLD)
    api.post(RESET)
    assert told(stranger) == TOLD


@pytest.mark.parametrize(
    "path", ["", "popular/", "top-rated/", "trending/", "discover/", "1/similar/", "search/?query=film"]
)
def test_lists_of_films_obey_their_parameters_alone(api, stranger, path):
    horror = GenreFactory(tmdb_id=HORROR)
    MovieFactory(tmdb_id=1, genres=[horror])
    for position, year in enumerate((1950, 1990, 2025)):
        film = MovieFactory(release_date=f"{year}-06-01", runtime=10, vote_average=3, language="fr", genres=[horror])
        ListEntry.objects.create(name=ListEntry.Name.TRENDING_DAY, position=position, movie=film)
    anybodys = stranger.get(f"/api/v1/movies/{path}").json()
    assert anybodys["data"]
    cache.forget_all()
    assert api.put(URL, TOLD | {"include_adult": False}).status_code == 200
    own = api.get(f"/api/v1/movies/{path}").json()
    assert (own["data"], own["pagination"]) == (anybodys["data"], anybodys["pagination"])


def test_two_users_tell_two_things(api, stranger):
    api.put(URL, TOLD)
    assert told(stranger) == without_date(DEFAULTS)
    stranger.put(URL, {"liked_genres": [HORROR]})
    assert told(api) == TOLD
    assert told(stranger)["liked_genres"] == [HORROR]


@pytest.mark.parametrize("method", ["get", "put", "patch", "options"])
def test_an_anonymous_caller_gets_nothing(anonymous, method):
    response = getattr(anonymous, method)(URL)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    response = anonymous.post(RESET)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_preferences_are_not_deleted_but_may_be_described(api):
    assert api.delete(URL).status_code == 405
    assert api.options(URL).status_code == 200


@pytest.mark.parametrize("n_genres", [1, 20])
def test_reading_costs_four_queries(api, user, django_assert_num_queries, n_genres):
    preference_set(user=user, liked_genres=[GenreFactory() for _ in range(n_genres)])
    with django_assert_num_queries(4):  # caller, row, liked, muted
        assert len(api.get(URL).json()["data"]["liked_genres"]) == n_genres


@pytest.mark.parametrize("n_genres", [1, 20])
def test_writing_costs_the_same_however_many_genres(api, user, django_assert_num_queries, n_genres):
    preference_set(user=user, include_adult=True)
    genres = [GenreFactory().tmdb_id for _ in range(n_genres)]
    with django_assert_num_queries(21):
        assert len(api.patch(URL, {"liked_genres": genres}).json()["data"]["liked_genres"]) == n_genres


@pytest.mark.parametrize("n_genres", [1, 20])
def test_resetting_costs_the_same_however_much_was_told(api, user, django_assert_num_queries, n_genres):
    preference_set(user=user, liked_genres=[GenreFactory() for _ in range(n_genres)])
    with django_assert_num_queries(11):
        api.post(RESET)


@pytest.mark.parametrize(
    "impossible",
    [
        {"year_gte": 2001, "year_lte": 2000},
        {"runtime_gte": 101, "runtime_lte": 100},
        {"vote_gte": -0.1},
        {"vote_gte": 10.1},
        {"watch_region": ""},
    ],
)
def test_the_database_refuses_preferences_that_cannot_be_met(user, impossible):
    with pytest.raises(IntegrityError):
        UserPreference.objects.create(user=user, **impossible)


def test_a_row_says_whose_it_is():
    user = UserFactory()
    assert str(preference_set(user=user)) == f"preferences of {user.pk}"
