"""The published splits for predicted stars, and how far the predictions are off.

    rmse-ml100k  MovieLens-100K, GroupLens' own five folds u1 to u5
    rmse-ml1m    MovieLens-1M, one split at random, nine tenths for training

Predictions are kept between 1 and 5. An engine sees the training part alone, and folds in each user's ratings of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from apps.recommendations.engines.contract import Dataset, FloatArray, IntArray
from apps.recommendations.metrics import Values
from benchmarks.recsys import movielens
from benchmarks.recsys.movielens import dataset_of, profiles_of

BATCH = 512  # profiles asked at once
STARS = (1.0, 5.0)
FOLDS = {"rmse-ml100k": 5, "rmse-ml1m": 1}


@dataclass(frozen=True)
class Fold:
    """Ratings to learn from, and the (rows, items) to predict the stars of, each (n_test,)."""

    dataset: Dataset
    rows: IntArray
    items: IntArray
    stars: FloatArray


def folds(protocol: str, data: Path, *, valid: bool = False) -> Iterator[Fold]:
    """Every fold of a protocol; for tuning, a tenth of each training part instead of its test part."""
    if protocol == "rmse-ml100k":
        parts = [movielens.ml100k_fold(data, fold) for fold in range(1, FOLDS[protocol] + 1)]
    else:
        parts = [_nine_tenths(movielens.ml1m(data), seed=42)]
    for train, test in parts:
        yield fold_of(*(_nine_tenths(train, seed=43) if valid else (train, test)))


def _nine_tenths(frame: pd.DataFrame, *, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = np.random.RandomState(seed).rand(len(frame)) < 0.9
    return frame[known], frame[~known]


def fold_of(train: pd.DataFrame, test: pd.DataFrame) -> Fold:
    """Users and films of both parts have a position; one of the test part may have no rating to learn from."""
    both = pd.concat([train, test])
    user_ids, item_ids = np.sort(both["user"].unique()), np.sort(both["item"].unique())
    profiles = profiles_of(
        np.searchsorted(user_ids, train["user"]),
        np.searchsorted(item_ids, train["item"]),
        (len(user_ids), len(item_ids)),
        n_genres=0,
        ratings=train["rating"].to_numpy(),
    )
    return Fold(
        dataset=dataset_of(profiles, item_ids),
        rows=np.searchsorted(user_ids, test["user"]),
        items=np.searchsorted(item_ids, test["item"]),
        stars=test["rating"].to_numpy(np.float32),
    )


def predicted(engine: Any, fold: Fold) -> Values:
    """(n_test,) stars between 1 and 5, by ``engine.predicted_ratings(profiles, items)``, (n_profiles, n_items).

    Where it predicts none (NaN: of somebody without a rating), the mean of the training part stands.
    """
    stars = np.empty(len(fold.rows))
    every_item = np.arange(fold.dataset.n_items)
    for start in range(0, fold.dataset.n_users, BATCH):
        rows = np.arange(start, min(start + BATCH, fold.dataset.n_users))
        table = engine.predicted_ratings(fold.dataset.profiles.take(rows), every_item)
        asked = np.flatnonzero((fold.rows >= start) & (fold.rows <= rows[-1]))
        stars[asked] = table[fold.rows[asked] - start, fold.items[asked]]
    mean = fold.dataset.profiles.ratings.mean()
    return np.clip(np.where(np.isnan(stars), mean, stars), *STARS)


def errors(engine: Any, fold: Fold) -> dict[str, float]:
    """Root mean squared and mean absolute error, and the standard error of the first over the test ratings."""
    off = predicted(engine, fold) - fold.stars
    squared = off**2
    rmse = float(np.sqrt(squared.mean()))
    return {
        "rmse": rmse,
        "mae": float(np.abs(off).mean()),
        "error": float(squared.std() / np.sqrt(len(squared)) / (2 * rmse)) if rmse else 0.0,
    }
