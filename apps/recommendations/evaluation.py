"""How well an engine foresees what people came to like, judged as it would have been used: by time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from apps.recommendations import metrics
from apps.recommendations.engines.contract import BoolArray, Dataset, Engine, IntArray, Profiles

ROWS_AT_ONCE = 256  # 50 MiB of scores at 50k items
NORMAL_95 = 1.96


@dataclass(frozen=True)
class TimeSplit:
    """What was known at one moment, and what it should have foretold.

    train: all that was done before ``cut``, every user at their row. It carries along what has no date: what users
        said of genres, and the films; not their popularity, which is today's and would tell of the future.
    profiles: the evaluated users when they are asked for: their past and the first half of what they did since.
    held_out: CSR (len(profiles), n_items) float32, what they liked in the other half.
    users: int64 (len(profiles),), their rows in ``train``.
    cut: seconds since 1970.
    """

    train: Dataset
    profiles: Profiles
    held_out: csr_matrix
    users: IntArray
    cut: float


@dataclass(frozen=True)
class Evaluation:
    """Means over the evaluated users, but for coverage, novelty and popularity: those are of all lists together.

    ``ndcg_error`` is the standard error of ``ndcg``: two engines closer than that are not told apart.
    """

    k: int
    n_users: int
    ndcg: float
    ndcg_error: float
    recall: float
    hit_rate: float
    average_precision: float
    coverage: float
    novelty: float
    popularity: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Judging:
    """An engine's figures, and the ndcg of each evaluated user, float64 (n_users,), to compare two engines by."""

    figures: Evaluation
    ndcg: NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """By how much one figure is above another, user by user: the mean, and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: NDArray[np.float64], over: NDArray[np.float64]) -> Difference:
        """Paired: who is easy to please is so for both, and that is no part of the error."""
        gained = values - over
        return cls(_mean(gained), _error(gained))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of it."""
        return self.mean - NORMAL_95 * self.error, self.mean + NORMAL_95 * self.error


def time_split(dataset: Dataset, test_fraction: float = 0.2) -> TimeSplit:
    """Cut at the moment that leaves ``test_fraction`` of all cells after it, one and the same for everybody.

    Evaluated are users with two or more likes since. They show the first half of what they did since, by time and then
    by position; what they liked in the rest is held out. Who liked nothing in the rest is not evaluated.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"A test fraction lies between 0 and 1, not at {test_fraction}.")
    everything = dataset.profiles
    cut = _cut(everything.timestamps, test_fraction)
    since = everything.timestamps >= cut
    liked = everything.interactions.data > 0
    hidden = since & _in_later_half(everything, since)
    held_out = everything.only(hidden & liked).interactions
    likes_since = np.diff(everything.only(since & liked).interactions.indptr)
    users = np.flatnonzero((likes_since >= 2) & (np.diff(held_out.indptr) > 0))
    undated = np.zeros_like(dataset.item_popularity)
    return TimeSplit(
        train=replace(dataset, profiles=everything.only(~since), item_popularity=undated),
        profiles=everything.only(~hidden).take(users),
        held_out=held_out[users],
        users=users,
        cut=cut,
    )


def evaluate(engine: Engine, split: TimeSplit, k: int = 10) -> Evaluation:
    """Rank for the split's users with an engine fitted on ``split.train``, and compare with what is held out."""
    return judge(rank_for(engine, split, k), split).figures


def judge(lists: IntArray, split: TimeSplit) -> Judging:
    """What such lists are worth, int64 (n_users, k), one for each of the split's users."""
    k = lists.shape[1]
    likes = split.train.profiles.likes
    ndcg = metrics.ndcg_at_k(lists, split.held_out, k)
    figures = Evaluation(
        k=k,
        n_users=len(split.users),
        ndcg=_mean(ndcg),
        ndcg_error=_error(ndcg),
        recall=_mean(metrics.recall_at_k(lists, split.held_out, k)),
        hit_rate=_mean(metrics.hit_rate_at_k(lists, split.held_out, k)),
        average_precision=_mean(metrics.average_precision(lists, split.held_out, k)),
        coverage=metrics.catalog_coverage(lists, split.train.n_items),
        novelty=metrics.novelty(lists, likes),
        popularity=metrics.mean_popularity(lists, likes),
    )
    return Judging(figures, ndcg)


def difference(of: Judging, over: Judging) -> Difference:
    return Difference.of(of.ndcg, over.ndcg)


def figure_to_compare_by(metrics: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> str:
    """Of these engines: ``told_apart`` where each of them has it, since by ``ndcg`` whoever made the lists wins."""
    return "told_apart" if all(metrics[name].get("told_apart") is not None for name in names) else "ndcg"


def rank_for(engine: Engine, split: TimeSplit, k: int) -> IntArray:
    """The top ``k`` for each of the split's users, int64 (n_users, k), what they had done by then left out."""
    lists = np.full((len(split.users), k), -1, dtype=np.int64)
    for start in range(0, len(lists), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(lists)))
        lists[rows], _ = engine.rank(split.profiles.take(rows), k=k)
    return lists


def random_lists(split: TimeSplit, k: int, random_state: int = 0) -> IntArray:
    """What chance would show, int64 (n_users, k): each user's list drawn evenly from what they had not done by then."""
    rng = np.random.default_rng(random_state)
    lists = np.full((len(split.users), k), -1, dtype=np.int64)
    for row in range(len(lists)):
        seen = split.profiles.interactions[row].indices
        drawn = rng.choice(split.train.n_items, size=min(k + len(seen), split.train.n_items), replace=False)
        unseen = drawn[~np.isin(drawn, seen)][:k]
        lists[row, : len(unseen)] = unseen
    return lists


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _error(values: NDArray[np.float64]) -> float:
    return float(values.std() / np.sqrt(len(values))) if len(values) else 0.0


def _cut(timestamps: NDArray[np.float64], test_fraction: float) -> float:
    """The first moment of the newest ``test_fraction``."""
    if not len(timestamps):
        return 0.0
    before = min(int(len(timestamps) * (1 - test_fraction)), len(timestamps) - 1)
    return float(np.partition(timestamps, before)[before])


def _in_later_half(profiles: Profiles, chosen: BoolArray) -> BoolArray:
    """(nnz,): whether a cell is in the later half, rounded up, of the ``chosen`` cells of its row."""
    cells = profiles.interactions
    row = np.repeat(np.arange(len(profiles)), np.diff(cells.indptr))
    by_time = np.lexsort((cells.indices, profiles.timestamps, row))
    by_time = by_time[chosen[by_time]]
    counts = np.bincount(row[by_time], minlength=len(profiles))
    place = np.arange(len(by_time)) - (np.cumsum(counts) - counts)[row[by_time]]
    later = np.zeros(len(row), dtype=bool)
    later[by_time] = place >= (counts // 2)[row[by_time]]
    return later
