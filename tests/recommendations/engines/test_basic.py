"""What is special to each engine of the basic tier."""

import numpy as np
import pytest

from apps.recommendations.engines.contract import NO_OPINION, Reason, ReasonCode
from apps.recommendations.registry import build
from tests.recommendations.synthetic import DAY, dataset_of, profiles_of

COMEDY, HORROR = [1, 0], [0, 1]
ANYBODY = profiles_of(np.zeros((1, 3)))


def ranking(engine, profiles):
    return np.argsort(-engine.score(profiles)[0], kind="stable").tolist()


def test_popular_puts_the_most_liked_film_first():
    engine = build("popular").fit(dataset_of([[0, 1, 1], [0, 1, 0], [0, 1, 1]]))
    assert ranking(engine, ANYBODY) == [1, 2, 0]


def test_popular_does_not_count_a_dislike():
    engine = build("popular").fit(dataset_of([[-1, 0, 0], [-1, 0, 1]]))
    assert engine.score(ANYBODY)[0, 0] == engine.score(ANYBODY)[0, 1]


def test_popular_breaks_ties_by_the_catalogues_own_measure():
    engine = build("popular").fit(dataset_of([[1, 1, 0]], item_popularity=[5, 6, 9]))
    assert ranking(engine, ANYBODY) == [1, 0, 2]


def test_popular_has_an_opinion_on_every_film_of_an_empty_library():
    engine = build("popular").fit(dataset_of(np.zeros((0, 3)), item_popularity=[5, 9, 7]))
    assert ranking(engine, ANYBODY) == [1, 2, 0]
    assert (engine.score(ANYBODY) > 0).all()


def test_popular_keeps_neighbours_in_rank_apart_in_a_big_catalogue():
    dataset = dataset_of(np.zeros((0, 300_000)), item_popularity=np.arange(300_000))
    assert (np.diff(build("popular").fit(dataset).standing) > 0).all()


def test_popular_says_that_it_is_popularity():
    reasons = build("popular").fit(dataset_of([[1, 0, 0]])).reasons(ANYBODY, np.array([0]))
    assert reasons == [[Reason(ReasonCode.POPULAR, 1.0)]]


def test_a_like_loses_half_of_its_heat_in_a_half_life():
    dataset = dataset_of([[1, 1, 0]], timestamps=[10 * DAY, 17 * DAY])
    scores = build("trending", half_life=7.0).fit(dataset).score(ANYBODY)
    assert scores[0].tolist() == [0.5, 1.0, NO_OPINION]


def test_two_likes_of_last_week_outdo_three_of_last_year():
    dataset = dataset_of([[1, 1], [1, 1], [1, 0]], timestamps=DAY * np.array([0, 360, 0, 365, 0]))
    assert ranking(build("trending").fit(dataset), profiles_of(np.zeros((1, 2)))) == [1, 0]


def test_trending_has_no_opinion_on_likes_that_faded_away():
    dataset = dataset_of([[1, 1]], timestamps=[0, 400 * DAY])
    assert build("trending", half_life=1.0).fit(dataset).score(profiles_of(np.zeros((1, 2))))[0, 0] == NO_OPINION


def test_trending_gives_its_reason_only_where_it_has_an_opinion():
    engine = build("trending").fit(dataset_of([[1, 0, 0]]))
    assert engine.reasons(ANYBODY, np.array([0, 1])) == [[Reason(ReasonCode.TRENDING, 1.0)], []]


@pytest.fixture
def by_genre():
    """Two comedies, two horror films, and one without a genre; the first of each genre is the popular one."""
    item_genres = [COMEDY, COMEDY, HORROR, HORROR, [0, 0]]
    return build("genre_affinity").fit(dataset_of([[1, 0, 1, 0, 1]] * 3, item_genres=item_genres))


def test_a_liked_genre_comes_first_and_its_popular_film_before_the_other(by_genre):
    assert ranking(by_genre, profiles_of([[0, 0, 1, 1, 0]]))[:2] == [2, 3]


def test_a_disliked_film_speaks_against_its_genre(by_genre):
    fond, torn = by_genre.lean(profiles_of([[1, 0, 0, 0, 0], [1, -1, 0, 0, 0]]))
    assert fond[0] > torn[0]


def test_what_was_said_of_genres_is_enough_to_score(by_genre):
    said = profiles_of(np.zeros((2, 5)), genres=[HORROR, [0, 0]])
    assert by_genre.can_score(said).tolist() == [True, False]
    assert ranking(by_genre, said)[:2] == [2, 3]


def test_genre_affinity_has_no_opinion_where_no_genre_draws_however_popular_the_film(by_genre):
    assert by_genre.score(profiles_of([[0, 0, 1, 0, 0]]))[0, :2].tolist() == [NO_OPINION, NO_OPINION]
    assert (by_genre.score(profiles_of(np.zeros((1, 5)), genres=[[-1, 0]])) == NO_OPINION).all()


def test_genre_affinity_has_no_opinion_on_a_film_without_genres(by_genre):
    assert by_genre.score(profiles_of([[1, 0, 0, 0, 0]]))[0, 4] == NO_OPINION


def test_genre_affinity_names_the_genres_that_draw(by_genre):
    liked, disliked = by_genre.reasons(profiles_of([[1, 0, -1, 0, 0]]), np.array([1, 3]))
    assert [reason.refs for reason in liked] == [(0,)]
    assert disliked == []


@pytest.fixture
def by_content():
    """Film 0 shares a rare tag with film 1, a common genre with film 2, nothing with film 3."""
    return build("similar").fit(
        dataset_of(
            np.zeros((0, 5)),
            item_genres=[COMEDY, [0, 0], COMEDY, HORROR, COMEDY],
            item_tags=[[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]],
        )
    )


def test_a_rare_feature_in_common_says_more_than_a_common_one(by_content):
    scores = by_content.score(profiles_of([[1, 0, 0, 0, 0]]))[0]
    assert scores[1] > scores[2] > 0


def test_similar_has_no_opinion_where_nothing_is_shared_nor_on_the_film_itself(by_content):
    scores = by_content.score(profiles_of([[1, 0, 0, 0, 0]]))[0]
    assert scores[3] == NO_OPINION
    assert scores[0] == NO_OPINION


def test_a_disliked_film_pulls_down_what_is_like_it(by_content):
    fond, torn = by_content.score(profiles_of([[1, 0, 0, 0, 0], [1, 0, 0, -1, 0]]))
    assert torn[4] < fond[4]


def test_similar_names_the_film_that_is_alike_and_never_a_disliked_one(by_content):
    reasons = by_content.reasons(profiles_of([[1, -1, 0, 0, 0]]), np.array([2, 1, 3]))
    assert [[reason.refs for reason in some] for some in reasons] == [[(0,)], [(0,)], []]


def test_contributions_of_likes_sum_to_the_score(by_content):
    one = profiles_of([[1, 0.3, 0, 1, 0]])
    np.testing.assert_allclose(
        by_content.contributions(one, np.array([2, 4])).sum(axis=1), by_content.score(one)[0, [2, 4]], rtol=1e-5
    )


TOGETHER = [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 1, 0]]


def test_undamped_co_favorited_counts_the_people():
    engine = build("co_favorited", damping=0.0).fit(dataset_of(TOGETHER))
    assert engine.score(profiles_of([[1, 0, 0, 0]]))[0].tolist() == [NO_OPINION, 2, 2, NO_OPINION]


def test_damping_favours_the_film_that_is_liked_less_elsewhere():
    engine = build("co_favorited", damping=0.5).fit(dataset_of(TOGETHER))
    scores = engine.score(profiles_of([[1, 0, 0, 0]]))[0]
    np.testing.assert_allclose(scores[1:3], [2 / np.sqrt(2), 2 / np.sqrt(4)])


def test_co_favorited_hears_neither_confidence_nor_dislikes():
    engine = build("co_favorited").fit(dataset_of(TOGETHER))
    plain, rich = engine.score(profiles_of([[1, 0, 0, 0], [0.3, 0, 0, -1]]))
    assert plain.tolist() == rich.tolist()


def test_co_favorited_names_the_films_that_were_liked_together():
    engine = build("co_favorited", damping=0.0).fit(dataset_of(TOGETHER))
    assert engine.reasons(profiles_of([[1, 0, 0, 0]]), np.array([1, 3])) == [
        [Reason(ReasonCode.LIKED_TOGETHER, 2.0, (0,))],
        [],
    ]
