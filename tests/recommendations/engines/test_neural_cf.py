import importlib.util

import numpy as np
import pytest

from apps.recommendations.engines.contract import NO_OPINION
from apps.recommendations.engines.neural_cf import NeuralCF
from tests.recommendations.synthetic import HELD_BACK, dataset_of, profiles_of, taste_world, two_camps

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: nothing learns")

FROM_NOTHING = {"warm_start": False, "learning_rate": 0.02, "vector_pace": 1.0}


@pytest.fixture(scope="module")
def world():
    return taste_world()[0]


@pytest.fixture(scope="module")
def engine(world):
    return NeuralCF().fit(world)


@pytest.fixture(scope="module")
def from_nothing():
    return NeuralCF(**FROM_NOTHING).fit(two_camps())


def learner():
    from apps.recommendations.engines.training import neural_cf

    return neural_cf


def plan(**changes):
    settings = {
        "n_factors": 5,
        "n_hidden": 6,
        "n_epochs": 1,
        "learning_rate": 0.01,
        "vector_pace": 1.0,
        "popularity_discount": 0.5,
        "batch_size": 16,
        "n_candidates": 64,
        "mlp_weight": 1.0,
    }
    return learner().Plan(**{**settings, **changes})


@pytest.fixture
def random_weights():
    rng = np.random.default_rng(0)
    begun = learner().beginning(40, plan(), rng, np.zeros((40, 0), np.float32))
    return {name: rng.standard_normal(values.shape, dtype=np.float32) for name, values in begun.items()}


def no_fold_in(rows):
    return np.zeros((rows.shape[0], 1), np.float32)


def serving(weights, *, mlp_weight=1.0):
    """An engine that serves these weights, without a fold-in."""
    engine = NeuralCF(mlp_weight=mlp_weight, warm_start=False)
    engine.anchors, engine.gram = np.zeros((40, 0), np.float32), np.zeros((0, 0), np.float32)
    engine.unliked = np.zeros(0, np.int64)
    engine._keep(weights)
    return engine


@pytest.mark.parametrize("mlp_weight", [0.0, 0.5, 1.0])
def test_numpy_serves_what_jax_learned(random_weights, world, mlp_weight):
    likes = world.profiles.likes
    nothing = np.zeros((60, 1), np.float32)
    expected = learner().logits(random_weights, likes.toarray(), nothing, np.arange(40), mlp_weight)
    served = serving(random_weights, mlp_weight=mlp_weight).score(world.profiles)
    np.testing.assert_allclose(served, expected, rtol=1e-4, atol=1e-4)


def test_the_mlp_has_its_say(random_weights, world):
    with_it, without = (serving(random_weights, mlp_weight=weight).score(world.profiles) for weight in (1.0, 0.0))
    assert not np.allclose(with_it, without, atol=0.1)


def test_every_weight_moves(world):
    likes, anchors = world.profiles.likes, np.random.default_rng(1).standard_normal((40, 5), dtype=np.float32)
    begun = learner().beginning(40, plan(), np.random.default_rng(0), anchors)
    learned = learner().train(
        likes, plan(), np.random.default_rng(0), anchors=anchors, fold_in=lambda rows: rows @ anchors
    )
    assert learned.keys() == begun.keys()
    assert not any(np.allclose(values, begun[name], atol=1e-4) for name, values in learned.items())


def test_a_warm_start_leaves_the_anchors_where_they_were(engine):
    assert not np.array_equal(engine.item_factors, engine.anchors)
    np.testing.assert_array_equal(engine.gram, engine.anchors.T @ engine.anchors)


def test_learning_lowers_the_loss(world):
    likes, nobody = world.profiles.likes, np.zeros((40, 0), np.float32)
    begun = learner().beginning(40, plan(), np.random.default_rng(0), nobody)
    learned = learner().train(likes, plan(), np.random.default_rng(0), anchors=nobody, fold_in=no_fold_in)
    (batch,) = learner()._batches(likes, np.arange(60), 60, 1, plan(), np.random.default_rng(1), no_fold_in)
    assert learner().loss(learned, batch, 1.0) < 0.9 * learner().loss(begun, batch, 1.0)


def test_from_a_random_start_it_learns_two_camps(from_nothing):
    items, _ = from_nothing.recommend(np.arange(12), two_camps(), k=1)
    assert np.array_equal(items[:, 0] // 6, np.arange(12) // 6)
    assert np.mean(items[:, 0] == HELD_BACK) >= 0.5


def test_from_a_random_start_nothing_is_folded_in(from_nothing):
    assert from_nothing.anchors.shape == (12, 0)
    assert from_nothing.reasons(two_camps().profiles.take(np.array([0])), np.array([0]))[0]


def test_a_batch_agrees_with_single_profiles(engine, world):
    batch = engine.score(world.profiles)
    singles = np.concatenate([engine.score(world.profiles.take(np.array([row]))) for row in range(60)])
    np.testing.assert_allclose(batch, singles, rtol=1e-4, atol=1e-5)


def test_a_film_named_as_a_reason_is_one_without_which_the_score_is_lower(engine, world):
    checked = 0
    for row in range(20):
        one = world.profiles.take(np.array([row]))
        items, scores = engine.rank(one, k=10)
        for item, score, reasons in zip(items[0], scores[0], engine.reasons(one, items[0]), strict=True):
            for reason in reasons:
                without = one.only(one.interactions.indices != reason.refs[0])
                assert score - engine.score(without)[0, item] == pytest.approx(reason.weight, rel=1e-3, abs=1e-5)
                checked += 1
    assert checked > 100


def test_films_that_nobody_liked_in_training_are_no_evidence():
    likes = np.pad(np.ones((6, 3)), [(0, 0), (0, 1)])
    engine = NeuralCF().fit(dataset_of(likes))
    assert engine.can_score(profiles_of([[0, 0, 0, 1], [1, 0, 0, 1]])).tolist() == [False, True]
    both = engine.score(profiles_of([[1, 0, 0, 0], [1, 0, 0, 1]]))
    np.testing.assert_allclose(both[1], both[0], rtol=1e-5)
    assert both[0, 3] == NO_OPINION


def test_progress_is_told_to_the_end(world):
    told, engine = [], NeuralCF()
    engine.progress = lambda done, total: told.append((done, total))
    engine.fit(world)
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_factors", 0),
        ("n_hidden", 1),
        ("n_epochs", 0),
        ("batch_size", 0),
        ("n_candidates", 1),
        ("n_sweeps", 0),
        ("mlp_weight", -1),
        ("popularity_discount", -0.1),
        ("learning_rate", 0),
        ("vector_pace", 0),
        ("unobserved_weight", 0),
        ("regularization", float("nan")),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_fit(world, name, value):
    with pytest.raises(ValueError, match=name):
        NeuralCF(**{name: value}).fit(world)
