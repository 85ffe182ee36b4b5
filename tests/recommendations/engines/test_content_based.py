from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from apps.recommendations.engines import text
from apps.recommendations.engines.content_based import ContentBased
from apps.recommendations.engines.contract import NO_OPINION, ReasonCode
from tests.recommendations.synthetic import HELD_BACK, dataset_of, profiles_of, taste_world, two_camps

TITLES = ["Alien", "Aliens 2", "Alien 2", "Amour", "Amour fou", "Quiet"]


def library(**fields):
    """Six films that differ in their titles alone, unless told, and nobody who has seen them."""
    dataset = dataset_of(np.zeros((1, 6)), item_titles=fields.pop("item_titles", [""] * 6))
    return replace(dataset, **fields)


def scores(dataset, cells, **params):
    return ContentBased(**params).fit(dataset).score(profiles_of([cells]))[0]


def test_recommends_the_film_held_back_from_each_user():
    dataset = two_camps()
    items, _ = ContentBased().fit(dataset).recommend(np.arange(12), dataset, k=1)
    assert items[:, 0].tolist() == HELD_BACK


@pytest.mark.parametrize(
    "field",
    [
        {"item_titles": ["Alien", "Alien again", "Amour", "", "", ""]},
        {"item_texts": ["A ship in deep space.", "In space nobody hears.", "Two pensioners.", "", "Two.", "Ship"]},
        {"item_years": np.array([1979, 1971, 2012, 2012, 2012, 2012])},
        {"item_languages": ["en", "en", "fr", "fr", "fr", ""]},
        {"item_keywords": csr_matrix(np.eye(2)[[0, 0, 1, 1, 1, 1]], dtype=np.float32)},
        {"item_genres": csr_matrix(np.eye(2)[[0, 0, 1, 1, 1, 1]], dtype=np.float32)},
        {"item_directors": csr_matrix(np.eye(2)[[0, 0, 1, 1, 1, 1]], dtype=np.float32)},
        {"item_cast": csr_matrix(np.eye(2)[[0, 0, 1, 1, 1, 1]], dtype=np.float32)},
    ],
    ids=lambda field: next(iter(field)),
)
def test_every_field_alone_makes_films_alike(field):
    given = scores(library(**field), [1, 0, 0, 0, 0, 0])
    assert given[1] > NO_OPINION
    assert given[2] == NO_OPINION  # they share no term


def test_swapped_features_swap_films():
    dataset, _ = taste_world()
    rng = np.random.default_rng(0)
    dataset = replace(dataset, item_titles=[f"{word} {rng.integers(9)}" for word in rng.choice(["sun", "sea"], 40)])
    order = np.arange(40)
    order[[4, 7]] = 7, 4
    swapped = replace(
        dataset,
        item_titles=[dataset.item_titles[film] for film in order],
        item_genres=dataset.item_genres[order],
        item_keywords=dataset.item_keywords[order],
    )
    one = profiles_of([[0, 0, 1] + [0] * 20 + [1, 0.5, -1] + [0] * 14])
    before = ContentBased().fit(dataset).score(one)[0]
    after = ContentBased().fit(swapped).score(one)[0]
    assert before[4] != before[7]
    np.testing.assert_allclose(after[order], before, rtol=1e-5)


def test_what_two_films_share_counts_the_more_the_rarer_it_is():
    titles = ["rare day", "rare sun", "sea day", "old day", "new day", "big day"]
    given = scores(library(item_titles=titles), [1, 0, 0, 0, 0, 0], centring=0.0)
    assert given[1] > given[2]


def test_centring_sets_off_what_is_common():
    """Two films share a word each with the profile, one of them a word that most films have."""
    titles = ["day rare", "rare", "day", "day", "day", "day"]
    plain, centred = (scores(library(item_titles=titles), [1, 0, 0, 0, 0, 0], centring=part) for part in (0.0, 0.9))
    assert plain[1] - plain[2] < centred[1] - centred[2]
    assert centred[2] < 0 < plain[2]


def test_a_field_of_no_weight_is_not_read():
    same = library(item_titles=TITLES)
    other = replace(same, item_languages=["en", "fr", "fr", "fr", "en", "en"])
    cells = [1, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(scores(same, cells, language=0.0), scores(other, cells, language=0.0))


def test_a_disliked_film_pulls_down_what_is_like_it():
    titles = ["sun sea", "sun", "sea", "", "", ""]
    fond, torn = (scores(library(item_titles=titles), [1, 0, dislike, 0, 0, 0]) for dislike in (0, -0.5))
    assert torn[1] > fond[1]  # of what is left of the profile, more is sun
    assert torn[2] < fond[2]


def test_films_without_any_feature_get_no_opinion_and_give_none():
    dataset = library(item_titles=["sun", "sun", "", "", "", ""])
    assert (scores(dataset, [1, 0, 0, 0, 0, 0])[2:] == NO_OPINION).all()
    assert (scores(dataset, [0, 0, 1, 0, 0, 0]) == NO_OPINION).all()


def test_more_profiles_than_a_batch_holds_score_alike(monkeypatch):
    dataset, _ = taste_world()
    engine = ContentBased().fit(dataset)
    whole = engine.score(dataset.profiles)
    monkeypatch.setattr("apps.recommendations.engines.content_based.BATCH", 7)
    np.testing.assert_allclose(engine.score(dataset.profiles), whole, rtol=1e-5)


def test_contributions_sum_to_the_score_of_a_profile_of_likes_before_centring():
    dataset = library(item_titles=["sun sea", "sun moon", "sea", "sun", "moon sea", "sun sea day"])
    engine = ContentBased(centring=0.0).fit(dataset)
    one = profiles_of([[1, 0.5, 0.3, 1, 0, 0]])
    items = np.array([4, 5])
    np.testing.assert_allclose(engine.contributions(one, items).sum(axis=1), engine.score(one)[0, items], rtol=1e-5)


def test_the_only_like_is_the_reason():
    dataset = library(item_titles=TITLES)
    (reasons,) = ContentBased().fit(dataset).reasons(profiles_of([[1, 0, 0, 0, 0, 0]]), np.array([2]))
    assert [(reason.code, reason.refs) for reason in reasons] == [(ReasonCode.SIMILAR_TO, (0,))]
    assert reasons[0].weight > 0


def test_similar_titles_are_there_before_anybody_asks():
    engine = ContentBased(n_similar=2).fit(library(item_titles=TITLES))
    items, cosines = engine.similar_to(2)
    assert items.tolist() == [0, 1]
    assert 1 > cosines[0] > cosines[1] > 0
    assert engine.similar_to(5)[0].tolist() == []


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("The Thing 2", ["thing", "2"]),
        ("Singin\u2019 in the Rain, Schindler's List", ["singin", "rain", "schindler", "list"]),
        ("L'Avventura: STRAßE", ["l'avventura", "strasse"]),
        ("X and Y", []),
    ],
)
def test_telling_words(told, kept):
    assert text.telling_words(told) == kept


def test_a_title_keeps_its_small_words():
    assert text.words("It's Me, M") == ["it", "me", "m"]


def test_terms_are_counted_and_rare_ones_left_out_when_asked():
    documents = [["b", "a", "b"], [], ["b", "c"]]
    assert text.count_terms(documents).toarray().tolist() == [[1, 2, 0], [0, 0, 0], [0, 1, 1]]
    assert text.count_terms(documents, min_films=2).toarray().tolist() == [[2], [0], [1]]


def test_pairs_and_decades():
    flags = csr_matrix([[1, 0, 1], [1, 1, 1], [0, 0, 0]], dtype=np.float32)
    assert text.pairs(flags).toarray().tolist() == [[0, 1, 0], [1, 1, 1], [0, 0, 0]]
    spans = text.decades(np.array([1999, 1990, -1, 2000]))  # 1985-94, 1990-99, 1995-2004, 2000-09
    assert spans.toarray().tolist() == [[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]]
