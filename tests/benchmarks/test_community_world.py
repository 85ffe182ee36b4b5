"""The simulated community clicks by its taste and by what it watched last, not by fame; and the product hears of it."""

from copy import deepcopy

import numpy as np
import pytest

from apps.favorites.models import Favorite, HiddenMovie, ViewingHistory
from apps.recommendations import serving
from apps.recommendations.models import Feedback, ModelVersion
from benchmarks.community import product
from benchmarks.community.report import ALL_KNOWING, CHANCE, estimate
from benchmarks.community.run import refer
from benchmarks.community.world import (
    FIRST_LISTS,
    N_GENRES,
    N_MOODS,
    NONE,
    TURNS_AFTER,
    Clicks,
    World,
    first_history,
)


@pytest.fixture
def world():
    return World(7, n_viewers=60)


def films_of(world, user, *, mood):
    """Films of this mood that begin a series or stand alone, and that have nothing else in them."""
    films = world.films
    alone = (films.part_before == NONE) & (films.second_mood == NONE)
    return np.flatnonzero((films.mood == mood) & alone).tolist()


def watch(world, user, film, dice):
    """Show it until they open it."""
    while film not in world.viewers[user].watched:
        world.clicks(user, [film], dice)


def test_one_seed_is_one_community_with_one_history():
    histories = [first_history(World(3, n_viewers=20)) for _ in range(2)]
    assert histories[0] == histories[1]
    assert histories[0] != first_history(World(4, n_viewers=20))
    assert {len(lists) for lists in histories[0]} == {FIRST_LISTS}


def test_the_same_dice_bring_the_same_clicks_and_others_do_not():
    seen = [World(3, n_viewers=1).clicks(0, range(100), np.random.default_rng(dice)) for dice in (1, 1, 2)]
    assert seen[0] == seen[1] != seen[2]


def test_films_to_their_taste_are_opened_far_more_than_others(world):
    dice = np.random.default_rng(0)
    share = {True: [], False: []}
    for user in range(len(world.viewers)):
        fits = np.array([world.is_to_taste(user, film) for film in range(len(world.films.mood))])
        for wanted, shares in share.items():
            shown = dice.choice(np.flatnonzero(fits == wanted), size=10, replace=False).tolist()
            shares.append(len(world.clicks(user, shown, dice).opened) / 10)
    assert np.mean(share[True]) > 3 * np.mean(share[False])


def test_who_knows_their_taste_finds_more_than_three_times_what_chance_does():
    rates = {}
    for name in (CHANCE, ALL_KNOWING):
        rounds = refer(World(5, n_viewers=60), name)["rounds"]
        rates[name] = np.mean([one["opened"] for one in rounds])
    assert rates[ALL_KNOWING] > 3 * rates[CHANCE]


def test_the_next_part_draws_those_who_liked_the_one_before_and_puts_off_those_who_have_not_seen_it(world):
    film = int(np.flatnonzero(world.films.part_before != NONE)[0])
    before, mood = int(world.films.part_before[film]), int(world.films.mood[film])
    user = next(user for user, viewer in enumerate(world.viewers) if mood in viewer.taste)
    world.viewers[user].cannot_stand = NONE
    unseen = world.chance(user, film)
    world.viewers[user].watched.add(before)
    watched = world.chance(user, film)
    world.viewers[user].liked.add(before)
    assert unseen < watched < world.chance(user, film)


def test_the_film_watched_last_sets_the_mood_and_a_few_of_one_kind_turn_it(world):
    user = next(user for user, viewer in enumerate(world.viewers) if len(viewer.taste) > 1)
    viewer = world.viewers[user]
    mood = next(mood for mood in viewer.taste if mood != viewer.moment)
    *row, probe = films_of(world, user, mood=mood)[: TURNS_AFTER + 1]
    chances, dice = [world.chance(user, probe)], np.random.default_rng(0)
    for film in row:
        watch(world, user, film, dice)
        chances.append(world.chance(user, probe))
    assert chances[1] > chances[0]
    assert chances[-1] == chances[0]


def test_a_mood_that_somebody_cannot_stand_spoils_a_film_to_their_taste(world):
    films = world.films
    film = int(np.flatnonzero((films.second_mood != NONE) & (films.part_before == NONE))[0])
    user = next(user for user, viewer in enumerate(world.viewers) if films.mood[film] in viewer.taste)
    world.viewers[user].cannot_stand = NONE
    liked = world.chance(user, film)
    world.viewers[user].cannot_stand = int(films.second_mood[film])
    assert world.chance(user, film) < liked / 10


def test_the_first_of_a_list_is_opened_more_than_the_same_film_as_its_tenth(world):
    viewer = world.viewers[0]
    wanted = films_of(world, 0, mood=viewer.moment)[0]
    others = films_of(world, 0, mood=next(mood for mood in range(N_MOODS) if mood not in viewer.taste))[:9]
    lists = {"first": [wanted, *others], "tenth": [*others, wanted]}
    opened = dict.fromkeys(lists, 0)
    for place, shown in lists.items():
        for time in range(500):
            world.viewers[0] = deepcopy(viewer)
            opened[place] += wanted in world.clicks(0, shown, np.random.default_rng(time)).opened
    assert opened["first"] > 1.2 * opened["tenth"]


def test_fame_says_nothing_of_taste_or_worth():
    gaps, duds = [], []
    for seed in range(10):
        world = World(seed, n_viewers=20)
        famous = np.argsort(-world.films.fame)[:100]
        chances = np.array([[world.chance(user, film) for film in range(600)] for user in range(20)]).mean(axis=0)
        gaps.append(chances[famous].mean() / chances.mean() - 1)
        duds.append(world.films.dud[famous].mean() - world.films.dud.mean())
    assert abs(np.mean(gaps)) < 0.1
    assert abs(np.mean(duds)) < 0.05


def test_a_genre_tells_of_a_mood_but_noisily(world):
    genres = np.array([genres[0] for genres in world.films.genres])
    own = genres == world.films.mood % N_GENRES
    assert 0.5 < own.mean() < 0.75


def test_an_interval_over_five_seeds_is_that_of_students_t():
    found = estimate(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert found.mean == 3
    assert found.high - found.mean == pytest.approx(2.776 * np.sqrt(2.5 / 5), abs=1e-3)


def films_kept(shelf):
    """By position, of the first viewer."""
    rows = shelf.objects.filter(user__alias="community:0")
    return {tmdb_id - 1 for tmdb_id in rows.values_list("movie__tmdb_id", flat=True)}


def test_the_product_hears_what_a_list_led_to_and_shows_none_of_it_again(db, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "_loaded", None)
    monkeypatch.setattr(serving, "_refused", None)
    settings.ARTIFACT_ROOT = tmp_path
    world = World(7, n_films=80, n_viewers=8)
    product.found(world.films, first_history(world))
    product.learn(("popular", "co_favorited"))
    shop = product.Product({"algorithm": "popular"})
    before = {shelf: films_kept(shelf) for shelf in (ViewingHistory, Favorite, HiddenMovie)}
    assert before[ViewingHistory] == world.viewers[0].watched

    shown = shop.show(0)
    one, other, third, *_ = shown.films
    shop.hear(0, shown, Clicks(opened=[one, other], liked=[one], dismissed=[third]))

    heard = {shelf: films_kept(shelf) - kept for shelf, kept in before.items()}
    assert heard == {Favorite: {one}, ViewingHistory: {other}, HiddenMovie: {third}}
    assert Feedback.objects.filter(list_id=shown.list_id).count() == 5
    assert {one, other, third}.isdisjoint(shop.show(0).films)


def test_a_model_that_the_gate_rejected_can_be_let_through(db, settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    world = World(7, n_films=80, n_viewers=8)
    product.found(world.films, first_history(world))
    product.learn(("popular",))
    ModelVersion.objects.update(status=ModelVersion.Status.REJECTED)
    product.let_through()
    assert ModelVersion.objects.active() is not None
