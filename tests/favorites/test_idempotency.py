from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.favorites.models import IdempotencyKey, ViewingHistory
from tests.conftest import signed_in
from tests.factories import MovieFactory, UserFactory
from tests.favorites.answers import version_of
from tests.threads import at_once, concurrent_writers

URL = "/api/v1/history/"
WHEN = "2026-05-01T12:00:00Z"

pytestmark = pytest.mark.django_db


def watch(client, key="key-1", **body):
    return client.post(URL, {"tmdb_id": 348, "watched_at": WHEN} | body, HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_request_again_is_answered_as_the_first_time_and_does_nothing(api, user, alien):
    first, again = watch(api), watch(api)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert ViewingHistory.objects.count() == 1
    assert version_of(user) == 1


def test_without_a_key_or_under_another_it_is_another_viewing(api, alien):
    for key in ("key-1", "key-2"):
        watch(api, key)
    api.post(URL, {"tmdb_id": 348, "watched_at": WHEN})
    assert ViewingHistory.objects.count() == 3


def test_the_same_key_with_another_request_is_a_422(api, alien):
    watch(api)
    answer = watch(api, progress=0.5)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert ViewingHistory.objects.count() == 1


def test_a_refused_request_may_be_mended_under_its_key(api, alien):
    assert watch(api, tmdb_id=999).status_code == 404
    assert watch(api, progress=7).status_code == 400
    assert watch(api).status_code == 201


def test_two_users_may_choose_the_same_key(api, stranger, alien):
    assert [watch(client).status_code for client in (api, stranger)] == [201, 201]
    assert ViewingHistory.objects.count() == 2


def test_a_key_is_good_for_a_day(api, alien):
    watch(api)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert watch(api, progress=0.5).status_code == 201
    assert ViewingHistory.objects.count() == 2


def test_a_request_that_is_still_being_worked_on_is_a_409_until_its_worker_must_be_dead(api, alien):
    watch(api)
    ViewingHistory.objects.all().delete()
    IdempotencyKey.objects.update(status=None, body=None)
    answer = watch(api)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "still_working", "1")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    assert watch(api).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "\u00fc", "a\x00"])
def test_a_key_is_printable_ascii(api, alien, key):
    answer = watch(api, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert not ViewingHistory.objects.exists()


class TestAtOnce:
    pytestmark = concurrent_writers

    def test_of_many_under_one_key_one_records(self):
        user = UserFactory()
        MovieFactory(tmdb_id=348)
        client = signed_in(user)
        answers = Counter(at_once(lambda _: watch(client).status_code, range(32)))
        assert set(answers) <= {201, 409}
        assert answers[201] >= 1
        assert ViewingHistory.objects.count() == 1
