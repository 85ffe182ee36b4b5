"""Each protocol splits as its authors say, on invented files in their layout."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.recsys import movielens, rmse
from benchmarks.recsys.protocols import liang_ml1m, load, split_each_film, split_each_user
from tests.benchmarks import publisher

N_FILMS, N_USERS = 120, 8  # enough films for 99 others


@pytest.fixture
def ml100k(tmp_path):
    publisher.write(tmp_path, "ml-100k", publisher.ml100k(publisher.ratings()))
    return tmp_path


@pytest.fixture
def ml1m(tmp_path):
    publisher.write(tmp_path, "ml-1m", publisher.ml1m(publisher.ratings(n_users=60, n_films=40)))
    return tmp_path


@pytest.fixture
def ncf(tmp_path):
    """Everybody rated the films 0 to 9 in this order; the held-back film is 10, and first of user 3's others."""
    train = [(user, film, 4, 100 + film) for user in range(N_USERS) for film in range(10)]
    others = np.tile(np.arange(11, 110), (N_USERS, 1))
    others[3, 0] = 10
    publisher.write(tmp_path, "ncf-ml-1m", publisher.ncf_ml1m([*train, (0, N_FILMS - 1, 1, 1)], [10] * N_USERS, others))
    return tmp_path


@pytest.fixture
def sasrec(tmp_path):
    publisher.write(tmp_path, "sasrec-ml-1m", publisher.sasrec_ml1m({1: [3, 1, 4, 2], 2: [2, 3, 1]}), "gz")
    return tmp_path


def cells(matrix):
    """Pairs of rows and columns."""
    return set(zip(*(side.tolist() for side in matrix.nonzero()), strict=True))


def test_each_film_keeps_three_quarters_of_its_rows_rounded_half_to_even(ml100k):
    frame = movielens.ml100k(ml100k)
    known, held = split_each_film(frame, seed=42)
    counts = frame.groupby("item").size()
    assert known.groupby("item").size().to_dict() == {item: round(0.75 * n) for item, n in counts.items()}
    assert len(known) + len(held) == len(frame)
    assert not set(known.index) & set(held.index)


def test_ml100k_tunes_on_a_part_of_its_training_part(ml100k):
    tuned, judged = load("ml100k-ms", "valid", ml100k), load("ml100k-ms", "test", ml100k)
    assert cells(tuned.dataset.profiles.interactions) < cells(judged.dataset.profiles.interactions)
    assert tuned.dataset.profiles.interactions.nnz + tuned.truth.nnz == judged.dataset.profiles.interactions.nnz


@pytest.mark.parametrize("part", ["valid", "test"])
def test_nobody_is_asked_for_what_they_are_known_to_have(ml100k, part):
    task = load("ml100k-ms", part, ml100k)
    assert task.truth.nnz > 0
    assert not cells(task.profiles.interactions) & cells(task.truth)
    assert len(task.user_ids) == len(task.profiles) == task.truth.shape[0]


def test_a_split_at_random_tells_no_order_and_no_stars(ml100k):
    profiles = load("ml100k-ms", "test", ml100k).profiles
    assert set(profiles.timestamps.tolist()) == {0}
    assert np.isnan(profiles.ratings).all()


def test_ml100k_knows_titles_years_and_genres(ml100k):
    dataset = load("ml100k-ms", "test", ml100k).dataset
    assert dataset.item_titles[:2] == ["Film 1", "Film 2"]
    assert dataset.item_years[:2].tolist() == [1951, 1952]
    assert dataset.item_genres.shape == (dataset.n_items, dataset.profiles.genres.shape[1])


def test_ncf_ranks_the_film_held_back_last_among_its_others_and_once(ncf):
    task = load("ncf-ml1m", "test", ncf)
    assert task.candidates.shape == (N_USERS, 100)
    assert set(task.candidates[:, -1].tolist()) == {10}
    assert task.candidates[3, 0] == -1
    assert cells(task.truth) == {(user, 10) for user in range(N_USERS)}


def test_ncf_tunes_on_the_newest_film_of_training_among_others_unseen(ncf):
    task = load("ncf-ml1m", "valid", ncf)
    assert cells(task.truth) == {(user, 9) for user in range(N_USERS)}
    assert not task.dataset.profiles.interactions[:, 9].nnz
    others = task.candidates[:, :-1]
    assert all(len(set(row)) == 99 for row in others.tolist())
    assert not set(others.ravel().tolist()) & set(range(11))


def test_liang_ranks_for_users_that_training_never_saw(ml1m):
    task = liang_ml1m(ml1m, "test", n_held_out=10)
    tuned = liang_ml1m(ml1m, "valid", n_held_out=10)
    frame = movielens.ml1m(ml1m)
    frame = frame[frame["rating"] >= 4]
    n_users = (frame.groupby("user").size() >= 5).sum()
    assert task.dataset.n_users == n_users - 20
    assert len(task.profiles) <= 10
    assert not set(task.user_ids.tolist()) & set(tuned.user_ids.tolist())
    assert (task.dataset.profiles.like_counts > 0).all()


def test_liang_holds_a_fifth_of_each_users_likes(ml1m):
    task = liang_ml1m(ml1m, "test", n_held_out=10)
    known, held = task.profiles.interactions.getnnz(axis=1), task.truth.getnnz(axis=1)
    assert held.tolist() == ((known + held) // 5).tolist()
    assert not cells(task.profiles.interactions) & cells(task.truth)


def test_of_fewer_than_five_likes_none_is_held(ml1m):
    frame = movielens.ml1m(ml1m)
    few = frame[frame["user"].isin([1, 2])].groupby("user").head(4)
    known, held = split_each_user(pd.concat([frame[frame["user"] > 2], few]))
    assert not held["user"].isin([1, 2]).any()
    assert known["user"].isin([1, 2]).sum() == len(few)


def test_seq_holds_the_last_film_and_shows_the_one_before_it(sasrec):
    task = load("seq-ml1m", "test", sasrec)
    assert task.dataset.profiles.interactions.toarray().tolist() == [[1, 0, 1, 0], [0, 1, 0, 0]]
    assert cells(task.truth) == {(0, 1), (1, 0)}
    assert cells(task.profiles.interactions) == {(0, 2), (0, 0), (0, 3), (1, 1), (1, 2)}
    assert task.profiles.timestamps.tolist() == [1, 0, 2, 0, 1]


def test_seq_tunes_on_the_last_but_one(sasrec):
    task = load("seq-ml1m", "valid", sasrec)
    assert cells(task.truth) == {(0, 3), (1, 2)}
    assert cells(task.profiles.interactions) == cells(task.dataset.profiles.interactions)


@pytest.mark.parametrize("part", ["valid", "test"])
def test_cold_ranks_only_films_that_training_never_saw(ml1m, part):
    task = load("cold-ml1m", part, ml1m)
    cold = np.flatnonzero(task.dataset.profiles.like_counts == 0)
    assert len(cold)
    assert task.candidates[0].tolist() == cold.tolist()
    assert set(task.truth.indices.tolist()) <= set(cold.tolist())
    assert (task.profiles.interactions.getnnz(axis=1) >= 5).all()


def test_cold_tunes_on_other_films(ml1m):
    tuned, judged = load("cold-ml1m", "valid", ml1m), load("cold-ml1m", "test", ml1m)
    assert not set(tuned.candidates[0].tolist()) & set(judged.candidates[0].tolist())


class Constant:
    """Predicts one number of stars."""

    def __init__(self, stars):
        self.stars = stars

    def predicted_ratings(self, profiles, items):
        return np.full((len(profiles), len(items)), self.stars, dtype=np.float32)


def test_stars_are_predicted_in_the_publishers_folds(ml100k):
    every = list(rmse.folds("rmse-ml100k", ml100k))
    assert len(every) == 5
    assert sum(len(fold.stars) for fold in every) == len(movielens.ml100k(ml100k))
    assert not np.isnan(every[0].dataset.profiles.ratings).any()


def test_the_error_of_predicted_stars_is_computed_by_hand():
    train = pd.DataFrame({"user": [1, 2], "item": [1, 2], "rating": [4, 3]})
    test = pd.DataFrame({"user": [1, 2], "item": [2, 1], "rating": [5, 2]})
    errors = rmse.errors(Constant(4.0), rmse.fold_of(train, test))
    assert errors["rmse"] == pytest.approx(np.sqrt((1 + 4) / 2))
    assert errors["mae"] == pytest.approx(1.5)


def test_a_prediction_is_asked_of_its_own_user_and_film():
    train = pd.DataFrame({"user": [1, 3], "item": [10, 20], "rating": [4, 3]})
    test = pd.DataFrame({"user": [3, 2], "item": [10, 30], "rating": [5, 2]})
    fold = rmse.fold_of(train, test)
    assert fold.dataset.profiles.ratings.tolist() == [4, 3]
    assert list(zip(fold.rows.tolist(), fold.items.tolist(), strict=True)) == [(2, 0), (1, 2)]


def test_predicted_stars_are_kept_between_one_and_five(ml100k):
    fold = next(rmse.folds("rmse-ml100k", ml100k))
    assert set(rmse.predicted(Constant(9.0), fold).tolist()) == {5}
