"""What engines learn between two trainings, beside what a training of everything would have taught them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from apps.recommendations.engines.attention import WEIGHTS
from apps.recommendations.engines.cells import largest
from apps.recommendations.engines.co_favorited import CoFavorited
from apps.recommendations.engines.content_based import ContentBased
from apps.recommendations.engines.contract import NO_OPINION
from apps.recommendations.engines.sequential import Sequential
from tests.recommendations.synthetic import DAY, dataset_of, profiles_of, taste_world

BUSY = np.array([3, 7, 20, 41])  # who did something since the training
UNLIKED = 39  # by all, at the training


def cells_now():
    cells = taste_world()[0].profiles.interactions.toarray()
    cells[:, UNLIKED] = np.minimum(cells[:, UNLIKED], 0)
    return cells


def cells_then():
    """The busy users had not told of every third of their films, and liked another that they have turned against."""
    cells = cells_now()
    for row in BUSY:
        told = np.flatnonzero(cells[row])
        cells[row, told[::3]] = 0
        cells[row, np.flatnonzero(cells[row] < 0)] = 1
    return cells


def moments(cells, *, unordered=()):
    """Everybody goes through the films in an order of their own, but for those who told of all at once."""
    rng = np.random.default_rng(5)
    times = DAY * np.array([rng.permutation(cells.shape[1]) for _ in cells])
    times[list(unordered)] = 0
    return times[np.nonzero(cells)]


def world(cells, **params):
    return dataset_of(cells, timestamps=moments(cells, **params), item_genres=np.eye(2)[np.arange(cells.shape[1]) % 2])


def read_only(engine):
    """As an artifact would give it back."""
    for array in engine.state().values():
        parts = (array.data, array.indices, array.indptr) if hasattr(array, "indptr") else (array,)
        for part in parts:
            part.flags.writeable = False
    return engine


def refreshed(engine, then, now, rows=BUSY):
    return read_only(engine.fit(then)).with_changes(then.profiles.take(rows), now.profiles.take(rows))


def assert_same_cells(ours, theirs, rtol=0.0):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.toarray(), theirs.toarray(), rtol=rtol)


@pytest.mark.parametrize("damping", [0.0, 0.3, 1.0])
def test_co_favorites_are_those_of_a_training_on_everything(damping):
    then, now = world(cells_then()), world(cells_now())
    fresh, trained = refreshed(CoFavorited(damping=damping), then, now), CoFavorited(damping=damping).fit(now)
    assert_same_cells(fresh.neighbours, trained.neighbours)
    assert fresh.audience.tolist() == trained.audience.tolist()
    assert fresh.params() == trained.params()


def test_co_favorites_take_in_films_that_are_new():
    then, now = np.pad(cells_now(), [(0, 0), (0, 2)]), np.pad(cells_now(), [(0, 0), (0, 2)])
    now[BUSY[:2], 40] = 1
    changes = (world(cells).profiles.take(BUSY) for cells in (then, now))
    fresh = read_only(CoFavorited().fit(world(cells_now()))).with_changes(*changes)
    assert_same_cells(fresh.neighbours, CoFavorited().fit(world(now)).neighbours)
    assert fresh.audience[40:].tolist() == [2, 0]


def test_co_favorites_keep_no_more_neighbours_than_a_training_would():
    then, now = world(cells_then()), world(cells_now())
    fresh = refreshed(CoFavorited(n_neighbours=5), then, now)
    assert np.diff(fresh.neighbours.indptr).max() == 5
    assert fresh.neighbours.has_sorted_indices


@pytest.mark.parametrize("unordered", [(), BUSY[:2], range(60)], ids=["ordered", "mixed", "unordered"])
@pytest.mark.parametrize("count_exponent", [0.5, 1.0])
def test_transitions_are_those_of_a_training_on_everything(unordered, count_exponent):
    def markov():
        return Sequential(members=("markov",), count_exponent=count_exponent)

    then, now = world(cells_then(), unordered=unordered), world(cells_now(), unordered=unordered)
    fresh, trained = refreshed(markov(), then, now), markov().fit(now)
    assert_same_cells(fresh.chain, trained.chain, rtol=1e-4)
    assert fresh.audience.tolist() == trained.audience.tolist()


def test_a_film_that_nobody_liked_stays_unknown_to_the_sequence():
    then, now = cells_then(), cells_now()
    now[BUSY, UNLIKED] = 1
    fresh = refreshed(Sequential(members=("markov",)), world(then), world(now))
    assert fresh.chain[:, [UNLIKED]].nnz == fresh.chain[[UNLIKED]].nnz == fresh.audience[UNLIKED] == 0
    assert (fresh.score(world(now).profiles)[:, UNLIKED] == NO_OPINION).all()


def test_what_attention_learned_is_kept():
    then, now = world(cells_then()), world(cells_now())
    trained = Sequential().restore(Sequential(members=("markov",)).fit(then).state())
    fresh = trained.with_changes(then.profiles.take(BUSY), now.profiles.take(BUSY))
    assert all(getattr(fresh, name) is getattr(trained, name) for name in WEIGHTS)
    assert (fresh.chain != trained.chain).nnz


def test_without_markov_there_is_nothing_to_count():
    then, now = world(cells_then()).profiles, world(cells_now()).profiles
    engine = Sequential(members=("attention",)).restore(
        Sequential(members=("markov",)).fit(world(cells_then())).state()
    )
    assert engine.with_changes(then, now) is engine


TITLES = ["Alien", "Aliens 2", "Alien Love", "Amour", "Amour fou", "Quiet Amour", "Quiet", ""]


def shelf(films):
    """These of eight films, told of in every field; tags and genres keep their columns."""
    n = len(films)
    tags = np.eye(8)[:, :4] + np.eye(8)[:, [4, 5, 6, 7]]
    return replace(
        dataset_of(np.zeros((1, n)), item_genres=np.eye(2)[[0, 0, 0, 1, 1, 1, 0, 1]][films], item_tags=tags[films]),
        item_titles=[TITLES[film] for film in films],
        item_texts=[f"A ship, a {'storm' if film % 2 else 'calm'}." for film in films],
        item_years=np.array([1979 + film for film in films]),
        item_languages=["en" if film % 3 else "" for film in films],
    )


def content(films, **params):
    return read_only(ContentBased(**params).fit(shelf(films)))


def test_a_new_film_is_described_as_one_of_the_training_that_is_told_of_alike():
    known = content(range(8))
    wider = known.with_items(shelf([2, 5]))
    assert_same_cells(wider.features[[8, 9]], known.features[[2, 5]], rtol=1e-6)
    np.testing.assert_allclose(wider.common[[8, 9]], known.common[[2, 5]], rtol=1e-6)
    assert (wider.similar_to(8)[0][0], wider.similar_to(2)[0][0]) == (2, 8)


def test_the_other_films_score_as_they_did():
    known = content(range(6))
    wider = known.with_items(shelf([6, 7]))
    likes = np.zeros((2, 8))
    likes[0, [0, 3]] = likes[1, 5] = 1
    scores = wider.score(profiles_of(likes))
    np.testing.assert_array_equal(scores[:, :6], known.score(profiles_of(likes[:, :6])))
    assert scores[1, 6] > NO_OPINION  # quiet


def test_what_the_training_never_read_says_nothing():
    known = content(range(3))
    stranger = dataset_of(np.zeros((1, 1)), item_titles=["Zebra"], item_tags=np.zeros((1, 4)))
    wider = known.with_items(replace(stranger, item_texts=["Savannah."], item_languages=["sw"]))
    assert wider.features[[3]].nnz == 0
    assert wider.similar_to(3)[0].tolist() == []


@pytest.mark.parametrize("n_similar", [2, 50])
def test_the_most_similar_films_are_those_of_all(n_similar, monkeypatch):
    monkeypatch.setattr("apps.recommendations.engines.content_based.FILMS_AT_ONCE", 2)
    wider = content(range(5), n_similar=n_similar).with_items(shelf([5, 6, 7]))
    rows = wider.features.toarray()
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, 0)
    for film in range(8):
        items, values = wider.similar_to(film)
        expected = np.sort(cosines[film][cosines[film] > 0])[::-1][:n_similar]
        np.testing.assert_allclose(values, expected, rtol=1e-5)
        np.testing.assert_allclose(cosines[film][items], expected, rtol=1e-5)


def test_the_largest_cells_of_a_row_are_kept_and_ties_go_to_the_first():
    cells = csr_matrix(np.array([[1, 3, 2, 3], [0, 0, 5, 0], [2, 2, 2, 0]], dtype=np.float32))
    assert largest(cells, 2).toarray().tolist() == [[0, 3, 0, 3], [0, 0, 5, 0], [2, 2, 0, 0]]
