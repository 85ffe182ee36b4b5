import numpy as np
import pytest

from apps.recommendations.ranking import ranked
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
