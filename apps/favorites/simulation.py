"""A community for the demo: invented viewers, who watch what is popular and what they like. No real person is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_ANCHORS = 3  # films that a viewer's taste is made of
YEARS = 2.0  # how far back the community goes


@dataclass(frozen=True)
class Viewings:
    """What everybody watched, aligned arrays (n,): who and what by position, stars from 0.5 to 10, days ago."""

    viewer: NDArray[np.int64]
    film: NDArray[np.int64]
    value: NDArray[np.float64]
    days_ago: NDArray[np.float64]


def simulate(features: NDArray[np.float64], *, n_viewers: int, seed: int, famous: Sequence[int] = ()) -> Viewings:
    """Viewers pick films by taste and fame, and rate them by taste and quality.

    ``features`` is (n_films, n_features), 0 or 1. A viewer's taste is a few films dear to them: they like a film as far
    as it shares rare features with those. Fame and quality are the same for everybody, and invented, but that the
    ``famous`` films, by position, have more of both.
    """
    rng = np.random.default_rng(seed)
    n_films = len(features)
    fame = rng.normal(scale=0.7, size=(n_films,))
    quality = rng.normal(scale=0.5, size=(n_films,))
    fame[list(famous)] += 1.2
    quality[list(famous)] += 0.5
    alike = _alike(features)
    parts = []
    for row in range(n_viewers):
        anchors = np.argsort(-(fame + rng.gumbel(size=n_films)))[:N_ANCHORS]
        liking = _standardized(alike[anchors].sum(axis=0))
        parts.append(_evenings(rng, liking, fame, quality, row))
    return Viewings(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _alike(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_films, n_films): cosine of the features, each weighed by how rare it is."""
    rarity = np.log(len(features) / np.maximum(features.sum(axis=0), 1))
    weighted = features * rarity
    unit = weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-9)
    return np.asarray(unit @ unit.T)


def _standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


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
    stars = 6.2 + 0.6 * liking[film] + quality[film] + 0.8 * rng.normal(size=count)
    value = np.clip(np.round(stars * 2) / 2, 0.5, 10)
    joined = YEARS * 365 * rng.beta(2, 1.2)
    days_ago = joined * rng.random(count)
    return np.full(count, row), film, value, days_ago
