"""Ranked lists for a task that somebody else wrote and will judge: `python -m benchmarks.recsys.rank`.

--task is a folder with

    train.csv       user,item,...          what may be learned from: every row is a like
    history.csv     user,item[,position]   what is known of each user to rank for
    users.csv       user                   these users, in order
    candidates.csv  user,item              optional: the only films to rank for each

A column `position` that is not the same everywhere is the order of a user's rows; a `ts` in train.csv, whose like the
histories lack, is not read. --out gets the columns user,item,rank, the best hundred for each user, or as many as the
engine has an opinion on. What is written depends on nothing but the folder, the engine, --params and --seed.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import Dataset, IntArray, Profiles
from apps.recommendations.registry import NAMES
from benchmarks.recsys.baselines import Random
from benchmarks.recsys.judging import DEPTH, ranked_lists
from benchmarks.recsys.movielens import Films, dataset_of, films, profiles_of
from benchmarks.recsys.protocols import Task
from benchmarks.recsys.settings import build_engine, seeded

Labels = NDArray[Any]  # as they stand in the files, numbers or text


@dataclass(frozen=True)
class Folder:
    """A task without its truth, and what its rows and columns are called in the files."""

    task: Task
    users: Labels
    items: Labels


def read_folder(folder: Path, movies: Path | None = None) -> Folder:
    """The task of a folder; ``movies``, a movie file or its folder, tells what its films are called and about."""
    train, history = (_pairs(pd.read_csv(folder / name)) for name in ("train.csv", "history.csv"))
    users = pd.read_csv(folder / "users.csv")["user"].to_numpy()
    given = folder / "candidates.csv"
    candidates = pd.read_csv(given) if given.exists() else None
    frames = [train, history] if candidates is None else [train, history, candidates]
    items = labels(pd.concat([frame["item"] for frame in frames]))
    about = films(movies, items) if movies else None
    user_rows = labels(train["user"])
    dataset = _dataset(_profiles(train, user_rows, items, about), items, about)
    profiles = _profiles(history[history["user"].isin(users)], users, items, about)
    task = Task(
        dataset=dataset,
        profiles=profiles,
        truth=csr_matrix(profiles.interactions.shape, dtype=np.float32),
        user_ids=np.arange(len(users)),
        metrics=(),
        candidates=None if candidates is None else _candidates(candidates, users, items),
    )
    return Folder(task, users, items)


def labels(column: pd.Series) -> Labels:
    """Every label once: numbers in their order, text in the order of the file, since t10 does not come before t2."""
    return np.sort(column.unique()) if pd.api.types.is_numeric_dtype(column) else column.unique().astype(object)


def _pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns user, item and, where the file tells one, order; a film that stands there twice counts once."""
    frame = frame.drop_duplicates(["user", "item"], keep="last")
    if "position" in frame and frame["position"].nunique() > 1:
        return frame[["user", "item"]].assign(order=frame["position"])
    return frame[["user", "item"]]


def _profiles(frame: pd.DataFrame, users: Labels, items: Labels, about: Films | None) -> Profiles:
    return profiles_of(
        pd.Index(users).get_indexer(frame["user"]),
        pd.Index(items).get_indexer(frame["item"]),
        (len(users), len(items)),
        n_genres=about.genres.shape[1] if about else 0,
        order=frame["order"].to_numpy() if "order" in frame else None,
    )


def _dataset(profiles: Profiles, items: Labels, about: Films | None) -> Dataset:
    numbered = np.issubdtype(items.dtype, np.integer)
    return dataset_of(profiles, items.astype(np.int64) if numbered else np.arange(len(items)), about)


def _candidates(frame: pd.DataFrame, users: Labels, items: Labels) -> IntArray:
    """int64 (n_users, the most that any user has), in the order of positions, padded with -1."""
    rows = pd.Index(users).get_indexer(frame["user"])
    columns = pd.Index(items).get_indexer(frame["item"])
    rows, columns = np.divmod(np.unique((rows * len(items) + columns)[rows >= 0]), len(items))
    counts = np.bincount(rows, minlength=len(users))
    offered = np.full((len(users), counts.max(initial=0)), -1, dtype=np.int64)
    offered[rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)] = columns
    return offered


def lists(folder: Folder, ranked: IntArray) -> pd.DataFrame:
    """The columns user, item and rank, from 1, of lists as ``ranked_lists`` gives them."""
    rows, places = np.nonzero(ranked >= 0)
    return pd.DataFrame({"user": folder.users[rows], "item": folder.items[ranked[rows, places]], "rank": places + 1})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--algorithm", choices=[*NAMES, Random.name], required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--params", type=json.loads, default={}, help='hyperparameters, like {"n_factors": 192}')
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--movies", type=Path, help="movies.dat, u.item or movies.csv, or the folder with it")
    asked = parser.parse_args()
    engine = build_engine(asked.algorithm, seeded(asked.algorithm, asked.params, asked.seed))
    if engine.reads_content and asked.movies is None:
        parser.error(f"{asked.algorithm} reads what films are about: --movies PATH names the movie file.")
    folder = read_folder(asked.task, asked.movies)
    ranked = ranked_lists(engine.fit(folder.task.dataset), folder.task, DEPTH)
    lists(folder, ranked).to_csv(asked.out, index=False)


if __name__ == "__main__":
    main()
