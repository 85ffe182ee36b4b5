import numpy as np
import pytest

from apps.recommendations.engines.contract import Profiles
from apps.recommendations.engines.stars import Stars
from apps.recommendations.registry import build
from tests.recommendations.synthetic import dataset_of, profiles_of

QUICK = {"n_factors": 2, "n_sweeps": 40, "n_samples": 8, "random_state": 0}


def rated(stars, like=7):
    """Profiles of these stars out of ten, 0 where there are none; from ``like`` stars on a film is liked."""
    stars = np.asarray(stars, dtype=np.float32)
    cells = np.where(stars >= like, 1, -1) * (stars > 0)
    return profiles_of(cells, ratings=stars[stars > 0])


def tempers(n_users=40, n_items=30, seed=0):
    """Stars (n_users, n_items) by temper, quality and taste, and which of them are shown."""
    rng = np.random.default_rng(seed)
    taste = rng.standard_normal((n_users, 2)) @ rng.standard_normal((2, n_items))
    stars = 6 + rng.standard_normal((n_users, 1)) + rng.standard_normal(n_items) + taste
    return np.clip(stars, 1, 10).astype(np.float32), rng.random((n_users, n_items)) < 0.7


@pytest.fixture(scope="module")
def world():
    return tempers()


@pytest.fixture(scope="module")
def learned(world):
    stars, shown = world
    return Stars.learn(rated(stars * shown), **QUICK)


def error(predicted, stars, cells):
    return np.sqrt(np.mean(np.square(predicted - stars)[cells]))


def test_foresees_stars_better_than_temper_and_quality_do(world, learned):
    stars, shown = world
    seen = np.where(shown, stars, np.nan)
    by_bias = np.nanmean(seen, axis=1)[:, None] + np.nanmean(seen, axis=0) - np.nanmean(seen)
    predicted = learned.predict(rated(stars * shown), np.arange(30))
    assert error(predicted, stars, ~shown) < 0.7 * error(by_bias, stars, ~shown)


def test_somebody_who_was_not_there_is_folded_in(world):
    stars, shown = world
    learned = Stars.learn(rated((stars * shown)[:35]), **QUICK)
    predicted = learned.predict(rated((stars * shown)[35:]), np.arange(30))
    assert error(predicted, stars[35:], ~shown[35:]) < 0.7 * stars[35:][~shown[35:]].std()


def test_a_batch_agrees_with_single_profiles(world, learned):
    profiles, items = rated(world[0] * world[1]), np.array([3, 1, 4])
    singles = [learned.predict(profiles.take(np.array([row])), items)[0] for row in range(40)]
    np.testing.assert_allclose(learned.predict(profiles, items), singles, rtol=1e-5)


def test_the_same_seed_gives_the_same_samples(world, learned):
    again = Stars.learn(rated(world[0] * world[1]), **QUICK)
    np.testing.assert_array_equal(again.items, learned.items)
    np.testing.assert_array_equal(again.ridges, learned.ridges)


def test_stars_stay_on_the_scale_that_was_seen(world, learned):
    enthusiast = rated(np.full((1, 30), 10.0))
    predicted = learned.predict(enthusiast, np.arange(30))
    shown = world[0][world[1]]
    assert predicted.dtype == np.float32
    assert predicted.min() >= shown.min()
    assert predicted.max() <= shown.max()


def test_whoever_rated_nothing_gets_no_stars(learned):
    likes = profiles_of(np.eye(30)[:2], ratings=[np.nan, 9])
    predicted = learned.predict(likes, np.arange(30))
    assert np.isnan(predicted[0]).all()
    assert np.isfinite(predicted[1]).all()


def test_a_film_nobody_rated_gets_what_this_person_gives():
    stars = np.pad(np.repeat([[9.0, 8, 9], [2, 3, 2]], 6, axis=0), [(0, 0), (0, 1)])
    predicted = Stars.learn(rated(stars), **QUICK).predict(rated(stars), np.array([3]))
    assert predicted[:6].min() > predicted[6:].max()


def test_where_nobody_rated_anything_there_is_nothing_to_predict_from():
    head = Stars.learn(profiles_of(np.eye(4)), **QUICK)
    assert head.items.size == head.centres.size == head.ridges.size == head.scale.size == 0
    assert np.isnan(head.predict(rated([[9, 0, 0, 0]]), np.arange(4))).all()


@pytest.mark.parametrize("stars", [[[8, 0, 0]], [[8, 8, 0], [8, 0, 0]]])
def test_few_and_equal_ratings_are_enough(stars):
    head = Stars.learn(rated(stars), **QUICK)
    np.testing.assert_allclose(head.predict(rated(stars), np.arange(3)), 8)


def test_the_engine_holds_the_head_and_never_ranks_by_it(world):
    profiles = rated(world[0] * world[1])
    dataset = dataset_of(profiles.interactions.toarray(), ratings=profiles.ratings)
    params = {"n_factors": 6, "star_factors": 2, "star_sweeps": 20, "star_samples": 4}
    engine = build("matrix_factorization", **params).fit(dataset)
    alone = build("matrix_factorization", **params, stars=False).fit(dataset)
    stars = engine.predicted_ratings(profiles, np.arange(5))
    assert stars.shape == (40, 5)
    assert np.isfinite(stars).all()
    assert np.isnan(alone.predicted_ratings(profiles, np.arange(5))).all()
    np.testing.assert_array_equal(engine.score(profiles), alone.score(profiles))
    upside_down = Profiles(profiles.interactions, profiles.timestamps, 11 - profiles.ratings, profiles.genres)
    np.testing.assert_array_equal(engine.score(upside_down), engine.score(profiles))


def test_an_engine_read_back_predicts_as_before(world):
    profiles = rated(world[0] * world[1])
    dataset = dataset_of(profiles.interactions.toarray(), ratings=profiles.ratings)
    engine = build("matrix_factorization", n_factors=6, star_sweeps=20, star_samples=4).fit(dataset)
    restored = build("matrix_factorization", **engine.params()).restore(engine.state())
    np.testing.assert_array_equal(
        restored.predicted_ratings(profiles, np.arange(30)), engine.predicted_ratings(profiles, np.arange(30))
    )
