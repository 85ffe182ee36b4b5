import numpy as np
import pytest

from apps.recommendations.engines import neighbours
from apps.recommendations.engines.contract import NO_OPINION, ReasonCode
from apps.recommendations.registry import build
from tests.recommendations.synthetic import HELD_BACK, dataset_of, profiles_of, taste_world, two_camps

MEMBERS = ["ease", "item", "user"]
PLAIN_EASE = {"member": "ease", "user_damping": 0.0, "target_damping": 0.0}
PLAIN_WALKS = {"member": "item", "user_damping": 0.0, "target_damping": 0.0, "hub_damping": 0.0}


@pytest.fixture(params=MEMBERS)
def member(request):
    return build("knn", member=request.param)


def test_every_member_recommends_the_film_held_back_from_each_user(member):
    dataset = two_camps()
    items, _ = member.fit(dataset).recommend(np.arange(12), dataset, k=1)
    assert items[:, 0].tolist() == HELD_BACK


def test_every_member_scores_a_batch_as_it_scores_each(member):
    dataset, _ = taste_world()
    member.fit(dataset)
    singles = [member.score(dataset.profiles.take(np.array([row]))) for row in range(60)]
    np.testing.assert_allclose(member.score(dataset.profiles), np.concatenate(singles), rtol=1e-4, atol=1e-6)


def test_ease_is_the_best_rebuilding_of_the_likes_without_each_film_itself():
    """Each column of the weights is the ridge regression of its film on all others."""
    likes = taste_world()[0].profiles.likes.toarray().astype(np.float64)
    gathered = likes.sum(axis=0)
    engine = build("knn", **PLAIN_EASE, regularization=3.0, dust=0.0).fit(dataset_of(likes))
    for film in (0, 7, 39):
        others = np.flatnonzero(np.arange(40) != film)
        penalty = np.diag(3.0 * np.sqrt(gathered[others]))
        design = likes[:, others]
        weights = np.linalg.solve(design.T @ design + penalty, design.T @ likes[:, film])
        np.testing.assert_allclose(engine.neighbours[:, [film]].toarray().ravel()[others], weights, atol=1e-4)
        assert engine.neighbours[film, film] == 0


def test_ease_leaves_films_beyond_its_size_without_an_opinion():
    likes = np.pad(two_camps().profiles.interactions.toarray(), [(0, 0), (0, 2)])
    likes[0, 12] = likes[1, 12] = likes[0, 13] = 1
    engine = build("knn", max_dense=12).fit(dataset_of(likes))
    assert engine.neighbours[12:].nnz == engine.neighbours[:, 12:].nnz == 0
    assert (engine.score(profiles_of(likes[:1]))[0, 12:] == NO_OPINION).all()
    whole = build("knn").fit(two_camps()).neighbours.toarray()
    assert ((engine.neighbours[:12, :12].toarray() > 0) == (whole > 0)).all()


def test_ease_drops_dust_and_keeps_what_is_largest_in_size():
    dataset, _ = taste_world()
    options = {"target_damping": 0.0, "regularization": 3.0}
    full = build("knn", **options, dust=0.0, n_neighbours=40).fit(dataset).neighbours.toarray()
    kept = build("knn", **options, dust=0.02, n_neighbours=5).fit(dataset).neighbours
    assert np.diff(kept.indptr).max() == 5
    assert np.abs(kept.data).min() >= 0.02
    np.testing.assert_allclose(np.abs(kept.toarray()).max(axis=1), np.abs(full).max(axis=1))
    assert (kept.data < 0).any()


def test_walks_share_out_one_vote_for_each_like():
    likes = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 1], [0.5, 0, 0]])
    together = likes.T @ likes * (1 - np.eye(3))
    engine = build("knn", **PLAIN_WALKS).fit(dataset_of(likes))
    np.testing.assert_allclose(engine.neighbours.toarray(), together / together.sum(axis=1)[:, None], rtol=1e-6)


@pytest.mark.parametrize("damping", ["target_damping", "hub_damping"])
def test_dampings_turn_walks_away_from_what_everybody_likes(damping):
    likes = [[1, 1, 1, 0]] * 2 + [[0, 0, 1, 0]] * 6 + [[0, 0, 1, 1]] * 6

    def places(value):
        engine = build("knn", **{**PLAIN_WALKS, damping: value}).fit(dataset_of(likes))
        return engine.neighbours[0].toarray().ravel()

    assert places(0.9)[1] / places(0.9)[2] > places(0.0)[1] / places(0.0)[2]


def test_each_film_keeps_no_more_than_its_nearest():
    dataset, _ = taste_world()
    options = {**PLAIN_WALKS, "shrinkage": 1.0}
    full = build("knn", **options, n_neighbours=40).fit(dataset).neighbours.toarray()
    pruned = build("knn", **options, n_neighbours=5).fit(dataset).neighbours
    assert np.diff(pruned.indptr).max() == 5
    np.testing.assert_array_equal(pruned.toarray().argmax(axis=1), full.argmax(axis=1))


def test_shrinkage_distrusts_the_one_like_that_two_rare_films_share():
    likes = [[1, 1, 1, 0, 0]] + [[1, 0, 0, 1, 1]] * 5 + [[0, 0, 0, 1, 1]]

    def share(shrinkage):
        options = {**PLAIN_WALKS, "target_damping": 1.0, "shrinkage": shrinkage}
        return build("knn", **options).fit(dataset_of(likes)).neighbours[0].toarray().ravel()

    assert share(0.0)[1] > share(0.0)[3]
    assert share(20.0)[1] < share(20.0)[3]


def test_who_likes_everything_says_less(member):
    likes = [[1, 1, 0, 0, 0, 0], [1, 0, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1]]
    scores = member.fit(dataset_of(likes)).score(profiles_of([[1, 0, 0, 0, 0, 0]]))[0]
    assert scores[1] > scores[2]


def test_viewers_speak_as_near_as_they_are():
    likes = [[1, 1, 1, 0, 0], [1, 0, 0, 1, 0]]
    engine = build("knn", member="user", user_damping=0.0, target_damping=0.0).fit(dataset_of(likes))
    scores = engine.score(profiles_of([[1, 1, 0, 0, 0]]))[0]
    assert scores.tolist() == [5.0, 4.0, 4.0, 1.0, NO_OPINION]


def test_only_the_nearest_viewers_speak():
    likes = [[1, 1, 1, 0, 0], [1, 0, 0, 1, 0]]
    options = {"user_damping": 0.0, "target_damping": 0.0, "n_neighbours": 1}
    scores = build("knn", member="user", **options).fit(dataset_of(likes)).score(profiles_of([[1, 1, 0, 0, 0]]))[0]
    assert scores[2] == 4
    assert scores[3] == NO_OPINION


def test_a_disliked_film_counts_against_its_neighbours_but_is_not_learned_from(member):
    likes = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [-1, 0, 1, 0]]
    engine = member.fit(dataset_of(likes))
    fond, torn = engine.score(profiles_of([[1, 0, 0.5, 0], [1, 0, -1, 0]]))
    assert torn[1] < fond[1]
    liked = np.where(np.array(likes) > 0, likes, 0)
    np.testing.assert_array_equal(fond, member.fit(dataset_of(liked)).score(profiles_of([[1, 0, 0.5, 0]]))[0])


def test_a_profile_without_neighbours_gets_no_opinion(member):
    scores = member.fit(dataset_of([[1, 1, 0], [1, 1, 0]])).score(profiles_of([[0, 0, 1]]))
    assert (scores == NO_OPINION).all()


def test_contributions_sum_to_the_score_of_a_profile_of_likes(member):
    dataset, _ = taste_world()
    member.fit(dataset)
    one = profiles_of(dataset.profiles.likes.toarray()[:1])
    scores = member.score(one)[0]
    opinions = np.flatnonzero(scores > NO_OPINION)
    assert len(opinions) > 15
    np.testing.assert_allclose(member.contributions(one, opinions).sum(axis=1), scores[opinions], rtol=1e-3)
    codes = {reason.code for reasons in member.reasons(one, opinions) for reason in reasons}
    assert codes == {ReasonCode.LIKED_TOGETHER}


def test_taking_the_named_film_away_lowers_the_score(member):
    dataset, _ = taste_world()
    member.fit(dataset)
    for row in range(10):
        one = dataset.profiles.take(np.array([row]))
        items, scores = member.rank(one, k=5)
        for item, score, reasons in zip(items[0], scores[0], member.reasons(one, items[0]), strict=True):
            without = one.only(one.interactions.indices != reasons[0].refs[0])
            assert member.score(without)[0, item] < score


@pytest.mark.parametrize("name", ["ease", "item"])
def test_the_size_of_a_block_changes_nothing(monkeypatch, name):
    dataset, _ = taste_world()
    whole = build("knn", member=name).fit(dataset).neighbours.toarray()
    monkeypatch.setattr(neighbours, "BLOCK", 7 * 40)
    np.testing.assert_array_equal(build("knn", member=name).fit(dataset).neighbours.toarray(), whole)


@pytest.mark.parametrize("name", ["ease", "item"])
def test_what_a_dislike_outweighs_gets_no_opinion_rather_than_a_place_before_the_unknown(name):
    engine = build("knn", member=name).fit(dataset_of([[1, 1, 0, 0]] * 3 + [[0, 1, 1, 0]] * 3))
    scores = engine.score(profiles_of([[0.1, 0, -1, 0]]))[0]
    assert scores[1] == scores[3] == NO_OPINION


def test_only_the_member_that_needs_viewers_keeps_them():
    dataset, _ = taste_world()
    assert build("knn").fit(dataset).viewers.shape == (0, 40)
    by_users = build("knn", member="user").fit(dataset)
    assert by_users.viewers.shape == (60, 40)
    assert by_users.neighbours.nnz == 0


def test_a_member_comes_with_its_own_defaults_and_an_unknown_one_is_refused():
    assert build("knn").params()["n_neighbours"] == 500
    assert build("knn", member="item").params()["n_neighbours"] == 60
    assert build("knn", member="item", n_neighbours=7).params()["n_neighbours"] == 7
    with pytest.raises(KeyError):
        build("knn", member="uncle")
