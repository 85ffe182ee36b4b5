import numpy as np
import pytest

from apps.recommendations.engines.contract import NO_OPINION
from apps.recommendations.registry import build
from tests.recommendations.synthetic import dataset_of, profiles_of, taste_world


@pytest.fixture
def dataset():
    return taste_world()[0]


def factorization(**params):
    return build("matrix_factorization", **{"n_factors": 6, **params})


def loss(engine, likes, users):
    """The loss of the docstring, written out over dense float64 arrays."""
    users, items = users.astype(np.float64), engine.item_factors.astype(np.float64)
    scores, observed = users @ items.T, likes > 0

    def ridge(factors, n_observed, n_others):
        strength = (n_observed + engine.unobserved_weight * n_others) ** engine.exponent
        return engine.regularization * (strength * (factors**2).sum(axis=1)).sum()

    return (
        (likes * (1 - scores) ** 2)[observed].sum()
        + engine.unobserved_weight * (scores**2).sum()
        + ridge(users, observed.sum(axis=1), likes.shape[1])
        + ridge(items, observed.sum(axis=0), likes.shape[0])
    )


def test_folding_in_finds_the_least_loss(dataset):
    """Every step away from the solution costs something."""
    engine = factorization(exponent=0.8).fit(dataset)
    likes = dataset.profiles.likes.toarray().astype(np.float64)
    users = engine.fold_in(dataset.profiles.likes)
    rng = np.random.default_rng(0)
    best = loss(engine, likes, users)
    assert all(loss(engine, likes, users + 0.01 * rng.standard_normal(users.shape)) > best for _ in range(20))


def test_every_sweep_lowers_the_loss(dataset):
    likes = dataset.profiles.likes.toarray().astype(np.float64)
    losses = []
    for n_sweeps in range(1, 6):
        engine = factorization(n_sweeps=n_sweeps).fit(dataset)
        losses.append(loss(engine, likes, engine.fold_in(dataset.profiles.likes)))
    assert losses == sorted(losses, reverse=True)


def test_contributions_sum_to_the_score(dataset):
    engine = factorization().fit(dataset)
    one = dataset.profiles.take(np.array([7]))
    scores = engine.score(one)[0]
    items = np.flatnonzero(scores > NO_OPINION)
    np.testing.assert_allclose(engine.contributions(one, items).sum(axis=1), scores[items], rtol=1e-4, atol=1e-6)


def test_reasons_are_the_largest_contributions(dataset):
    engine = factorization().fit(dataset)
    one = dataset.profiles.take(np.array([7]))
    unseen = np.setdiff1d(np.arange(40), one.interactions.indices)
    added = engine.contributions(one, unseen)
    for row, reasons in enumerate(engine.reasons(one, unseen, limit=2)):
        largest = np.sort(added[row][added[row] > 0])[::-1][:2]
        np.testing.assert_allclose([reason.weight for reason in reasons], largest)


def test_dislikes_are_not_folded_in(dataset):
    engine = factorization().fit(dataset)
    likes = np.eye(40)[:1]
    np.testing.assert_array_equal(
        engine.score(profiles_of(likes)), engine.score(profiles_of(likes - 0.5 * np.eye(40)[1:2]))
    )


def test_a_surer_like_pulls_harder(dataset):
    engine = factorization().fit(dataset)
    faint, sure = engine.score(profiles_of([[0.3] + [0] * 39, [1] + [0] * 39]))
    assert sure[0] > faint[0]


def test_a_film_nobody_likes_gets_no_opinion():
    engine = factorization().fit(dataset_of([[1, 1, 0], [1, 1, -1]]))
    assert np.isfinite(engine.score(profiles_of([[1, 0, 0]]))[0]).tolist() == [True, True, False]


def test_another_seed_gives_other_factors(dataset):
    one, other = factorization(random_state=1).fit(dataset), factorization(random_state=2).fit(dataset)
    assert not np.allclose(one.item_factors, other.item_factors)
