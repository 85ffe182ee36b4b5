from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError

from apps.authentication.models import User
from apps.authentication.sessions import WrongCredentials, session_open
from apps.favorites import demo
from apps.favorites.models import Favorite, Rating, ViewingHistory
from apps.movies.demo import demo_catalogue_load
from apps.movies.models import ListEntry, Movie
from apps.recommendations.answers import Cut, Wish
from apps.recommendations.services import recommend_for
from apps.recommendations.training import train
from tests.factories import FavoriteFactory, UserFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def few_viewers(monkeypatch):
    monkeypatch.setattr(demo, "N_VIEWERS", 12)


def load_demo(**options):
    out = StringIO()
    call_command("load_demo", stdout=out, **options)
    return out.getvalue()


def everything_done():
    ratings = Rating.objects.order_by("user__alias", "movie__tmdb_id")
    favorites = Favorite.objects.order_by("user__alias", "movie__tmdb_id")
    viewings = ViewingHistory.objects.order_by("user__alias", "movie__tmdb_id")
    return (
        list(ratings.values_list("user__alias", "movie__tmdb_id", "value", "created_at")),
        list(favorites.values_list("user__alias", "movie__tmdb_id", "created_at")),
        list(viewings.values_list("user__alias", "movie__tmdb_id", "watched_at", "progress", "source")),
    )


def test_the_whole_demo_is_a_busy_place():
    assert load_demo() == "demo: 364 films and 400 simulated viewers added\n"
    assert Rating.objects.count() == ViewingHistory.objects.count() > 10_000
    assert Favorite.objects.count() == Rating.objects.filter(value__gte=demo.FAVORITE_FROM).count() > 1_000
    assert Movie.objects.filter(vote_count__gt=0).count() > 300
    assert set(ListEntry.objects.values_list("name", flat=True)) == {"trending_day", "trending_week"}


def test_loading_twice_adds_nothing(few_viewers):
    load_demo()
    before = everything_done()
    assert load_demo() == "demo: 0 films and 0 simulated viewers added\n"
    assert everything_done() == before
    assert Movie.objects.count() == 364


@time_machine.travel(NOON, tick=False)
def test_the_same_community_comes_out_every_time(few_viewers):
    load_demo()
    before = everything_done()
    User.objects.all().delete()
    assert demo.demo_community_load() == 12
    assert everything_done() == before


def test_nothing_was_done_in_the_future(few_viewers):
    load_demo()
    assert not ViewingHistory.objects.filter(watched_at__gt=datetime.now(UTC)).exists()


def test_a_simulated_viewer_cannot_log_in(few_viewers):
    load_demo()
    viewers = User.objects.all()
    assert {viewer.kind for viewer in viewers} == {User.Kind.SIMULATED}
    assert not any(viewer.is_active or viewer.email or viewer.has_usable_password() for viewer in viewers)
    with pytest.raises(WrongCredentials):
        session_open(viewers[0])


def test_a_simulated_viewer_cannot_be_let_in(few_viewers):
    load_demo()
    with pytest.raises(IntegrityError):
        User.objects.update(is_active=True)


@pytest.mark.parametrize("times", [1, 2])
def test_a_login_is_made_only_where_it_is_asked_for(few_viewers, anonymous, times):
    for _ in range(times):
        output = load_demo(login=True)
    assert f"{demo.DEMO_EMAIL} / {demo.DEMO_PASSWORD}" in output
    answer = anonymous.post("/api/v1/auth/login/", {"email": demo.DEMO_EMAIL, "password": demo.DEMO_PASSWORD})
    assert answer.status_code == 200
    user = User.objects.get(kind=User.Kind.PERSON)
    assert set(Favorite.objects.of(user).values_list("movie__title", flat=True)) == {
        "The Matrix",
        "Blade Runner",
        "Alien",
        "2001: A Space Odyssey",
    }


def test_a_person_who_was_here_before_is_left_alone(few_viewers):
    person = UserFactory()
    demo_catalogue_load()
    assert demo.demo_community_load() == 12
    assert not Rating.objects.of(person).exists()


def test_the_simulated_community_likes_what_goes_together():
    """Who likes The Shining and Psycho is told of horror and thrillers, as with people."""
    demo_catalogue_load()
    demo.demo_community_load()
    train(names=["knn"])
    user = UserFactory()
    for tmdb_id in (694, 539):
        FavoriteFactory(user=user, movie=Movie.objects.get(tmdb_id=tmdb_id))
    told = recommend_for(user, Wish(algorithm="knn"), Cut(per_page=10)).items
    dark = [
        item for item in told if {"Horror", "Thriller", "Mystery"} & {genre["name"] for genre in item.movie["genres"]}
    ]
    assert len(dark) >= 6
