"""A community for the demo: invented viewers, who watch what is popular and what they like. No real person is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_TASTES = 8
YEARS = 2.0  # how far back the community goes


@dataclass(frozen=True)
class Viewings:
    """What everybody watched, aligned arrays (n,): who and what by position, stars from 0.5 to 10, days ago."""

    viewer: NDArray[np.int64]
    film: NDArray[np.int64]
    value: NDArray[np.float64]
    days_ago: NDArray[np.float64]


def simulate(features: NDArray[np.float64], *, n_viewers: int, seed: int) -> Viewings:
    """Viewers pick films by taste and popularity, and rate them by taste.

    ``features`` is (n_films, n_features), 0 or 1. A film's place among the tastes is a random projection of its
    features and a part of its own; a viewer is a mixture of a few tastes.
    """
    rng = np.random.default_rng(seed)
    n_films, n_features = features.shape
    shared = features @ rng.normal(size=(n_features, N_TASTES)) / np.sqrt(features.sum(axis=1, keepdims=True) + 1)
    films = shared + 0.4 * rng.normal(size=(n_films, N_TASTES))
    viewers = rng.dirichlet(np.full(N_TASTES, 0.25), size=n_viewers) * 2.5
    fame = rng.normal(scale=0.9, size=(n_films,))
    quality = rng.normal(scale=0.5, size=(n_films,))
    parts = [_evenings(rng, films @ viewer, fame, quality, row) for row, viewer in enumerate(viewers)]
    return Viewings(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _evenings(
    rng: np.random.Generator,
    liking: NDArray[np.float64],
    fame: NDArray[np.float64],
    quality: NDArray[np.float64],
    row: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """One viewer: which films, how good, how long ago; drawn without repeats."""
    count = int(np.clip(rng.lognormal(mean=3.6, sigma=0.5), 8, len(liking) // 2))
    appeal = 1.3 * liking + fame + rng.gumbel(size=len(liking))  # the largest are a draw by softmax, without repeats
    film = np.argsort(-appeal)[:count]
    stars = 6.4 + 1.1 * liking[film] + quality[film] + 0.8 * rng.normal(size=count)
    value = np.clip(np.round(stars * 2) / 2, 0.5, 10)
    joined = YEARS * 365 * rng.beta(2, 1.2)
    days_ago = joined * rng.random(count)
    return np.full(count, row), film, value, days_ago
