"""Lists and figures of a task, against numbers computed by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import NO_OPINION
from apps.recommendations.engines.popular import Popular
from benchmarks.recsys.baselines import Random
from benchmarks.recsys.judging import beyond_accuracy, estimate, per_user, popularity_bias, ranked_lists
from benchmarks.recsys.protocols import Task
from tests.recommendations.synthetic import dataset_of

# Films by likes: 0 has three, 1 and 2 two, 3 one, 4 none.
LIKES = [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 0, 1, 1, 0]]
TRUTH = [[0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]


@pytest.fixture
def task():
    dataset = dataset_of(LIKES)
    return Task(dataset, dataset.profiles, csr_matrix(np.float32(TRUTH)), np.arange(3), ("ndcg@2", "map@2"))


@pytest.fixture
def popular(task):
    return Popular().fit(task.dataset)


def test_all_films_that_a_user_has_not_seen_are_ranked(task, popular):
    assert ranked_lists(popular, task, 4).tolist() == [[2, 3, 4, -1], [3, 4, -1, -1], [1, 4, -1, -1]]


def test_of_candidates_these_alone_are_ranked_seen_or_not(task, popular):
    task = replace(task, candidates=np.array([[3, 0, -1], [4, 3, 1], [-1, -1, 2]]))
    assert ranked_lists(popular, task, 3).tolist() == [[0, 3, -1], [1, 3, 4], [2, -1, -1]]


def test_a_held_out_film_stands_behind_its_equals(task, popular):
    task = replace(task, candidates=np.array([[2, 1], [1, 2], [2, 1]]))
    assert ranked_lists(popular, task, 2).tolist() == [[2, 1], [1, 2], [2, 1]]


def test_what_an_engine_has_no_opinion_on_is_not_listed(task):
    class Silent(Popular):
        def score(self, profiles):
            scores = super().score(profiles)
            scores[:, 3] = NO_OPINION
            return scores

    silent = Silent().fit(task.dataset)
    assert ranked_lists(silent, task, 2).tolist() == [[2, 4], [4, -1], [1, 4]]
    task = replace(task, candidates=np.array([[3, 4]] * 3))
    assert ranked_lists(silent, task, 2).tolist() == [[4, -1]] * 3


def test_figures_are_those_computed_by_hand(task):
    ranked = np.array([[4, 2], [3, 4], [1, 4]])  # a hit in second place for each of the two who have any
    names = ("ndcg@2", "map@2", "recall@1", "recall@2", "recall_of_all@2", "precision@2", "hit_rate@2", "mrr@2")
    found = {name: value.tolist() for name, value in per_user(ranked, task.truth, names).items()}
    second = 1 / np.log2(3)
    assert found == {
        "ndcg@2": [pytest.approx(second / (1 + second)), pytest.approx(second)],
        "map@2": [0.25, 0.5],
        "recall@1": [0, 0],
        "recall@2": [0.5, 1],
        "recall_of_all@2": [0.5, 1],
        "precision@2": [0.5, 0.5],
        "hit_rate@2": [1, 1],
        "mrr@2": [0.5, 0.5],
    }


def test_what_is_shown_is_judged_beyond_accuracy(task):
    shown = np.array([[0, 3], [0, 3], [0, -1]])  # film 0 thrice, film 3 twice
    found = beyond_accuracy(shown, task)
    assert found["coverage"] == pytest.approx(2 / 5)
    assert found["popularity"] == pytest.approx((3 * 1 + 2 / 3) / 5)
    assert found["novelty"] == pytest.approx(2 * np.log2(3) / 5)
    assert found["gini"] == pytest.approx((4 * 3 + 2 * 2) / (5 * 5))


def test_popularity_bias_compares_what_is_shown_with_what_people_have():
    histories = csr_matrix(np.float32([[1, 0, 1], [0, 1, 0], [0, 0, 0]]))
    likes = np.array([6, 3, 0])
    shown = np.array([[0, 1], [0, -1], [-1, -1]])  # means 4.5 and 6, beside 3 and 3
    assert popularity_bias(shown, histories, likes) == pytest.approx(5.25 / 3)


def test_a_mean_comes_with_its_error_and_an_interval_around_it():
    values = np.random.default_rng(0).normal(0.5, 0.2, 2000)
    found = estimate(values)
    assert found.mean == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(2000))
    assert found.low == pytest.approx(found.mean - 1.96 * found.error, abs=5e-4)
    assert found.high == pytest.approx(found.mean + 1.96 * found.error, abs=5e-4)


def test_chance_draws_for_each_profile_and_alike_in_any_batch(task):
    lots = Random(random_state=1).fit(task.dataset)
    scores = lots.score(task.profiles)
    assert len(np.unique(scores)) == scores.size
    np.testing.assert_array_equal(scores[[2]], lots.score(task.profiles.take(np.array([2]))))
    assert (scores != Random(random_state=2).fit(task.dataset).score(task.profiles)).all()
