"""Every engine on MovieLens, cut at one moment in time: `python -m benchmarks.recsys.time_split --data PATH`.

PATH is GroupLens' ml-latest-small, the zip or its folder; it is read in place. The report is written beside this file.
Defaults of the engines were chosen with `--validation`, which cuts the training part once more and never sees the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import zipfile
from io import BytesIO
from pathlib import Path

import django
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import UNKNOWN_YEAR, Dataset, Profiles
from apps.recommendations.evaluation import TimeSplit, evaluate, time_split
from apps.recommendations.registry import NAMES, build

REPORT = Path(__file__).with_suffix(".md")
HEADER = "| engine | nDCG@10 | ± | recall@10 | hit rate@10 | coverage@10 | popularity@10 | fit, s |"


def read_csv(data: Path, name: str) -> pd.DataFrame:
    """One file of a MovieLens zip or folder."""
    if data.is_dir():
        return pd.read_csv(data / name)
    with zipfile.ZipFile(data) as archive:
        member = next(member for member in archive.namelist() if member.endswith(f"/{name}"))
        return pd.read_csv(BytesIO(archive.read(member)))


def movielens(data: Path) -> Dataset:
    """Ratings as signed confidence, genres and titles as features; MovieLens has no popularity of its own."""
    movies, ratings = read_csv(data, "movies.csv"), read_csv(data, "ratings.csv")
    genres = movies["genres"].where(movies["genres"] != "(no genres listed)", "").str.get_dummies("|")
    titles = movies["title"].str.extract(r"^(.*) \((\d{4})\)\s*$")
    nothing = csr_matrix((len(movies), 0), dtype=np.float32)
    rows, users = pd.factorize(ratings["userId"], sort=True)
    items = pd.Index(movies["movieId"]).get_indexer(ratings["movieId"])
    return Dataset(
        profiles=profiles(rows, items, ratings, (len(users), genres.shape)),
        item_genres=csr_matrix(genres.to_numpy(np.float32)),
        item_keywords=nothing,
        item_directors=nothing,
        item_cast=nothing,
        item_titles=titles[0].fillna(movies["title"]).tolist(),
        item_texts=[""] * len(movies),
        item_years=titles[1].fillna(UNKNOWN_YEAR).to_numpy(np.int64),
        item_languages=[""] * len(movies),
        item_popularity=np.zeros(len(movies), dtype=np.float32),
        item_ids=movies["movieId"].to_numpy(np.int64),
    )


def confidence(stars: pd.Series) -> np.ndarray:
    """Stars out of five as the product weighs a rating out of ten."""
    from apps.recommendations.signals import confidence_of_rating  # its tables want Django to be set up

    return np.array([confidence_of_rating(value) for value in stars * 2], dtype=np.float32)


def profiles(
    rows: np.ndarray, items: np.ndarray, ratings: pd.DataFrame, shape: tuple[int, tuple[int, int]]
) -> Profiles:
    """Ratings and their times as profiles of users who said nothing of genres."""
    n_users, (n_items, n_genres) = shape
    order = np.lexsort((items, rows))
    indptr = np.searchsorted(rows[order], np.arange(n_users + 1))
    weights = confidence(ratings["rating"])
    return Profiles(
        interactions=csr_matrix((weights[order], items[order], indptr), shape=(n_users, n_items)),
        timestamps=ratings["timestamp"].to_numpy(np.float64)[order],
        ratings=ratings["rating"].to_numpy(np.float32)[order],
        genres=csr_matrix((n_users, n_genres), dtype=np.float32),
    )


def measure(split: TimeSplit) -> list[dict[str, float | str]]:
    """One row of figures for every engine of the registry, at its defaults."""
    rows: list[dict[str, float | str]] = []
    for name in NAMES:
        engine = build(name)
        started = time.perf_counter()
        engine.fit(split.train)
        seconds = time.perf_counter() - started
        rows.append({"engine": name, **evaluate(engine, split, k=10).as_dict(), "fit_seconds": round(seconds, 3)})
    return rows


def table(rows: list[dict[str, float | str]]) -> str:
    columns = ("ndcg", "ndcg_error", "recall", "hit_rate", "coverage", "popularity", "fit_seconds")
    lines = [" | ".join([str(row["engine"]), *(f"{row[column]:.3f}" for column in columns)]) for row in rows]
    return "\n".join([HEADER, "|---" * 8 + "|", *(f"| {line} |" for line in lines)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="ml-latest-small.zip, or the folder it unpacks to")
    parser.add_argument("--validation", action="store_true", help="judge on a cut inside the training part; no report")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    django.setup()
    split = time_split(movielens(options.data))
    if options.validation:
        split = time_split(split.train)
    rows = measure(split)
    print(table(rows))
    if not options.validation:
        write_report(rows, split, options.data.name)


def write_report(rows: list[dict[str, float | str]], split: TimeSplit, data: str) -> None:
    command = f"python -m benchmarks.recsys.time_split --data {data}"
    facts = {
        "command": command,
        "train_cells": int(split.train.profiles.interactions.nnz),
        "n_items": split.train.n_items,
        "n_users": len(split.users),
        "cut": pd.Timestamp(split.cut, unit="s").isoformat(),
    }
    text = f"""# ml-latest-small, cut in time

`{command}`

Everything before {facts["cut"]} ({facts["train_cells"]:,} cells, the first 80 %) is for training. Judged are the
{facts["n_users"]} people with two likes or more since: they show their past and the first half of what they did since,
and each engine ranks all {facts["n_items"]:,} films, seen ones left out, for what they liked in the other half. A film
that nobody had rated by then counts as a miss. The films have genres, but no keywords and no people, which is hard on
`similar`. ± is the standard error of nDCG over the people judged.

{table(rows)}
"""
    REPORT.write_text(text)
    REPORT.with_suffix(".json").write_text(json.dumps({**facts, "engines": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
