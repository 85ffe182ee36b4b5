from dataclasses import replace

import numpy as np
import pytest

from apps.recommendations.ranking import SPREAD, Ranking, ranked, relevance_of, spread
from apps.recommendations.registry import build
from tests.recommendations.synthetic import HELD_BACK, two_camps


@pytest.fixture
def camps():
    return two_camps()


@pytest.fixture
def engines(camps):
    return build("co_favorited").fit(camps), build("popular").fit(camps)


def rank_for_first(camps, engines, allowed, k):
    return ranked(*engines, camps.profiles.take(np.array([0])), allowed, k=k)


def unseen(camps):
    return camps.profiles.interactions[0].toarray()[0] == 0


def test_the_engine_speaks_first_and_popular_films_fill_the_rest(camps, engines):
    ranking = rank_for_first(camps, engines, unseen(camps), k=4)
    assert ranking.items[0] == HELD_BACK[0]
    assert (len(ranking.items), ranking.own) == (4, 1)
    standing = engines[1].standing
    np.testing.assert_array_equal(ranking.scores[1:], standing[ranking.items[1:]])


def test_films_that_are_not_allowed_are_neither_ranked_nor_filled_in(camps, engines):
    allowed = unseen(camps)
    allowed[[HELD_BACK[0], 7]] = False
    ranking = rank_for_first(camps, engines, allowed, k=12)
    assert sorted(ranking.items) == np.flatnonzero(allowed).tolist()
    assert ranking.own == 0


def test_a_shorter_list_begins_the_longer_one(camps, engines):
    longest = rank_for_first(camps, engines, unseen(camps), k=12)
    for k in range(12):
        shorter = rank_for_first(camps, engines, unseen(camps), k=k)
        assert shorter.items.tolist() == longest.items.tolist()[:k]


def test_a_list_is_no_longer_than_what_there_is_however_much_is_asked_for(camps, engines):
    ranking = rank_for_first(camps, engines, unseen(camps), k=10**13)
    assert len(ranking.items) == unseen(camps).sum() == 7


def test_where_nothing_is_allowed_nothing_is_ranked(camps, engines):
    ranking = rank_for_first(camps, engines, np.zeros(12, dtype=bool), k=5)
    assert (ranking.items.tolist(), ranking.own) == ([], 0)


def listed(scores):
    """A list of as many films as there are scores, the engine's own all of them."""
    values = np.array(scores, dtype=np.float32)
    return Ranking(np.arange(len(values)), values, len(values), float(values.min()), float(values.max()))


TWO_KINDS = np.array([[1, 0], [1, 0.1], [1, 0], [0, 1], [0.1, 1]], dtype=np.float32)


def test_diversity_brings_up_what_is_unlike_the_films_before_it():
    ranking = listed([9, 8, 7, 6, 0])
    assert spread(ranking, TWO_KINDS, 0.0).items.tolist() == [0, 1, 2, 3, 4]
    assert spread(ranking, TWO_KINDS, 0.5).items.tolist() == [0, 3, 1, 2, 4]
    most = spread(ranking, TWO_KINDS, 1.0)
    assert most.items.tolist()[:2] == [0, 3]
    assert most.scores.tolist() == [ranking.scores[item] for item in most.items]


def test_diversity_leaves_the_fill_where_it_is():
    ranking = replace(listed([9, 8, 7, 6, 5]), own=3)
    assert spread(ranking, TWO_KINDS, 1.0).items.tolist()[3:] == [3, 4]


@pytest.mark.parametrize("diversity", [0.1, 0.5, 1.0])
def test_diversity_leaves_nothing_out_of_a_long_list(diversity):
    rng = np.random.default_rng(0)
    ranking = listed(np.sort(rng.random(SPREAD + 50))[::-1])
    order = spread(ranking, rng.random((len(ranking.items), 8), dtype=np.float32), diversity).items.tolist()
    assert sorted(order) == ranking.items.tolist()
    assert order[0] == 0
    assert order[SPREAD:] == ranking.items.tolist()[SPREAD:]


def test_relevance_is_between_the_least_and_the_best():
    assert relevance_of(np.array([1, 2, 5], dtype=np.float32), 1, 5).tolist() == [0, 0.25, 1]
    assert relevance_of(np.array([3, 3], dtype=np.float32), 3, 3).tolist() == [1, 1]


def test_what_is_not_relevant_enough_is_not_filled_up_with_popular_films(camps, engines):
    profile = camps.profiles.take(np.array([0]))
    ranking = ranked(*engines, profile, unseen(camps), k=12, min_relevance=0.5)
    assert ranking.items.tolist() == [HELD_BACK[0]]
    assert ranking.irrelevant == unseen(camps).sum() - 1
