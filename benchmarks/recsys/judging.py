"""How well an engine ranks for the users of a task: one figure a user, and how sure their mean is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import NO_ITEM, NO_OPINION, Engine, IntArray, top_k
from apps.recommendations.metrics import (
    Values,
    average_precision,
    catalog_coverage,
    gini,
    hit_rate_at_k,
    mean_popularity,
    ndcg_at_k,
    novelty,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from benchmarks.recsys.protocols import Task

DEPTH = 100  # of a ranked list
SHOWN = 10  # of it, for what is judged beyond accuracy
BATCH = 256  # profiles scored at once
ROUNDS = 2000  # of a bootstrap

METRICS: dict[str, Callable[[IntArray, csr_matrix, int], Values]] = {
    "ndcg": ndcg_at_k,
    "recall": recall_at_k,  # of as many as a list of k can hold
    "recall_of_all": partial(recall_at_k, capped=False),
    "precision": precision_at_k,
    "hit_rate": hit_rate_at_k,
    "mrr": reciprocal_rank,
    "map": average_precision,
}


@dataclass(frozen=True)
class Estimate:
    """A mean over users, its standard error, and the interval that holds 95 % of resampled means."""

    mean: float
    error: float
    low: float
    high: float


def ranked_lists(engine: Engine, task: Task, depth: int = DEPTH) -> IntArray:
    """int64 (n_profiles, depth) of item positions, best first, padded with -1, from a fitted engine.

    Equal scores go by position; among ``candidates`` by their place, which puts a held-out film behind its equals.
    """
    lists = [
        _rank(engine, task, np.arange(start, min(start + BATCH, len(task.profiles))), depth)
        for start in range(0, len(task.profiles), BATCH)
    ]
    return np.concatenate(lists)


def _rank(engine: Engine, task: Task, rows: IntArray, depth: int) -> IntArray:
    profiles = task.profiles.take(rows)
    if task.candidates is None:
        return engine.rank(profiles, k=depth)[0]
    offered = task.candidates[rows]
    scores = np.take_along_axis(engine.score(profiles), np.maximum(offered, 0), axis=1)
    scores[offered < 0] = NO_OPINION
    places, _ = top_k(scores, depth)
    items = np.take_along_axis(offered, np.maximum(places, 0), axis=1)
    return np.where(places >= 0, items, NO_ITEM)


def per_user(ranked: IntArray, truth: csr_matrix, names: Iterable[str]) -> dict[str, Values]:
    """For each metric, named like ndcg@10, one float64 for each row of ``truth`` that holds anything."""
    values = {}
    for name in names:
        kind, _, k = name.partition("@")
        values[name] = METRICS[kind](ranked, truth, int(k))
    return values


def beyond_accuracy(ranked: IntArray, task: Task) -> dict[str, float]:
    """Of the first ten: how much of the catalogue they show, how popular, how new and how even it is.

    ``popularity_bias`` is how popular the films shown are over how popular those of the users' own histories are, each
    a mean of users' means: at 1 an engine shows people what is as popular as what they choose.
    """
    shown, likes = ranked[:, :SHOWN], task.dataset.profiles.likes
    return {
        "coverage": catalog_coverage(shown, task.dataset.n_items),
        "popularity": mean_popularity(shown, likes),
        "popularity_bias": popularity_bias(shown, task.profiles.likes, task.dataset.profiles.like_counts),
        "novelty": novelty(shown, likes),
        "gini": gini(shown, task.dataset.n_items),
    }


def popularity_bias(shown: IntArray, histories: csr_matrix, like_counts: IntArray) -> float:
    """Mean over users of the mean number of likes of what is shown, over the same of what they have; 0 of nothing."""
    of_shown = _row_means(np.where(shown >= 0, like_counts[shown], 0).sum(axis=1), (shown >= 0).sum(axis=1))
    of_histories = _row_means(csr_matrix(histories > 0) @ like_counts, np.diff(histories.indptr))
    return of_shown / of_histories if of_histories else 0.0


def _row_means(totals: IntArray, lengths: IntArray) -> float:
    """The mean of the means of rows that hold anything."""
    some = lengths > 0
    return float((totals[some] / lengths[some]).mean()) if some.any() else 0.0


def estimate(values: Values, *, seed: int = 0) -> Estimate:
    """The mean of one figure a user (or of the differences of two), bootstrapped over the users."""
    low, high = np.percentile(_resampled_means(values, seed), [2.5, 97.5])
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return Estimate(float(values.mean()), float(error), float(low), float(high))


def _resampled_means(values: Values, seed: int) -> Values:
    """(ROUNDS,): the mean of as many values as there are, drawn with repetition, each time."""
    rng = np.random.default_rng(seed)
    at_once = max(1, 2**20 // len(values))
    means = [
        values[rng.integers(0, len(values), (min(at_once, ROUNDS - start), len(values)))].mean(axis=1)
        for start in range(0, ROUNDS, at_once)
    ]
    return np.concatenate(means)
