import numpy as np
import pytest

from apps.favorites.models import RATING_VALUES
from apps.favorites.simulation import YEARS, simulate


@pytest.fixture
def features():
    return (np.random.default_rng(1).random((60, 12)) < 0.3).astype(float)


def test_the_same_seed_gives_the_same_community_and_another_seed_another(features):
    first, again, other = (simulate(features, n_viewers=20, seed=seed) for seed in (7, 7, 8))
    for name in ("viewer", "film", "value", "days_ago"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.film[:50], other.film[:50])


def test_everybody_watched_something_and_no_film_twice(features):
    viewings = simulate(features, n_viewers=20, seed=7)
    assert set(viewings.viewer.tolist()) == set(range(20))
    pairs = list(zip(viewings.viewer.tolist(), viewings.film.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert np.bincount(viewings.viewer).min() >= 8


def test_every_viewing_has_a_rating_and_a_day_within_the_years(features):
    viewings = simulate(features, n_viewers=20, seed=7)
    assert set(viewings.value.tolist()) <= set(RATING_VALUES)
    assert viewings.days_ago.min() >= 0
    assert viewings.days_ago.max() <= YEARS * 365


def test_viewers_rate_what_they_watch_by_taste_not_by_chance_alone(features):
    """Two halves of a crowd agree on which films are good far beyond what a shuffle would."""
    viewings = simulate(features, n_viewers=600, seed=7)
    even = viewings.viewer % 2 == 0

    def averages(mask):
        count = np.bincount(viewings.film[mask], minlength=60)
        return np.bincount(viewings.film[mask], viewings.value[mask], minlength=60) / np.maximum(count, 1)

    assert np.corrcoef(averages(even), averages(~even))[0, 1] > 0.5
