import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from apps.movies import status as status_module
from apps.movies.caches import CACHES
from apps.movies.models import SyncState
from apps.movies.status import JOBS, status
from tests.factories import UserFactory
from tests.fake_tmdb import FakeTMDb
from utils.cache import Entry
from utils.tmdb_client import TMDbGone, TMDbUnavailable, tmdb

URL = "/admin/movies/movie/status/"


def signed_in_staff(client, *permissions):
    staff = UserFactory(email="staff@example.org", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(staff)
    return client


@pytest.fixture
def editor(client, db):
    return signed_in_staff(client, "view_movie", "change_movie")


@pytest.fixture
def reader(client, db):
    return signed_in_staff(client, "view_movie")


@pytest.fixture
def fake_tmdb(settings):
    with FakeTMDb(n_films=40) as fake:
        settings.TMDB_BASE_URL, settings.TMDB_READ_TOKEN = fake.url, f"token of {fake.url}"
        yield fake


def cache_status(name):
    return next(cache for cache in status().caches if cache.name == name)


def endpoint_status(name):
    return next((endpoint for endpoint in status().endpoints if endpoint.name == name), None)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def look_up(name, key="status page"):
    CACHES[name].get_or_build(key, lambda: Entry.of(b"{}", ttl=60))


def test_a_look_up_is_counted_for_its_cache(db):
    before = cache_status("people")
    for _ in range(4):
        look_up("people")
    after = cache_status("people")
    assert (after.hits - before.hits, after.misses - before.misses, after.built - before.built) == (3, 1, 1)
    assert after.failed == before.failed
    assert after.ratio == 100 * (after.hits + after.stale) / (after.hits + after.stale + after.misses)


def test_every_cache_has_a_line_though_nobody_asked_it(editor):
    page = editor.get(URL)
    assert [cache.name for cache in page.context["status"].caches] == list(CACHES)
    for name in CACHES:
        assert f'value="{name}"' in page.content.decode()


@pytest.mark.parametrize(("seconds", "words"), [(86400, "24 h"), (1800, "30 min"), (5400, "90 min"), (61, "61 s")])
def test_a_ttl_is_told_in_its_largest_unit(settings, db, seconds, words):
    settings.CACHE_TTL = settings.CACHE_TTL | {"people": seconds}
    assert cache_status("people").fresh_for == words


def test_calls_to_tmdb_are_told_with_their_times_and_outcomes(db, fake_tmdb):
    before = endpoint_status("movie")
    tmdb().details(int(fake_tmdb.catalogue.ids[0]))
    with pytest.raises(TMDbGone):
        tmdb().details(9_999_999)
    after = endpoint_status("movie")
    assert after.calls - (before.calls if before else 0) == 2
    assert after.others["gone"] - (before.others.get("gone", 0) if before else 0) == 1
    assert "ok" not in after.others
    assert 0 < after.mean < 10_000
    assert after.nearly_all.endswith(" ms")


@pytest.mark.parametrize(
    ("within", "told"),
    [([95, 96, 100, 100], "≤ 100 ms"), ([94, 95, 100, 100], "≤ 500 ms"), ([0, 0, 94, 100], "> 1000 ms")],
)
def test_the_time_of_nearly_all_calls_is_the_bound_that_holds_95_of_100(within, told):
    buckets = list(zip([0.1, 0.5, 1.0, float("inf")], within, strict=True))
    assert status_module._endpoint("movie", 50.0, buckets, {}).nearly_all == told


def test_an_open_breaker_is_told_until_tmdb_is_back(editor, fake_tmdb):
    assert "the breaker is closed" in editor.get(URL).content.decode()
    fake_tmdb.stop()
    for _ in range(5):
        with pytest.raises(TMDbUnavailable):
            tmdb().genres()
    assert "the breaker is open" in editor.get(URL).content.decode()


def test_without_tmdb_the_page_says_so(editor):
    assert "TMDb: not set up" in editor.get(URL).content.decode()


def test_redis_is_told_as_it_is(editor, settings):
    state = editor.get(URL).context["status"].redis
    assert state.startswith("answers" if settings.REDIS_URL else "not set up")


def test_a_synchronization_tells_what_it_did_and_where_it_goes_on(editor):
    SyncState.objects.create(name="genres").finish({"genres": 19})
    SyncState.objects.create(name="list popular").advance(page=3, pks=[5, 6, 7])
    told = {sync.name: sync for sync in editor.get(URL).context["status"].syncs}
    assert (told["genres"].did, told["genres"].goes_on_at) == ("genres 19", "")
    assert told["genres"].finished_at is not None
    assert (told["list popular"].finished_at, told["list popular"].goes_on_at) == (None, "page 3, pks 3")


@pytest.mark.parametrize("n_syncs", [1, 12])
def test_the_status_costs_one_query(db, django_assert_num_queries, n_syncs):
    for number in range(n_syncs):
        SyncState.objects.create(name=f"sync {number}")
    with django_assert_num_queries(1):
        status()


def test_a_flushed_cache_has_forgotten_and_the_page_says_so(editor):
    look_up("similar", "flushed")
    page = editor.post(URL, {"flush": "similar"}, follow=True)
    assert page.redirect_chain == [(URL, 302)]
    assert messages_of(page)[0].startswith("The cache “similar” was flushed")
    before = cache_status("similar").misses
    look_up("similar", "flushed")
    assert cache_status("similar").misses == before + 1


def test_a_job_runs_once_it_is_started(editor, fake_tmdb, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        page = editor.post(URL, {"start": "sync_genres"}, follow=True)
    assert messages_of(page) == ["“Genres” was queued."]
    assert SyncState.objects.get(name="genres").summary == {"genres": 19}


@pytest.mark.parametrize("name", JOBS)
def test_any_job_can_be_started_where_there_is_no_tmdb(editor, django_capture_on_commit_callbacks, name):
    with django_capture_on_commit_callbacks(execute=True):
        assert editor.post(URL, {"start": name}).status_code == 302


@pytest.mark.parametrize("form", [{"flush": "nosuch"}, {"start": "nosuch"}, {}])
def test_a_button_that_is_not_there_does_nothing(editor, form):
    assert editor.post(URL, form).status_code == 404


def test_a_button_wants_the_token_of_the_page(editor):
    editor.handler.enforce_csrf_checks = True
    assert editor.post(URL, {"flush": "genres"}).status_code == 403


def test_who_may_only_look_has_no_buttons(reader):
    page = reader.get(URL)
    assert page.status_code == 200
    assert 'name="flush"' not in page.content.decode()
    assert 'name="start"' not in page.content.decode()
    assert reader.post(URL, {"flush": "genres"}).status_code == 403


def test_staff_without_a_right_to_films_are_refused(client, db):
    assert signed_in_staff(client).get(URL).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_the_login(client, db, method):
    client.force_login(UserFactory())
    response = getattr(client, method)(URL, {"flush": "genres"})
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_the_list_of_films_leads_to_the_page(editor):
    assert reverse("admin:movies_status") == URL
    assert f'href="{URL}"' in editor.get(reverse("admin:movies_movie_changelist")).content.decode()
