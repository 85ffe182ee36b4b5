from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone

from apps.authentication.models import User
from apps.authentication.services import user_erase
from apps.favorites.models import Favorite
from apps.movies.models import Movie
from apps.recommendations.dataset import training_data
from apps.recommendations.engines.contract import Engine, Tier
from apps.recommendations.evaluation import figure_to_compare_by, time_split
from apps.recommendations.passed_over import FROM_THE_TOP, MIN_PEOPLE, pairs_since, told_apart
from apps.recommendations.registry import build
from apps.recommendations.training import train
from tests.conftest import signed_in
from tests.factories import UserFactory
from tests.recommendations.shown import show

N_USERS, N_CAMPS, FILMS_A_CAMP, LIKES_EACH = 40, 2, 20, 6
BEGINNING = timezone.now() - timedelta(days=100)
QUICK = ["knn", "co_favorited"]


@pytest.fixture
def camps(db):
    """The films of two camps, and people who like films of their own alone: a few long ago, and some of late."""
    titles = [Movie(tmdb_id=n + 1, title=f"Film {n}", language="en") for n in range(N_CAMPS * FILMS_A_CAMP)]
    for film in titles:
        film.set_search_text()
    films = Movie.objects.bulk_create(titles)
    people = User.objects.bulk_create(
        User(kind=User.Kind.SIMULATED, alias=f"u:{n}", is_active=False, password="!") for n in range(N_USERS)
    )
    dice, likes = np.random.default_rng(1), []
    for number, person in enumerate(people):
        own = films[number % N_CAMPS :: N_CAMPS]
        days = [*range(LIKES_EACH - 2), 90, 91]
        for day, place in zip(days, dice.choice(FILMS_A_CAMP, size=LIKES_EACH, replace=False), strict=True):
            at = BEGINNING + timedelta(days=day, seconds=number)
            likes.append(Favorite(user=person, movie=own[place], created_at=at, updated_at=at))
    Favorite.objects.bulk_create(likes)
    return films


def people():
    return list(User.objects.order_by("pk"))


def show_to(person, number, films, **done):
    """Two films of either camp, by turns, that the person had not liked; those of their own camp were opened."""
    liked = set(Favorite.objects.filter(user=person).values_list("movie_id", flat=True))
    own, other = (
        [film for film in films[(number + camp) % N_CAMPS :: N_CAMPS] if film.pk not in liked] for camp in (0, 1)
    )
    return show([own[0], other[0], other[1], own[1]], user=person, **({"opened": [0, 3]} | done))


def show_all(films, **done):
    return [show_to(person, number, films, **done) for number, person in enumerate(people())]


def pairs_now():
    data = training_data()
    split = time_split(data.dataset)
    return split, pairs_since(split, data.user_ids)


class Reversed(Engine):
    """Another engine's order, the wrong way round."""

    name, tier, description, arrays = "reversed", Tier.BASIC, "", ()

    def __init__(self, engine):
        self.engine = engine

    def fit(self, dataset):
        self.engine.fit(dataset)
        return self

    def score(self, profiles):
        return -self.engine.score(profiles)


def test_films_that_share_what_an_engine_knows_are_told_apart_and_by_the_reverse_they_are_not(camps):
    show_all(camps)
    split, pairs = pairs_now()
    shares = {}
    for engine in (build("knn"), Reversed(build("knn"))):
        shares[engine.name] = told_apart(engine.fit(split.train), split, pairs)
    assert shares["knn"].shape == (N_USERS,)
    assert shares["knn"].mean() > 0.9
    assert shares["reversed"].mean() < 0.1


def test_who_has_no_opinion_tells_half_of_them_apart(camps):
    show_all(camps)
    split, pairs = pairs_now()
    engine = build("content_based").fit(split.train)  # of films of which nothing is told
    assert told_apart(engine, split, pairs).tolist() == pytest.approx([0.5] * N_USERS)


def test_each_list_of_a_person_weighs_the_same_and_each_person_too(camps):
    first, second, *_ = people()
    show_to(first, 0, camps)
    show_to(first, 0, camps, opened=[0, 1, 2])
    show_to(second, 1, camps)
    _, pairs = pairs_now()
    assert np.bincount(pairs.person, weights=pairs.weight).tolist() == pytest.approx([1, 1])
    assert sorted(pairs.weight[pairs.person == 0].tolist()) == pytest.approx([1 / 8] * 4 + [1 / 6] * 3)


@pytest.mark.parametrize(
    "told",
    [
        {"opened": []},
        {"opened": [], "dismissed": [0, 1]},
        {"opened": [0, 1, 2, 3]},
        {"shown": 1},
        {"days_ago": 50},
    ],
    ids=["nothing opened", "only dismissed", "nothing passed over", "one film", "before the cut"],
)
def test_a_list_says_nothing_where(camps, told):
    show_to(people()[0], 0, camps, **told)
    _, pairs = pairs_now()
    assert (len(pairs.rows), len(pairs.person)) == (0, 0)


def test_nobodys_lists_do_not_count(camps):
    show(camps[:4], opened=[0])
    _, pairs = pairs_now()
    assert len(pairs.rows) == 0


@pytest.mark.parametrize("kind", ["liked", "watched"])
def test_a_film_is_taken_up_by_a_like_or_a_viewing_too(camps, kind):
    show_to(people()[0], 0, camps, **{"opened": [], kind: [1]})
    _, pairs = pairs_now()
    assert len(pairs.person) == 3


def test_what_was_not_shown_of_a_list_or_stands_far_below_its_top_was_not_passed_over(camps):
    show(camps, user=people()[0], opened=[0], shown=3)
    show(camps, user=people()[1], opened=[0])
    _, pairs = pairs_now()
    assert np.bincount(pairs.person).tolist() == [2, FROM_THE_TOP - 1]


def test_who_had_liked_nothing_before_the_cut_is_not_asked_for(camps):
    newcomer = User.objects.create(kind=User.Kind.SIMULATED, alias="newcomer", is_active=False, password="!")
    at = BEGINNING + timedelta(days=92)
    Favorite.objects.create(user=newcomer, movie=camps[0], created_at=at, updated_at=at)
    show(camps[1:5], user=newcomer, opened=[0])
    _, pairs = pairs_now()
    assert len(pairs.rows) == 0


def test_the_lists_of_an_erased_user_do_not_count(camps):
    show_all(camps)
    with transaction.atomic():
        user_erase(people()[0])
    _, pairs = pairs_now()
    assert len(pairs.rows) == N_USERS - 1


@pytest.mark.parametrize("rounds", [1, 3])
def test_pairs_cost_two_queries_however_many_lists(camps, django_assert_num_queries, rounds):
    for _ in range(rounds):
        show_all(camps)
    data = training_data()
    split = time_split(data.dataset)
    with django_assert_num_queries(2):
        assert len(pairs_since(split, data.user_ids).person) == rounds * 4 * N_USERS


def test_a_trial_tells_the_figure_for_every_engine_and_the_card_of_how_many(camps):
    show_all(camps)
    version = train(names=QUICK).version
    told = {name: figures["told_apart"] for name, figures in version.metrics.items()}
    assert told["knn"] > 0.9 > told["popular"]
    assert version.card["split"]["shown"] == N_USERS
    assert {each["name"]: each["told_apart"] for each in version.card["figures"]} == told | {"random": None}


def test_staff_see_the_figure_in_the_api_and_in_the_admin(camps, client):
    show_all(camps)
    version = train(names=QUICK).version
    version.refresh_from_db()
    staff = UserFactory(is_staff=True, is_superuser=True)
    told = signed_in(staff).get(f"/api/v1/recommendations/models/{version.name}/").json()["data"]
    assert told["card"] == version.card
    assert told["best"]["told_apart"] == version.metrics[told["best"]["name"]]["told_apart"]
    client.force_login(staff)
    page = client.get(f"/admin/recommendations/modelversion/{version.pk}/card/").content.decode()
    assert f"{version.card['verdict']['difference']:.4f} of opened and passed over told apart" in page
    assert f"{N_USERS} users, of whose lists" in page


def test_of_fewer_people_there_is_no_figure_however_many_their_lists(camps):
    for number, person in enumerate(people()[: MIN_PEOPLE - 1]):
        for _ in range(2):
            show_to(person, number, camps)
    version = train(names=QUICK).version
    assert {figures["told_apart"] for figures in version.metrics.values()} == {None}
    assert version.card["split"]["shown"] == 0


@pytest.mark.parametrize(
    ("other", "figure"), [({"told_apart": 0.5}, "told_apart"), ({"told_apart": None}, "ndcg"), ({}, "ndcg")]
)
def test_engines_are_compared_by_what_each_of_them_has(other, figure):
    metrics = {"knn": {"ndcg": 0.1, "told_apart": 0.6}, "popular": {"ndcg": 0.2} | other}
    assert figure_to_compare_by(metrics, metrics) == figure
