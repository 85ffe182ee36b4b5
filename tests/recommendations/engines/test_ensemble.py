import numpy as np
import pytest

from apps.recommendations.artifacts import read_artifact, write_artifact
from apps.recommendations.engines.blend import voice_of
from apps.recommendations.engines.contract import NO_OPINION
from apps.recommendations.engines.ensemble import Ensemble, hold_out
from apps.recommendations.engines.knn import KNN
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from tests.recommendations.synthetic import DAY, dataset_of, profiles_of, taste_world

SMALL = {"n_factors": 8}


def ensemble(**params):
    return Ensemble(members={"matrix_factorization": SMALL, "knn": {}}, **params)


def test_a_voice_is_a_z_score_over_the_films_with_an_opinion():
    voice = voice_of(np.array([[1, 2, NO_OPINION, 3]], dtype=np.float32))
    np.testing.assert_allclose(voice.scores, [[-1.2247449, 0, -1.2247449, 1.2247449]], rtol=1e-5)
    np.testing.assert_allclose(voice.spread, [[np.std([1, 2, 3])]], rtol=1e-5)
    assert voice.heard.tolist() == [[True, True, False, True]]


@pytest.mark.parametrize("line", [[NO_OPINION] * 3, [5, 5, 5], [5, NO_OPINION, NO_OPINION]])
def test_a_voice_that_tells_no_films_apart_is_zero(line):
    assert voice_of(np.array([line], dtype=np.float32)).scores.tolist() == [[0, 0, 0]]


def test_weights_add_up_to_one_and_beat_or_match_each_member_on_what_was_hidden():
    dataset, _ = taste_world()
    engine = ensemble().fit(dataset)
    assert engine.mixture.sum() == pytest.approx(1)
    *alone, together = engine.figures
    assert together >= max(alone) > 0


def test_a_member_that_knows_nothing_gets_less_than_one_that_does():
    dataset, _ = taste_world()
    members = {"matrix_factorization": SMALL, "genre_affinity": {"said_weight": 0.0, "popularity_weight": 0.0}}
    blank = dataset_of(dataset.profiles.interactions.toarray())  # no film has a genre
    engine = Ensemble(members=members).fit(blank)
    assert dict(zip(sorted(members), engine.mixture, strict=True))["matrix_factorization"] >= 0.5


def test_the_newest_likes_are_hidden_a_fifth_of_each_judge():
    cells = np.ones((2, 10))
    times = np.concatenate([np.arange(10), np.arange(10)[::-1]]) * DAY
    known, profiles, hidden = hold_out(dataset_of(cells, timestamps=times), 5, np.random.default_rng(0))
    assert [row.indices.tolist() for row in hidden] == [[8, 9], [0, 1]]
    assert known.profiles.interactions.nnz == profiles.interactions.nnz == 16


def test_likes_without_an_order_are_hidden_at_random_and_dislikes_never():
    cells = np.tile([1, 1, 1, 1, 1, -1], (50, 1))
    _, _, hidden = hold_out(dataset_of(cells, timestamps=np.zeros(300)), 50, np.random.default_rng(0))
    assert hidden.getnnz(axis=1).tolist() == [1] * 50
    assert set(hidden.indices.tolist()) == {0, 1, 2, 3, 4}


def test_who_likes_one_film_is_no_judge():
    _, profiles, _ = hold_out(dataset_of(np.eye(4)), 10, np.random.default_rng(0))
    assert len(profiles) == 0


def test_parts_that_are_fitted_already_are_taken_if_they_were_meant():
    dataset, _ = taste_world()
    fitted = {
        "matrix_factorization": MatrixFactorization(**SMALL).fit(dataset),
        "knn": KNN(n_neighbours=3).fit(dataset),
    }
    engine = ensemble().fit_on(dataset, fitted)
    assert engine.parts["matrix_factorization"] is fitted["matrix_factorization"]
    assert engine.parts["knn"] is not fitted["knn"]


def test_an_artifact_keeps_each_part_once_under_its_own_name(tmp_path):
    dataset, _ = taste_world()
    engine = Ensemble().fit(dataset)
    path = write_artifact(tmp_path, "v1", {"ensemble": engine, "knn": engine.parts["knn"]}, {})
    assert {folder.name for folder in path.iterdir() if folder.is_dir()} == {
        *("ensemble", "knn", "matrix_factorization", "shared")
    }
    loaded = read_artifact(path).engines
    assert loaded["ensemble"].parts["knn"] is loaded["knn"]


def test_an_artifact_refuses_two_engines_of_one_name(tmp_path):
    dataset, _ = taste_world()
    engine = Ensemble().fit(dataset)
    with pytest.raises(ValueError, match="knn"):
        write_artifact(tmp_path, "v1", {"ensemble": engine, "knn": KNN(n_neighbours=3).fit(dataset)}, {})


def test_what_each_like_adds_is_what_the_members_say_over_their_spread():
    dataset, _ = taste_world()
    engine = ensemble().fit(dataset)
    one = profiles_of(dataset.profiles.interactions[:1].toarray())
    items = np.arange(40)
    expected = 0
    for name, weight in zip(sorted(engine.members), engine.mixture, strict=True):
        part = engine.parts[name]
        voice = voice_of(part.score(one))
        expected = expected + weight / voice.spread * part.contributions(one, items) * voice.heard[0][:, None]
    np.testing.assert_allclose(engine.contributions(one, items), expected, rtol=1e-4, atol=1e-6)
