"""What one answer costs: `python -m benchmarks.recsys.serving`, on one thread.

Matrix factorization is timed beside the bare product of its film factors with one user's, call by call in turn, so that
whatever else the machine does falls on both. Then every engine of the registry answers at one size of catalogue. The
report is written beside this file.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))  # before numpy

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import NO_OPINION, Dataset, Engine, Profiles
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.engines.stars import Stars
from apps.recommendations.registry import NAMES, build

REPORT = Path(__file__).with_suffix(".md")
COMMAND = "python -m benchmarks.recsys.serving"
CATALOGUES = (5_000, 50_000, 200_000)
N_FACTORS = 64
N_LIKES = 100
K = 20


def random_profiles(n_users: int, n_items: int, n_likes: int, rng: np.random.Generator) -> Profiles:
    """Users with so many likes each, of films of which some are far more popular, a minute apart."""
    appeal = 1 / np.arange(1, n_items + 1) ** 0.7
    items = np.stack([rng.choice(n_items, n_likes, replace=False, p=appeal / appeal.sum()) for _ in range(n_users)])
    items.sort(axis=1)
    cells = np.ones(items.size, dtype=np.float32), items.ravel(), np.arange(n_users + 1) * n_likes
    return Profiles(
        interactions=csr_matrix(cells, shape=(n_users, n_items)),
        timestamps=(60.0 * rng.permutation(items.size)).astype(np.float64),
        ratings=rng.integers(6, 11, items.size).astype(np.float32),
        genres=csr_matrix((n_users, 20), dtype=np.float32),
    )


def random_dataset(n_users: int, n_items: int, rng: np.random.Generator) -> Dataset:
    """Films with two genres, four keywords, a director, three actors and a text of twenty words."""

    def marks(width: int, each: int) -> csr_matrix:
        columns = rng.integers(0, width, (n_items, each))
        cells = csr_matrix((np.ones(columns.size), columns.ravel(), np.arange(n_items + 1) * each), (n_items, width))
        cells.sum_duplicates()
        cells.data[:] = 1
        return cells.astype(np.float32)

    words = np.array([f"word{number}" for number in range(5_000)])
    return Dataset(
        profiles=random_profiles(n_users, n_items, 50, rng),
        item_genres=marks(20, 2),
        item_keywords=marks(3_000, 4),
        item_directors=marks(2_000, 1),
        item_cast=marks(6_000, 3),
        item_titles=[" ".join(rng.choice(words, 2)) for _ in range(n_items)],
        item_texts=[" ".join(rng.choice(words, 20)) for _ in range(n_items)],
        item_years=rng.integers(1950, 2025, n_items),
        item_languages=rng.choice(["en", "fr", "ja"], n_items).tolist(),
        item_popularity=rng.random(n_items, dtype=np.float32),
        item_ids=np.arange(n_items),
    )


def factorization(n_items: int, rng: np.random.Generator) -> MatrixFactorization:
    """An engine of random factors, as if fitted: what it serves costs the same. One film in twenty, nobody likes."""
    engine = MatrixFactorization(n_factors=N_FACTORS)
    nothing = Stars.unknown()
    factors = rng.standard_normal((n_items, N_FACTORS), dtype=np.float32) / N_FACTORS
    state = {
        "item_factors": factors,
        "gram": factors.T @ factors,
        "silence": np.where(np.arange(n_items) % 20, np.float32(0), NO_OPINION),
        "star_items": nothing.items,
        "star_centres": nothing.centres,
        "star_ridges": nothing.ridges,
        "star_scale": nothing.scale,
    }
    return engine.restore(state)


def milliseconds(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median time of each call, made in turn so many times."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - started)
    return {name: 1_000 * float(np.median(taken)) for name, taken in times.items()}


def answer(engine: Engine, profiles: Profiles, rounds: int) -> float:
    """Milliseconds in which a fitted engine ranks the unseen films for the one profile given."""
    return milliseconds({"rank": lambda: engine.rank(profiles, k=K)}, rounds)["rank"]


def beside_the_product(n_items: int, rounds: int) -> str:
    """One row of the first table."""
    rng = np.random.default_rng(0)
    engine, one = factorization(n_items, rng), random_profiles(1, n_items, N_LIKES, rng)
    user = engine.fold_in(one.interactions)[0]
    calls = {"product": lambda: engine.item_factors @ user, "answer": lambda: engine.rank(one, k=K)}
    taken = milliseconds(calls, rounds)
    ratio = taken["answer"] / taken["product"]
    return f"| {n_items:,} | {taken['product']:.3f} | {taken['answer']:.3f} | {ratio:.2f} |"


def every_engine(n_users: int, n_items: int, rounds: int) -> list[str]:
    """Rows of the second table: every engine of the registry, at its defaults, on one random world."""
    rng = np.random.default_rng(0)
    dataset, one = random_dataset(n_users, n_items, rng), random_profiles(1, n_items, N_LIKES, rng)
    rows = []
    for name in NAMES:
        engine = build(name).fit(dataset)
        rows.append(f"| {name} | {answer(engine, one, rounds):.2f} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="calls of which the median is taken")
    parser.add_argument("--users", type=int, default=2_000, help="who every engine learns from")
    parser.add_argument("--items", type=int, default=10_000, help="films that every engine ranks; 0 leaves it out")
    options = parser.parse_args()
    products = [beside_the_product(n_items, options.rounds) for n_items in CATALOGUES]
    print("\n".join(products), flush=True)
    engines = every_engine(options.users, options.items, options.rounds // 10 + 1) if options.items else []
    REPORT.write_text(report(products, engines, options.users, options.items))


def report(products: list[str], engines: list[str], n_users: int, n_items: int) -> str:
    text = f"""# One answer

`{COMMAND}`

One user with {N_LIKES} likes, the best {K} unseen films, one thread, medians. `matrix_factorization` at {N_FACTORS}
factors folds the user in, scores every film, leaves out the seen and takes the best; beside it, in turn, the bare
product of the film factors with one user's.

| films | product, ms | answer, ms | ratio |
|---|---|---|---|
{chr(10).join(products)}
"""
    if engines:
        text += f"""
Every engine at its defaults, fitted to {n_users:,} random users:

| engine, {n_items:,} films | answer, ms |
|---|---|
{chr(10).join(engines)}
"""
    return text


if __name__ == "__main__":
    main()
