import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from apps.recommendations import metrics

# Three users, six items. The first has items 0, 2 and 4 ahead of them, the second only item 5, the third nothing.
RELEVANT = csr_matrix([[1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]])
RANKED = np.array([[0, 1, 2, 3], [4, 3, 5, -1], [0, 1, 2, 3]])
LOG3 = np.log2(3)


def test_ndcg_is_the_gain_over_the_best_possible():
    ideal = 1 + 1 / LOG3 + 1 / 2
    assert metrics.ndcg_at_k(RANKED, RELEVANT, 4) == pytest.approx([1.5 / ideal, 0.5])
    assert metrics.ndcg_at_k(RANKED, RELEVANT, 2) == pytest.approx([1 / (1 + 1 / LOG3), 0])


def test_recall_is_capped_by_what_the_list_can_hold():
    assert metrics.recall_at_k(RANKED, RELEVANT, 2) == pytest.approx([1 / 2, 0])
    assert metrics.recall_at_k(RANKED, RELEVANT, 2, capped=False) == pytest.approx([1 / 3, 0])
    assert metrics.recall_at_k(RANKED, RELEVANT, 4) == pytest.approx([2 / 3, 1])


def test_precision_hit_rate_and_reciprocal_rank():
    assert metrics.precision_at_k(RANKED, RELEVANT, 4) == pytest.approx([2 / 4, 1 / 4])
    assert metrics.hit_rate_at_k(RANKED, RELEVANT, 2).tolist() == [1, 0]
    assert metrics.reciprocal_rank(RANKED, RELEVANT, 4) == pytest.approx([1, 1 / 3])


def test_average_precision_sums_the_precision_at_each_hit():
    assert metrics.average_precision(RANKED, RELEVANT, 4) == pytest.approx([(1 + 2 / 3) / 3, 1 / 3])
    assert metrics.average_precision(RANKED, RELEVANT, 2, capped=True) == pytest.approx([1 / 2, 0])


def test_users_with_nothing_relevant_are_left_out():
    assert len(metrics.ndcg_at_k(RANKED, RELEVANT, 4)) == 2
    assert metrics.ndcg_at_k(np.zeros((0, 4), dtype=np.int64), csr_matrix((0, 6)), 4).tolist() == []


def test_a_cell_that_is_not_above_zero_is_not_relevant():
    assert metrics.hit_rate_at_k(np.array([[0, 1]]), csr_matrix([[-1.0, 0, 0.3]]), 2).tolist() == [0]


@pytest.mark.parametrize("k", [0, 5])
def test_lists_too_short_for_k_are_refused(k):
    with pytest.raises(ValueError, match="these hold 4"):
        metrics.ndcg_at_k(RANKED, RELEVANT, k)


def test_coverage_is_the_share_of_films_shown_to_anybody():
    assert metrics.catalog_coverage(RANKED, 6) == 1
    assert metrics.catalog_coverage(RANKED[:1], 6) == pytest.approx(4 / 6)
    assert metrics.catalog_coverage(np.full((2, 3), -1), 6) == 0


def test_popularity_and_novelty_are_of_the_users_who_have_what_is_shown():
    user_items = csr_matrix([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, -1, 0]])
    ranked = np.array([[0, 1, -1]])
    assert metrics.mean_popularity(ranked, user_items) == pytest.approx((1 + 1 / 4) / 2)
    assert metrics.novelty(ranked, user_items) == pytest.approx((0 + 2) / 2)
    assert metrics.novelty(np.array([[2]]), user_items) == pytest.approx(3)  # nobody has it: half a user of four
    assert metrics.novelty(np.array([[-1]]), user_items) == 0


def test_gini_is_zero_when_all_is_shown_alike_and_high_when_one_film_is_all_there_is():
    assert metrics.gini(np.arange(6)[None], 6) == pytest.approx(0)
    assert metrics.gini(np.zeros((5, 1), dtype=np.int64), 6) == pytest.approx(5 / 6)
    assert metrics.gini(np.array([[-1]]), 6) == 0


relevance = st.lists(st.booleans(), min_size=8, max_size=8).filter(any)


@given(relevance, st.permutations(range(8)), st.integers(1, 8))
def test_accuracy_lies_between_zero_and_one_and_a_perfect_list_has_it_all(relevant, order, k):
    truth, ranked = csr_matrix([relevant], dtype=np.float32), np.array([order])
    perfect = np.array([sorted(range(8), key=lambda item: not relevant[item])])
    for metric in (metrics.ndcg_at_k, metrics.recall_at_k, metrics.hit_rate_at_k, metrics.reciprocal_rank):
        assert 0 <= metric(ranked, truth, k)[0] <= 1
        assert metric(perfect, truth, k)[0] == pytest.approx(1)
