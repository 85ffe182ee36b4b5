from dataclasses import replace

import numpy as np
import pytest

from apps.recommendations import evaluation
from apps.recommendations.engines.contract import NotFittedError
from apps.recommendations.evaluation import difference, evaluate, judge, random_lists, rank_for, time_split
from apps.recommendations.registry import build
from tests.recommendations.synthetic import dataset_of, taste_world


@pytest.fixture
def split():
    """Ten cells, four after the cut at 7: user 0 likes 2, 3, 4 and dislikes 5; user 1 had their day before it."""
    cells = [[1, 1, 1, 1, 1, -1], [1, -1, 1, 1, 0, 0]]
    return time_split(dataset_of(cells, timestamps=[1, 2, 7, 9, 10, 8, 3, 4, 5, 6]), test_fraction=0.4)


def test_training_sees_nothing_from_the_cut_on(split):
    assert split.cut == 7
    assert split.train.profiles.timestamps.max() < split.cut
    assert split.train.profiles.interactions.toarray().tolist() == [[1, 1, 0, 0, 0, 0], [1, -1, 1, 1, 0, 0]]


def test_a_profile_is_the_past_and_the_first_half_since(split):
    assert split.users.tolist() == [0]
    assert split.profiles.interactions.toarray().tolist() == [[1, 1, 1, 0, 0, -1]]
    assert split.profiles.timestamps.tolist() == [1, 2, 7, 8]


def test_held_out_is_what_was_liked_in_the_other_half(split):
    assert split.held_out.toarray().tolist() == [[0, 0, 0, 1, 1, 0]]


def test_who_likes_one_film_since_the_cut_is_not_evaluated():
    split = time_split(dataset_of([[1, 1, 1, -1]], timestamps=[1, 2, 3, 4]), test_fraction=0.5)
    assert len(split.users) == 0


def test_who_likes_nothing_in_the_other_half_is_not_evaluated():
    split = time_split(dataset_of([[1, 1, -1, -1]], timestamps=[1, 2, 3, 4]), test_fraction=0.99)
    assert len(split.users) == 0


def test_everything_at_one_moment_goes_to_one_side():
    split = time_split(dataset_of([[1, 1, 1, 1]], timestamps=[5, 5, 5, 5]))
    assert split.train.profiles.interactions.nnz == 0


@pytest.mark.parametrize("cells", [np.zeros((0, 3)), np.zeros((2, 3))])
def test_an_empty_library_splits_and_evaluates_to_nothing(cells):
    split = time_split(dataset_of(cells))
    result = evaluate(build("popular").fit(split.train), split, k=2)
    assert (result.n_users, result.ndcg, result.coverage) == (0, 0, 0)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_a_fraction_outside_zero_to_one_is_refused(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        time_split(dataset_of([[1, 1]]), test_fraction=fraction)


def test_evaluation_counts_the_hits_of_a_known_ranking(split):
    favourite = build("popular").fit(replace(split.train, item_popularity=np.arange(6, dtype=np.float32)))
    result = evaluate(favourite, split, k=1)  # of the unseen films 3 and 4, user 1 likes 3
    assert (result.k, result.n_users, result.ndcg, result.recall, result.hit_rate) == (1, 1, 1.0, 1.0, 1.0)
    assert result.coverage == pytest.approx(1 / 6)
    assert result.as_dict()["ndcg"] == 1.0


def test_evaluating_twice_gives_the_same_plain_floats():
    split = shuffled_in_time()
    engine = build("knn").fit(split.train)
    first = evaluate(engine, split)
    assert first == evaluate(engine, split)
    assert all(type(value) in (int, float) for value in first.as_dict().values())


def test_taste_is_foreseen_better_than_popularity():
    split = shuffled_in_time()
    knn, popular = (evaluate(build(name).fit(split.train), split, k=5) for name in ("knn", "popular"))
    assert knn.ndcg > popular.ndcg + knn.ndcg_error


def test_the_number_of_users_at_once_changes_nothing(monkeypatch):
    split = shuffled_in_time()
    engine = build("co_favorited").fit(split.train)
    whole = evaluate(engine, split)
    monkeypatch.setattr(evaluation, "ROWS_AT_ONCE", 3)
    assert evaluate(engine, split) == whole


def test_an_engine_that_was_not_fitted_is_not_evaluated(split):
    with pytest.raises(NotFittedError):
        evaluate(build("knn"), split)


def test_chance_shows_each_film_about_as_often_and_none_that_was_seen():
    split = shuffled_in_time()
    n_items, seen = split.train.n_items, split.profiles.interactions.toarray() != 0
    shown = np.zeros(n_items)
    for seed in range(60):
        lists = random_lists(split, 5, random_state=seed)
        assert not np.take_along_axis(seen, lists, axis=1).any()
        shown += np.bincount(lists.ravel(), minlength=n_items)
    expected = 60 * 5 * (~seen / (~seen).sum(axis=1, keepdims=True)).sum(axis=0)
    assert np.abs(shown / expected - 1).max() < 0.25


def test_chance_draws_the_same_again_and_shows_all_where_little_is_left():
    split = shuffled_in_time()
    assert (random_lists(split, 5) == random_lists(split, 5)).all()
    every = random_lists(split, split.train.n_items)
    unseen = (split.profiles.interactions.toarray() == 0).sum(axis=1)
    assert ((every >= 0).sum(axis=1) == unseen).all()


def test_a_difference_is_paired_by_user():
    split = shuffled_in_time()
    knn, popular = (judge(rank_for(build(name).fit(split.train), split, 5), split) for name in ("knn", "popular"))
    gained = difference(knn, popular)
    assert gained.mean == pytest.approx(knn.figures.ndcg - popular.figures.ndcg)
    assert gained.error == pytest.approx((knn.ndcg - popular.ndcg).std() / len(split.users) ** 0.5)
    low, high = gained.interval
    assert high - low == pytest.approx(2 * 1.96 * gained.error)
    assert (difference(knn, knn).mean, difference(knn, knn).error) == (0, 0)


def shuffled_in_time():
    dataset, _ = taste_world()
    times = np.random.default_rng(0).permutation(dataset.profiles.interactions.nnz).astype(np.float64)
    return time_split(replace(dataset, profiles=replace(dataset.profiles, timestamps=times)), test_fraction=0.4)
