"""What every engine of the registry promises, proved for each."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from apps.recommendations.artifacts import read_artifact, write_artifact
from apps.recommendations.engines.contract import NO_OPINION, Engine, NotFittedError, ReasonCode, Tier, top_k
from apps.recommendations.metrics import ndcg_at_k
from apps.recommendations.registry import ENGINES, NAMES, build
from tests.recommendations.engines.conftest import knowing, small
from tests.recommendations.synthetic import DAY, HELD_BACK, dataset_of, profiles_of, taste_world

ALL = np.arange(12)
OF_FILMS = {ReasonCode.SIMILAR_TO, ReasonCode.LIKED_TOGETHER}


def test_recommends_the_film_held_back_from_each_user(personal_engine, two_camps):
    items, _ = knowing(personal_engine, two_camps).recommend(ALL, two_camps, k=1)
    assert items[:, 0].tolist() == HELD_BACK


def test_a_batch_agrees_with_single_profiles(engine):
    dataset, _ = taste_world()
    engine = knowing(engine, dataset)
    batch = engine.score(dataset.profiles)
    singles = np.concatenate([engine.score(dataset.profiles.take(np.array([row]))) for row in range(60)])
    np.testing.assert_allclose(batch, singles, rtol=1e-4, atol=1e-6)


def test_scores_are_float32_and_one_for_each_film(engine, two_camps):
    scores = knowing(engine, two_camps).score(two_camps.profiles)
    assert scores.dtype == np.float32
    assert scores.shape == (12, 12)
    assert not np.isnan(scores).any()


def test_the_same_seed_gives_the_same_scores(engine):
    dataset, _ = taste_world()
    again = build(engine.name, **engine.params())
    np.testing.assert_array_equal(
        engine.fit(dataset).score(dataset.profiles), again.fit(dataset).score(dataset.profiles)
    )


def test_a_second_fit_forgets_the_first(engine, two_camps):
    dataset, _ = taste_world()
    fresh = build(engine.name, **engine.params()).fit(two_camps).score(two_camps.profiles)
    np.testing.assert_array_equal(engine.fit(dataset).fit(two_camps).score(two_camps.profiles), fresh)


def test_a_saved_engine_scores_and_explains_as_before(engine, tmp_path):
    dataset, _ = taste_world()
    engine = knowing(engine, dataset)
    path = write_artifact(tmp_path, "v1", {engine.name: engine}, {})
    loaded = read_artifact(path).engines[engine.name]
    one = dataset.profiles.take(np.array([3]))
    assert loaded.params() == engine.params()
    np.testing.assert_array_equal(loaded.score(dataset.profiles), engine.score(dataset.profiles))
    assert loaded.reasons(one, np.arange(40)) == engine.reasons(one, np.arange(40))


def test_renumbered_ids_change_nothing(engine, two_camps):
    renumbered = replace(two_camps, item_ids=two_camps.item_ids[::-1].copy())
    np.testing.assert_array_equal(
        engine.fit(two_camps).score(two_camps.profiles), engine.fit(renumbered).score(renumbered.profiles)
    )


def test_shuffled_likes_rank_worse(personal_engine):
    dataset, later = taste_world()
    blind = small(personal_engine.name)
    assert foresight(personal_engine, dataset, later) > foresight(blind, shuffled(dataset), later) + 0.1


def foresight(engine, dataset, later):
    items, _ = knowing(engine, dataset).recommend(np.arange(60), dataset, k=10)
    return ndcg_at_k(items, profiles_of(later).interactions, 10).mean()


def shuffled(dataset):
    """Everybody keeps the number of their likes, of random films."""
    rng = np.random.default_rng(1)
    return replace(dataset, profiles=profiles_of(rng.permuted(dataset.profiles.interactions.toarray(), axis=1)))


@pytest.mark.parametrize("ask", ["score", "reasons", "state"])
def test_raises_not_fitted_before_fit(engine, two_camps, ask):
    one = two_camps.profiles.take(np.array([0]))
    arguments = {"score": (one,), "reasons": (one, ALL), "state": ()}[ask]
    with pytest.raises(NotFittedError, match=type(engine).__name__):
        getattr(engine, ask)(*arguments)


def test_reasons_are_above_zero_and_name_only_what_the_profile_likes(engine):
    dataset, _ = taste_world()
    engine = knowing(engine, dataset)
    for row in range(10):
        one = dataset.profiles.take(np.array([row]))
        liked = set(one.likes.indices.tolist())
        for reasons in engine.reasons(one, np.arange(40), limit=5):
            weights = [reason.weight for reason in reasons]
            assert len(reasons) <= 5
            assert weights == sorted(weights, reverse=True)
            assert all(weight > 0 for weight in weights)
            assert all(set(reason.refs) <= liked for reason in reasons if reason.code in OF_FILMS)


def test_a_film_is_no_reason_for_itself(engine, two_camps):
    one = two_camps.profiles.take(np.array([0]))
    for item, reasons in enumerate(knowing(engine, two_camps).reasons(one, ALL)):
        assert all(item not in reason.refs for reason in reasons if reason.code in OF_FILMS)


def test_every_recommendation_of_a_personal_engine_has_a_reason(personal_engine, two_camps):
    personal_engine = knowing(personal_engine, two_camps)
    items, _ = personal_engine.recommend(ALL, two_camps, k=1)
    for row in ALL:
        assert all(personal_engine.reasons(two_camps.profiles.take(np.array([row])), items[row]))


def test_without_the_film_that_is_named_first_the_score_is_lower(personal_engine):
    dataset, _ = taste_world()
    engine = knowing(personal_engine, dataset)
    drops, n_unnamed = [], 0
    for row in range(60):
        whole = dataset.profiles.take(np.array([row]))
        items = engine.rank(whole, k=3)[0][0]
        for item, reasons in zip(items, engine.reasons(whole, items), strict=True):
            named = [reason.refs[0] for reason in reasons if reason.code in OF_FILMS]
            n_unnamed += not named
            if named:
                rest = whole.only(whole.interactions.indices != named[0])
                drops.append(engine.score_held(whole, whole)[0, item] - engine.score_held(rest, whole)[0, item])
    if engine.name != "genre_affinity":  # which names genres
        assert n_unnamed <= 18  # of 180
        assert np.mean(np.array(drops) > 0) >= 0.95


ORDER_MATTERS = {"sequential", "hybrid"}


def test_the_order_of_likes_matters_to_what_reads_it_alone(engine):
    dataset, _ = taste_world()
    forth = dataset.profiles
    back = replace(forth, timestamps=-forth.timestamps)
    scores = knowing(engine, dataset).score(forth), knowing(engine, dataset).score(back)
    assert np.allclose(*scores, atol=1e-5) is (engine.name not in ORDER_MATTERS)


def test_never_recommends_what_was_seen_liked_or_not(engine):
    dataset, _ = taste_world()
    items, _ = knowing(engine, dataset).recommend(np.arange(60), dataset, k=40)
    seen = dataset.profiles.interactions.toarray() != 0
    assert not any(seen[row, item] for row in range(60) for item in items[row] if item >= 0)


def test_seen_films_come_back_when_asked_for(engine, two_camps):
    items, _ = knowing(engine, two_camps).recommend(np.array([0]), two_camps, k=12, exclude_seen=False)
    assert {1, 2, 3, 4, 5} <= set(items[0].tolist())


def test_an_empty_profile_gets_no_personal_opinion_and_no_reason(personal_engine, two_camps):
    nobody = profiles_of(np.zeros((1, 12)))
    personal_engine = knowing(personal_engine, two_camps)
    assert not personal_engine.can_score(nobody).any()
    assert (personal_engine.score(nobody) == NO_OPINION).all()
    assert personal_engine.rank(nobody, k=5)[0].tolist() == [[-1] * 5]
    assert personal_engine.reasons(nobody, ALL) == [[]] * 12


def test_dislikes_alone_are_no_evidence(personal_engine, two_camps):
    sour = profiles_of([[-1] * 3 + [0] * 9])
    personal_engine = knowing(personal_engine, two_camps)
    assert not personal_engine.can_score(sour).any()
    assert (personal_engine.score(sour) == NO_OPINION).all()


def test_no_profiles_give_no_scores(engine, two_camps):
    assert knowing(engine, two_camps).score(profiles_of(np.zeros((0, 12)))).shape == (0, 12)


def test_fits_a_world_where_nothing_happened_yet(engine):
    dataset = dataset_of(np.zeros((2, 4)), item_genres=np.eye(2)[[0, 0, 1, 1]])
    scores = engine.fit(dataset).score(profiles_of([[1, 0, 0, 0]]))
    assert not np.isnan(scores).any()


def test_a_film_nobody_likes_and_nothing_describes_gets_no_opinion(personal_engine, two_camps):
    cells = np.pad(two_camps.profiles.interactions.toarray(), [(0, 0), (0, 1)])
    features = np.pad(np.eye(2)[np.repeat([0, 1], 6)], [(0, 1), (0, 0)])
    scores = personal_engine.fit(dataset_of(cells, item_genres=features)).score(profiles_of(cells[:1]))
    assert scores[0, 12] == NO_OPINION


def test_scores_are_the_callers_own(engine, two_camps):
    engine = knowing(engine, two_camps)
    before = engine.score(two_camps.profiles)
    engine.score(two_camps.profiles)[:] = 7
    np.testing.assert_array_equal(engine.score(two_camps.profiles), before)


def test_every_engine_is_registered_under_its_own_name():
    assert [ENGINES[name].name for name in NAMES] == list(NAMES)


def test_params_are_what_init_was_given():
    assert build("trending", half_life=7.0).params() == {"half_life": 7.0}


def test_take_keeps_each_timestamp_with_its_cell():
    profiles = profiles_of([[1, 0, -1], [0, 1, 0]], timestamps=[10, 20, 30])
    taken = profiles.take(np.array([1, 0, 1]))
    assert taken.timestamps.tolist() == [30, 10, 20, 30]
    assert taken.interactions.toarray().tolist() == [[0, 1, 0], [1, 0, -1], [0, 1, 0]]


def test_likes_are_the_cells_above_zero():
    profiles = profiles_of([[1, 0, -1], [0, 0.5, 0]])
    assert profiles.likes.toarray().tolist() == [[1, 0, 0], [0, 0.5, 0]]
    assert profiles.like_counts.tolist() == [1, 1, 0]


rounded = st.sampled_from([NO_OPINION, -1.0, 0.0, 0.5, 1.0, 2.0])


@given(arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 300)), elements=rounded), st.integers(0, 60))
@settings(deadline=None)
def test_top_k_is_a_stable_sort_cut_short(scores, k):
    items, values = top_k(scores, k)
    for row, line in enumerate(scores):
        expected = [item for item in np.argsort(-line, kind="stable") if line[item] > NO_OPINION][:k]
        assert items[row].tolist() == expected + [-1] * (k - len(expected))
        assert values[row, : len(expected)].tolist() == line[expected].tolist()


def test_the_best_20_begin_the_best_40_even_where_most_are_equal():
    scores = np.random.default_rng(0).integers(0, 3, (5, 5_000)).astype(np.float32)
    np.testing.assert_array_equal(top_k(scores, 40)[0][:, :20], top_k(scores, 20)[0])


def test_the_clock_is_not_read(engine, two_camps):
    """Now is the newest timestamp: the same likes a thousand years on score the same."""
    later = replace(two_camps.profiles, timestamps=two_camps.profiles.timestamps + 365_000 * DAY)
    np.testing.assert_allclose(
        engine.fit(two_camps).score(two_camps.profiles),
        engine.fit(replace(two_camps, profiles=later)).score(two_camps.profiles),
        rtol=1e-4,
    )


def test_an_engine_of_fit_and_score_alone_has_reasons_all_the_same():
    """The likes without which a score would be lower, the one that matters most first."""

    class Together(Engine):
        name, tier, description, arrays = "together", Tier.BASIC, "Likes in common.", ("together",)

        def fit(self, dataset):
            self.together = (dataset.profiles.likes.T @ dataset.profiles.likes).tocsr()
            return self

        def score(self, profiles):
            self.check_fitted()
            scores = (profiles.likes @ self.together).toarray()
            scores[scores == 0] = NO_OPINION
            return scores

    engine = Together().fit(dataset_of([[1, 0, 1, 0]] * 2 + [[0, 1, 1, 0]] * 3))
    (reasons, none) = engine.reasons(profiles_of([[1, 1, 0, 0]]), np.array([2, 3]))
    assert [(reason.refs, reason.weight) for reason in reasons] == [((1,), 3.0), ((0,), 2.0)]
    assert none == []
