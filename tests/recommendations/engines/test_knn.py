import numpy as np
import pytest

from apps.recommendations.engines import neighbours
from apps.recommendations.engines.contract import NO_OPINION, ReasonCode
from apps.recommendations.registry import build
from tests.recommendations.synthetic import dataset_of, profiles_of, taste_world

PLAIN_COSINE = {"user_damping": 0.0, "source_damping": 0.5, "target_damping": 0.5, "shrinkage": 0.0}


def test_halves_without_shrinkage_make_a_cosine():
    likes = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 1], [0.5, 0, 0]])
    unit = likes / np.linalg.norm(likes, axis=0)
    expected = unit.T @ unit - np.eye(3)
    engine = build("knn", **PLAIN_COSINE).fit(dataset_of(likes))
    np.testing.assert_allclose(engine.neighbours.toarray(), expected, atol=1e-6)


def test_each_film_keeps_no_more_than_its_nearest():
    dataset, _ = taste_world()
    full = build("knn", n_neighbours=40).fit(dataset).neighbours.toarray()
    pruned = build("knn", n_neighbours=5).fit(dataset).neighbours
    assert np.diff(pruned.indptr).max() == 5
    np.testing.assert_array_equal(pruned.max(axis=1).toarray().ravel(), full.max(axis=1))


def test_shrinkage_distrusts_the_one_like_that_two_rare_films_share():
    likes = [[1, 1, 0, 0]] + [[0, 0, 1, 1]] * 5 + [[0, 0, 1, 0]]

    def alike(shrinkage):
        return build("knn", **{**PLAIN_COSINE, "shrinkage": shrinkage}).fit(dataset_of(likes)).neighbours

    assert alike(0.0)[0, 1] > alike(0.0)[2, 3]
    assert alike(5.0)[0, 1] < alike(5.0)[2, 3]


def test_who_likes_everything_says_less():
    likes = [[1, 1, 0, 0, 0], [1, 0, 1, 1, 1]]
    scores = build("knn").fit(dataset_of(likes)).score(profiles_of([[1, 0, 0, 0, 0]]))[0]
    assert scores[1] > scores[2]


def test_a_disliked_film_pulls_its_neighbours_down_but_is_not_learned_from():
    likes = [[1, 1, 0], [1, 1, 0], [0, 1, 1], [-1, 0, 1]]
    engine = build("knn").fit(dataset_of(likes))
    fond, torn = engine.score(profiles_of([[1, 0, 0], [1, 0, -1]]))
    assert torn[1] < fond[1]
    assert engine.neighbours[0, 2] == 0


def test_a_profile_without_neighbours_gets_no_opinion():
    scores = build("knn").fit(dataset_of([[1, 1, 0], [1, 1, 0]])).score(profiles_of([[0, 0, 1]]))
    assert (scores == NO_OPINION).all()


def test_reasons_sum_to_the_score_of_a_profile_of_likes():
    dataset, _ = taste_world()
    engine = build("knn").fit(dataset)
    one = profiles_of(dataset.profiles.likes.toarray()[:1])
    scores = engine.score(one)[0]
    reasons = engine.reasons(one, np.arange(40), limit=40)
    for item in np.flatnonzero(scores > NO_OPINION):
        assert sum(reason.weight for reason in reasons[item]) == pytest.approx(scores[item], rel=1e-4)
        assert {reason.code for reason in reasons[item]} == {ReasonCode.LIKED_TOGETHER}


def test_taking_the_named_film_away_lowers_the_score():
    dataset, _ = taste_world()
    engine = build("knn").fit(dataset)
    cells = dataset.profiles.interactions.toarray()[:1]
    items, scores = engine.rank(profiles_of(cells), k=5)
    for item, score, reasons in zip(items[0], scores[0], engine.reasons(profiles_of(cells), items[0]), strict=True):
        without = cells.copy()
        without[0, reasons[0].refs[0]] = 0
        assert engine.score(profiles_of(without))[0, item] < score


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    dataset, _ = taste_world()
    whole = build("knn").fit(dataset).neighbours.toarray()
    monkeypatch.setattr(neighbours, "BLOCK", 7 * 40)
    np.testing.assert_array_equal(build("knn").fit(dataset).neighbours.toarray(), whole)


def test_what_a_dislike_outweighs_gets_no_opinion_rather_than_a_place_before_the_unknown():
    engine = build("knn").fit(dataset_of([[1, 1, 0, 0]] * 3 + [[0, 1, 1, 0]] * 3))
    scores = engine.score(profiles_of([[0.1, 0, -1, 0]]))[0]
    assert scores[1] == scores[3] == NO_OPINION
