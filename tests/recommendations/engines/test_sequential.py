"""What the sequential engine promises beyond the contract: it reads the order, and nothing but the order."""

from dataclasses import replace

import numpy as np
import pytest

from apps.recommendations.engines.attention import Network, encode, next_item_scores
from apps.recommendations.engines.contract import LEFT_OUT_IN_TURN, NO_OPINION
from apps.recommendations.engines.histories import histories
from apps.recommendations.engines.sequential import Sequential
from tests.recommendations.synthetic import DAY, dataset_of, profiles_of, taste_world

BOTH = ("attention", "markov")
EVERY = pytest.mark.parametrize("members", [("attention",), ("markov",), BOTH], ids="+".join)
HERE = np.arange(20)


def small(members=BOTH, **params):
    return Sequential(members=members, **{"n_factors": 8, "hidden_width": 8, "n_blocks": 1, "length": 16, **params})


def walks(n_users=40, n_items=20, steps=10, seed=0):
    """Everybody walks the circle of films from somewhere, one film a day."""
    rng = np.random.default_rng(seed)
    cells, days = np.zeros((2, n_users, n_items))
    for row, start in enumerate(rng.integers(0, n_items, n_users)):
        films = (start + np.arange(steps)) % n_items
        cells[row, films] = 1
        days[row, films] = 1 + np.arange(steps)
    return dataset_of(cells, timestamps=DAY * days[cells > 0])


def walked(films, n_items=20):
    """The profile of somebody who liked these, a film a day."""
    cells, days = np.zeros((2, 1, n_items))
    cells[0, films] = 1
    days[0, films] = 1 + np.arange(len(films))
    return profiles_of(cells, timestamps=DAY * days[cells > 0])


def at(profiles, timestamps):
    return replace(profiles, timestamps=np.asarray(timestamps, dtype=np.float64))


@EVERY
def test_recommends_what_comes_next_in_the_order(members):
    engine = small(members, n_epochs=300).fit(walks())
    next_films = [engine.rank(walked([start, start + 1, start + 2]), k=1)[0][0, 0] for start in range(12)]
    assert next_films == [start + 3 for start in range(12)]


@EVERY
def test_reversed_time_changes_the_scores(members):
    engine = small(members).fit(walks())
    there = walked([3, 4, 5, 6])
    back = at(there, -there.timestamps)
    assert not np.allclose(engine.score(there), engine.score(back), rtol=1e-3)


@EVERY
def test_only_the_order_of_timestamps_is_read(members):
    engine = small(members).fit(walks())
    there = walked([3, 4, 5, 6])
    np.testing.assert_array_equal(engine.score(there), engine.score(at(there, there.timestamps**2)))


@EVERY
def test_confidence_and_dislikes_are_not_read(members):
    engine = small(members).fit(walks())
    likes, mixed = np.zeros((2, 1, 20))
    likes[0, [3, 4, 5]] = 1
    mixed[0, [3, 4, 5, 9]] = 0.3, 1.5, 1, -1
    np.testing.assert_array_equal(engine.score(profiles_of(likes)), engine.score(profiles_of(mixed)))


@EVERY
def test_likes_of_one_moment_have_no_order(members):
    """What is newest then weighs no more than the rest: any moment, and any of the likes, counts the same."""
    world = walks()
    engine = small(members).fit(replace(world, profiles=at(world.profiles, np.zeros_like(world.profiles.timestamps))))
    there = walked([3, 4, 5, 6])
    at_once, later = at(there, np.zeros(4)), at(there, np.full(4, DAY))
    np.testing.assert_array_equal(engine.score(at_once), engine.score(later))
    assert not np.allclose(engine.score(at_once), engine.score(there), rtol=1e-3)


@EVERY
def test_a_film_that_nobody_liked_is_passed_over_in_a_history(members):
    world = walks()
    padded = np.pad(world.profiles.interactions.toarray(), [(0, 0), (1, 0)])
    engine = small(members).fit(dataset_of(padded, timestamps=world.profiles.timestamps))
    cells = np.zeros((1, 21))
    cells[0, [3, 4, 5]] = 1
    without = profiles_of(cells)
    cells[0, 0] = 1
    unknown = profiles_of(cells, timestamps=[9 * DAY, 0, DAY, 2 * DAY])
    np.testing.assert_array_equal(engine.score(unknown), engine.score(without))
    expected = np.pad(engine.contributions(without, HERE), [(0, 0), (1, 0)])
    np.testing.assert_array_equal(engine.contributions(unknown, HERE), expected)


def test_markov_takes_the_average_over_all_orders_where_there_is_none():
    world = walks()
    engine = small(("markov",)).fit(world)
    there = walked([3, 4, 5])
    orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]]
    scores = np.array([engine.score(at(there, order))[0] for order in orders])
    mean = np.where(scores == NO_OPINION, 0, scores).mean(axis=0)
    none = engine.score(at(there, np.zeros(3)))[0]
    np.testing.assert_allclose(np.where(none == NO_OPINION, 0, none), mean, rtol=1e-5)


def test_pairs_without_an_order_count_both_ways():
    once = dataset_of([[1, 1, 0]] * 3, timestamps=np.zeros(6))
    chain = small(("markov",)).fit(once).chain.toarray()
    np.testing.assert_allclose(chain, chain.T)
    assert chain[0, 1] > 0


def test_markov_sums_what_the_chain_holds_by_age():
    engine = small(("markov",), memory=2).fit(walks())
    chain = engine.chain.toarray()
    expected = chain[6] + chain[5] / 2  # 4, the third newest, is forgotten
    expected[expected == 0] = NO_OPINION
    np.testing.assert_allclose(engine.score(walked([4, 5, 6]))[0], expected, rtol=1e-5)


def test_transitions_are_damped_counts():
    three = dataset_of([[1, 1, 0], [1, 1, 1]], timestamps=[1, 2, 1, 2, 3])
    damping = {"gap_exponent": 1.0, "count_exponent": 0.5, "source_exponent": 0.5, "target_exponent": 1.0}
    chain = small(("markov",), **damping).fit(three).chain.toarray()
    expected = [[0, np.sqrt(2 / 2) / 2, np.sqrt(0.5 / 2)], [0, 0, np.sqrt(1 / 2)], [0, 0, 0]]
    np.testing.assert_allclose(chain, expected, rtol=1e-6)


@EVERY
def test_likes_older_than_the_newest_few_are_not_read(members):
    engine = small(members, length=16, memory=16).fit(walks(steps=20))
    long, other = walked(np.arange(20)), walked([2, 0, 3, 1, *range(4, 20)])
    np.testing.assert_allclose(engine.score(long), engine.score(other), rtol=1e-5, atol=1e-6)


@EVERY
def test_a_contribution_is_what_the_score_loses_without_the_film(members):
    engine = small(members).fit(walks())
    there = walked([3, 4, 9, 6])
    lost = engine.contributions(there, HERE)
    assert lost.shape == (20, 4)
    if members != BOTH:  # no mean and no deviation to hold
        score = engine.score(there)[0]
        for column in range(4):
            rest = engine.score(there.only(np.arange(4) != column))[0]
            score, rest = np.where(score == NO_OPINION, 0, score), np.where(rest == NO_OPINION, 0, rest)
            np.testing.assert_allclose(lost[:, column], score - rest, rtol=1e-3, atol=1e-5)


def test_contributions_of_both_are_the_weighted_ones_of_each_with_deviations_held():
    both = small(attention_weight=0.3).fit(walks())
    there = walked([3, 4, 9, 6])
    expected = np.zeros((20, 4))
    for member, weight in [("attention", 0.3), ("markov", 0.7)]:
        alone = small((member,)).restore(both.state())
        raw = alone.score(there)[0]
        expected += weight * alone.contributions(there, HERE) / np.where(raw == NO_OPINION, 0, raw).std()
    np.testing.assert_allclose(both.contributions(there, HERE), expected, rtol=1e-3, atol=1e-4)


def test_only_the_newest_likes_are_left_out_in_turn():
    engine = small(("markov",)).fit(walks(steps=16))
    lost = engine.contributions(walked(np.arange(16)), HERE)
    assert not lost[:, :-LEFT_OUT_IN_TURN].any()
    assert lost[:, -LEFT_OUT_IN_TURN:].any(axis=0).all()


def test_members_alone_and_together_come_of_one_fit():
    both = small(attention_weight=0.25).fit(walks())
    there = walked([3, 4, 5])
    mixed = np.zeros(20)
    for member, weight in [("attention", 0.25), ("markov", 0.75)]:
        raw = small((member,)).restore(both.state()).score(there)[0]
        raw = np.where(raw == NO_OPINION, 0, raw)
        mixed += weight * (raw - raw.mean()) / raw.std()
    np.testing.assert_allclose(both.score(there)[0], mixed, rtol=1e-3, atol=1e-4)


def test_markov_alone_leaves_no_network_and_attention_alone_no_chain():
    assert small(("markov",)).fit(walks()).item_vectors.shape == (20, 0)
    assert small(("attention",)).fit(walks()).chain.nnz == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": ()},
        {"members": ("markov", "markov")},
        {"members": ("popular",)},
        {"attention_weight": 1.5},
        {"dropout": 1.0},
        {"n_heads": 3},
        {"n_epochs": 0},
        {"window": 0},
        {"length": 0},
    ],
    ids=str,
)
def test_a_parameter_out_of_its_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        small(**wrong).fit(walks())


def test_progress_is_told_of_every_step():
    told = []
    engine = small(n_epochs=5)
    engine.progress = lambda done, total: told.append((done, total))
    engine.fit(walks())
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


def test_histories_are_the_likes_by_time_and_ties_by_position():
    profiles = profiles_of([[1, 1, -1, 1], [0, 0, 0, 0], [1, 0, 1, 0]], timestamps=[9, 5, 1, 5, 7, 7])
    past = histories(profiles)
    assert [past.of(row).tolist() for row in range(3)] == [[1, 3, 0], [], [0, 2]]
    assert past.ordered.tolist() == [True, False, False]
    assert past.ages.tolist() == [2, 1, 0, 1, 0]
    assert past.places.tolist() == [1, 2, 0, 3, 4]
    assert past.lengths.tolist() == [3, 0, 2]


def test_numpy_serves_what_jax_learned():
    learner = pytest.importorskip("apps.recommendations.engines.training.attention", reason="JAX is not installed")
    network = Network(n_factors=12, n_blocks=2, n_heads=3, hidden_width=20, length=16, dropout=0.2)
    rng = np.random.default_rng(0)
    first = learner.first_weights(histories_chain(), network, rng)
    weights = {name: array + rng.normal(0, 0.3, array.shape).astype(np.float32) for name, array in first.items()}
    items = rng.integers(0, 40, (3, 16))
    owners = np.zeros((3, 16), dtype=np.int32)
    lengths = [16, 9, 1]
    states = np.asarray(learner.encode(weights, items, owners, network))
    expected = np.array([states[row, length - 1] for row, length in enumerate(lengths)])
    recent = [items[row, :length] for row, length in enumerate(lengths)]
    np.testing.assert_allclose(encode(weights, recent), expected, rtol=1e-3, atol=1e-4)
    logits = expected @ weights["item_vectors"].T + weights["item_biases"]
    np.testing.assert_allclose(next_item_scores(weights, recent), logits, rtol=1e-3, atol=1e-3)


def histories_chain():
    """How often films follow each other in a world of forty."""
    return small(("markov",)).fit(taste_world()[0]).chain


def test_a_row_of_several_histories_keeps_them_apart():
    learner = pytest.importorskip("apps.recommendations.engines.training.attention", reason="JAX is not installed")
    dataset, _ = taste_world()
    past = histories(dataset.profiles)
    items, targets, owners = learner.packed(past, 16, np.random.default_rng(0))
    real = owners >= 0
    assert real.sum() == (past.lengths - 1).sum()
    for row, item, target in zip(owners[real], items[real], targets[real], strict=True):
        history = past.of(int(row)).tolist()
        assert history.index(int(target)) == history.index(int(item)) + 1
