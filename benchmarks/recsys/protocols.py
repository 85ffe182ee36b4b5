"""The splits that published figures rest on, each with a part to tune on and a part to be judged on once.

    ml100k-ms    MovieLens-100K, 75 % of each film's ratings for training (Microsoft recommenders)
    ncf-ml1m     MovieLens-1M, the last film of each user among 99 others (He et al., 2017)
    liang-ml1m   MovieLens-1M, 500 users unknown in training, a fifth of their likes held out (Liang et al., 2018)
    seq-ml1m     MovieLens-1M in order, the last film of each user held out, all films ranked (Kang & McAuley, 2018)
    cold-ml1m    MovieLens-1M, a fifth of the films taken out of training, those alone ranked

Every rating that a protocol counts is a like of confidence 1. Only seq-ml1m publishes an order; elsewhere all
timestamps are equal, so that no engine can learn from the time of what is held out at random. The draws are those of
numpy's old generator, in the order in which they were published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import Dataset, IntArray, Profiles
from benchmarks.recsys import movielens
from benchmarks.recsys.movielens import dataset_of, films, profiles_of

Part = Literal["valid", "test"]
Held = tuple[pd.DataFrame, pd.DataFrame]  # what is known, what is held out


@dataclass(frozen=True)
class Task:
    """What may be learned from, whom to rank for, and what they then liked.

    profiles: the scored users as they are known at the time, rows aligned with ``truth`` and ``user_ids``.
    truth: CSR (n_profiles, n_items), 1 where a film counts as a hit.
    candidates: int64 (n_profiles, n_candidates) of item positions, -1 for none: the only films to rank, equals by
        their place. None where all films that the profile has not seen are ranked.
    metrics: names for ``judging.METRICS``, the headline first.
    """

    dataset: Dataset
    profiles: Profiles
    truth: csr_matrix
    user_ids: IntArray
    metrics: tuple[str, ...]
    candidates: IntArray | None = None


def load(protocol: str, part: Part, data: Path) -> Task:
    """Read a protocol's files under the root folder ``data`` and split them; FileNotFoundError, KeyError."""
    return PROTOCOLS[protocol](data, part)


def ml100k_ms(data: Path, part: Part) -> Task:
    frame = movielens.ml100k(data)
    item_ids = np.sort(frame["item"].unique())
    known, held = split_each_film(frame, seed=42)
    if part == "valid":
        known, held = split_each_film(known, seed=43)
    about = films(data / "ml-100k", item_ids)
    return _of_known_users(known, held, item_ids, about, ("ndcg@10", "map@10", "precision@10", "recall_of_all@10"))


def split_each_film(frame: pd.DataFrame, *, seed: int, share: float = 0.75) -> Held:
    """A random ``share`` of the rows of each film, rounded half to even, and the rest."""
    draws = np.random.RandomState(seed).rand(len(frame))
    drawn = frame.iloc[np.lexsort((draws, frame["item"]))]
    of_film = drawn.groupby("item")["item"]
    is_known = of_film.cumcount() < (share * of_film.transform("size")).round()
    return drawn[is_known], drawn[~is_known]


def ncf_ml1m(data: Path, part: Part) -> Task:
    train, positives, others = movielens.ncf_ml1m(data)
    n_items = int(max(train["item"].max(), positives.max(), others.max())) + 1
    if part == "valid":
        last = train.sort_values(["user", "ts"], kind="stable").groupby("user").tail(1)
        others = _unseen_films(train, positives, n_items)
        train, positives = train.drop(last.index), last["item"].to_numpy(np.int64)
    users = np.arange(len(positives))
    others = np.where(others == positives[:, None], -1, others)  # some users' lists hold the very film
    profiles = profiles_of(train["user"].to_numpy(), train["item"].to_numpy(), (len(users), n_items), n_genres=0)
    return Task(
        dataset=dataset_of(profiles, np.arange(n_items)),
        profiles=profiles,
        truth=profiles_of(users, positives, (len(users), n_items), n_genres=0).interactions,
        user_ids=users,
        metrics=("ndcg@10", "hit_rate@10"),
        candidates=np.column_stack([others, positives]),
    )


def _unseen_films(train: pd.DataFrame, positives: IntArray, n_items: int) -> IntArray:
    """99 films a user, drawn from those that are neither in training nor held back."""
    rng = np.random.default_rng(0)
    seen = train.groupby("user")["item"].apply(lambda items: items.to_numpy())
    return np.array(
        [
            rng.choice(np.setdiff1d(np.arange(n_items), np.append(seen[user], held)), 99, replace=False)
            for user, held in enumerate(positives)
        ]
    )


def liang_ml1m(data: Path, part: Part, *, n_held_out: int = 500) -> Task:
    frame = _liked(movielens.ml1m(data), least_of="user")
    users = np.sort(frame["user"].unique())
    users = users[np.random.RandomState(98765).permutation(len(users))]
    rest, valid, test = np.split(users, [-2 * n_held_out, -n_held_out])
    train = frame[frame["user"].isin(rest)]
    item_ids = np.sort(train["item"].unique())
    asked = frame["user"].isin(valid if part == "valid" else test)
    known, held = split_each_user(frame[asked & frame["item"].isin(item_ids)])
    scored = np.sort(held["user"].unique())
    about = films(data / "ml-1m", item_ids)
    return Task(
        dataset=dataset_of(_profiles(train, rest, item_ids, about), item_ids, about),
        profiles=_profiles(known[known["user"].isin(scored)], scored, item_ids, about),
        truth=_profiles(held, scored, item_ids, about).interactions,
        user_ids=scored,
        metrics=("ndcg@100", "recall@20", "recall@50"),
    )


def split_each_user(frame: pd.DataFrame, *, seed: int = 98765, share: float = 0.2) -> Held:
    """All but a random ``share`` of each user's rows, rounded down, and that share: none of fewer than five rows."""
    rng = np.random.RandomState(seed)
    held = [
        rng.choice(rows, size=int(share * len(rows)), replace=False)
        for _, rows in sorted(frame.reset_index().groupby("user").indices.items())
        if len(rows) >= 5
    ]
    is_held = np.zeros(len(frame), dtype=bool)
    is_held[np.concatenate(held)] = True
    return frame[~is_held], frame[is_held]


def seq_ml1m(data: Path, part: Part) -> Task:
    frame = movielens.sasrec_ml1m(data)
    user_ids, item_ids = np.sort(frame["user"].unique()), np.arange(1, frame["item"].max() + 1)
    of_user = frame.groupby("user")["item"]
    frame = frame.assign(order=of_user.cumcount())
    to_come = of_user.cumcount(ascending=False)  # events that follow
    place = 1 if part == "valid" else 0

    def profiles(rows: pd.DataFrame) -> Profiles:
        return _profiles(rows, user_ids, item_ids, None)

    return Task(
        dataset=dataset_of(profiles(frame[to_come >= 2]), item_ids),
        profiles=profiles(frame[to_come > place]),
        truth=profiles(frame[to_come == place]).interactions,
        user_ids=user_ids,
        metrics=("ndcg@10", "hit_rate@10", "mrr@10"),
    )


def cold_ml1m(data: Path, part: Part, *, share: float = 0.2) -> Task:
    frame = _liked(movielens.ml1m(data), least_of="item")
    item_ids = np.sort(frame["item"].unique())
    draws = np.random.RandomState(7).rand(len(item_ids))
    is_cold = draws < share if part == "valid" else draws >= 1 - share
    of_cold = frame["item"].isin(item_ids[is_cold])
    warm, held = frame[~of_cold], frame[of_cold]
    warm_enough = warm["user"][warm.groupby("user")["item"].transform("size") >= 5]
    about = films(data / "ml-1m", item_ids)
    metrics = ("ndcg@10", "recall@20", "hit_rate@10")
    return _of_known_users(
        warm, held[held["user"].isin(warm_enough)], item_ids, about, metrics, offered=np.flatnonzero(is_cold)
    )


def _liked(frame: pd.DataFrame, *, least_of: str) -> pd.DataFrame:
    """Ratings of 4 and 5, of users (or films) who have five or more of them."""
    frame = frame[frame["rating"] >= 4]
    return frame[frame.groupby(least_of)["item"].transform("size") >= 5]


def _of_known_users(
    known: pd.DataFrame,
    held: pd.DataFrame,
    item_ids: IntArray,
    about: movielens.Films,
    metrics: tuple[str, ...],
    *,
    offered: IntArray | None = None,
) -> Task:
    """The task of users who were there in training, ranking for those of ``held``, all films or those ``offered``."""
    user_ids, scored = np.sort(known["user"].unique()), np.sort(held["user"].unique())
    profiles = _profiles(known, user_ids, item_ids, about)
    scored = np.intersect1d(scored, user_ids)
    return Task(
        dataset=dataset_of(profiles, item_ids, about),
        profiles=profiles.take(np.searchsorted(user_ids, scored)),
        truth=_profiles(held[held["user"].isin(scored)], scored, item_ids, about).interactions,
        user_ids=scored,
        metrics=metrics,
        candidates=None if offered is None else np.tile(offered, (len(scored), 1)),
    )


def _profiles(frame: pd.DataFrame, user_ids: IntArray, item_ids: IntArray, about: movielens.Films | None) -> Profiles:
    """The rows of a frame as profiles, in the order of ``user_ids``; a column ``order`` becomes their time."""
    return profiles_of(
        pd.Index(user_ids).get_indexer(frame["user"]),
        np.searchsorted(item_ids, frame["item"]),
        (len(user_ids), len(item_ids)),
        n_genres=about.genres.shape[1] if about else 0,
        order=frame["order"].to_numpy() if "order" in frame else None,
    )


PROTOCOLS: dict[str, Callable[[Path, Part], Task]] = {
    "ml100k-ms": ml100k_ms,
    "ncf-ml1m": ncf_ml1m,
    "liang-ml1m": liang_ml1m,
    "seq-ml1m": seq_ml1m,
    "cold-ml1m": cold_ml1m,
}
