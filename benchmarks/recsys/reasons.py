"""Whether reasons are true: `python -m benchmarks.recsys.reasons --data DIR`, DIR the folder of the data sets.

Engines fitted on MovieLens-1M in order (seq-ml1m; those that read content on cold-ml1m, whose films have titles and
genres, in the order of storage) show ten films each to users drawn at random. Counted are the films that name one of
the user's as reason, and of those, up to a thousand, how many have a lower score once the film named first is taken
out of the profile, all that is taken of the profile as a whole held. Two engines learn small here, to spare an hour.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from apps.recommendations.engines.contract import Engine, IntArray, Profiles, ReasonCode
from apps.recommendations.registry import ENGINES, build
from benchmarks.recsys.protocols import Task, load

REPORT = Path(__file__).with_suffix(".md")
QUICK: dict[str, dict[str, Any]] = {
    "matrix_factorization": {"stars": False},
    "sequential": {"n_epochs": 2},
    "neural_cf": {"n_factors": 64},
}
PARTS: dict[str, dict[str, Any]] = {name: QUICK.get(name, {}) for name in build("hybrid").params()["members"]}
SETTINGS: dict[str, dict[str, Any]] = {**QUICK, "hybrid": {"members": PARTS}}
OF_FILMS = {ReasonCode.SIMILAR_TO, ReasonCode.LIKED_TOGETHER}
SHOWN = 10


def outcomes(engine: Engine, task: Task, n_users: int, rng: np.random.Generator) -> Iterator[bool | None]:
    """For each film shown: None where no film is named, else whether the score falls without it."""
    for row in rng.permutation(len(task.profiles))[:n_users]:
        whole = task.profiles.take(np.array([row]))
        items = engine.rank(whole, k=SHOWN)[0][0]
        items = items[items >= 0]
        named = first_named(engine, whole, items)
        for item, film in zip(items, named, strict=True):
            if film is None:
                yield None
                continue
            rest = whole.only(whole.interactions.indices != film)
            before, after = (engine.score_held(profiles, whole)[0, item] for profiles in (whole, rest))
            yield bool(after < before)


def first_named(engine: Engine, whole: Profiles, items: IntArray) -> list[int | None]:
    """The film that the first reason of each item names."""
    return [
        next((reason.refs[0] for reason in reasons if reason.code in OF_FILMS), None)
        for reasons in engine.reasons(whole, items, limit=1)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds ml-1m, sasrec-ml-1m ...")
    parser.add_argument("--users", type=int, default=100)
    options = parser.parse_args()
    tasks = {name: load(name, "test", options.data) for name in ("seq-ml1m", "cold-ml1m")}
    lines = ["| engine | protocol | films shown | name a film | true of these |", "|---|---|---|---|---|"]
    personal = [name for name, engine in ENGINES.items() if engine.personalised and name != "genre_affinity"]
    for name in tqdm(personal):
        protocol = "cold-ml1m" if ENGINES[name].reads_content else "seq-ml1m"
        engine = build(name, **SETTINGS.get(name, {})).fit(tasks[protocol].dataset)
        found = list(outcomes(engine, tasks[protocol], options.users, np.random.default_rng(0)))
        told = [true for true in found if true is not None]
        lines.append(f"| {name} | {protocol} | {len(found)} | {len(told) / len(found):.1%} | {np.mean(told):.1%} |")
        print(lines[-1])
    command = f"python -m benchmarks.recsys.reasons --data DIR --users {options.users}"
    REPORT.write_text(f"# Are reasons true?\n\n`{command}`\n{__doc__.partition('.')[2]}\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
