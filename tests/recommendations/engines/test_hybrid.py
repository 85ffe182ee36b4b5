from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import NO_OPINION, ReasonCode
from apps.recommendations.engines.hybrid import CONTEXT, SEQUENCE, Hybrid
from tests.recommendations.synthetic import DAY, dataset_of, profiles_of, taste_world, two_camps

MEMBERS = {
    "matrix_factorization": {"n_factors": 8},
    "knn": {},
    "sequential": {"members": ("markov",)},
    "content_based": {},
    "genre_affinity": {},
}


def hybrid(**params):
    return Hybrid(members=MEMBERS, **params)


def newcomers():
    """Two camps and two films that nobody has seen, one for each camp by its genre."""
    world = two_camps()
    cells = np.pad(world.profiles.interactions.toarray(), [(0, 0), (0, 2)])
    camp = np.array([0] * 6 + [1] * 6 + [0, 1])
    return dataset_of(cells, item_genres=np.eye(2)[camp])


def test_a_film_that_nobody_has_rated_is_ranked_by_what_it_is_about():
    dataset = newcomers()
    scores = hybrid().fit(dataset).score(dataset.profiles)[:, 12:]
    assert (scores[:6, 0] > scores[:6, 1]).all()
    assert (scores[6:, 1] > scores[6:, 0]).all()


def test_a_film_has_its_own_vector_the_more_the_more_people_like_it():
    dataset = newcomers()
    engine = hybrid(prior_likes=5.0).fit(dataset)
    np.testing.assert_allclose(engine.experience, [0.5] * 12 + [0, 0])
    factors = engine.parts["matrix_factorization"].item_factors
    foretold = (engine.item_vectors - engine.experience[:, None] * factors) / (1 - engine.experience[:, None])
    np.testing.assert_allclose(foretold[12], foretold[:6].mean(axis=0), atol=1e-5)  # alike in content


def test_before_the_first_like_it_goes_by_what_was_said_and_says_so():
    dataset = newcomers()
    engine = hybrid().fit(dataset)
    talker = profiles_of(np.zeros((1, 14)), genres=[[0, 1]])
    items, _ = engine.rank(talker, k=3)
    assert engine.can_score(talker).all()
    assert set(items[0].tolist()) <= {6, 7, 8, 9, 10, 11, 13}
    assert {reason.code for each in engine.reasons(talker, items[0]) for reason in each} == {ReasonCode.GENRES}


def test_evidence_decides_who_is_heard():
    dataset, _ = taste_world()
    engine = hybrid(short_history=4.0).fit(dataset)
    weights = engine.weights(profiles_of(np.pad(np.tril(np.ones((4, 4))), [(0, 0), (0, 36)])))
    np.testing.assert_allclose(
        weights[CONTEXT].ravel(), np.array([0.75, 0.5, 0.25, 0]) * engine.member_weights[CONTEXT]
    )
    assert (weights[SEQUENCE].ravel() > 0).tolist() == [False, True, True, True]


def test_reversed_time_changes_scores_and_a_single_moment_silences_order():
    dataset, _ = taste_world()
    engine = hybrid().fit(dataset)
    one = dataset.profiles.take(np.array([0]))
    turned = replace(one, timestamps=one.timestamps[::-1].copy())
    at_once = replace(one, timestamps=np.full_like(one.timestamps, DAY))
    assert not np.allclose(engine.score(one), engine.score(turned))
    assert not np.allclose(engine.score(one), engine.score(at_once))


def test_a_film_without_likes_and_without_content_gets_no_opinion():
    dataset = newcomers()
    blank = replace(dataset, item_genres=csr_matrix(dataset.item_genres.toarray() * (np.arange(14) < 13)[:, None]))
    assert hybrid().fit(blank).score(blank.profiles)[0, 13] == NO_OPINION


def test_members_are_asked_for_by_name():
    dataset, _ = taste_world()
    with pytest.raises(KeyError, match="popular"):
        Hybrid(members={"popular": {}}).fit(dataset)
