"""Whether the product learns from its own feedback: ``make simulate``, or ``python -m benchmarks.community.run``.

A simulated community (``world.py``) is shown lists by the product, and the product is told what they did with them.
The same community, from the same first history and model, lives through it once for each arm. Writes results.json,
README.md and clicks.svg beside this file, or in ``--out``; some ten minutes on one core, fewer with ``--processes``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product as pairs
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np

from benchmarks.community import product, report, world
from benchmarks.community.product import Shown
from benchmarks.community.world import Clicks, World, first_history

HERE = Path(__file__).parent
SEEDS = (1, 2, 3, 4, 5)
ROUNDS = 6

# All but those whose training takes minutes where it is done after every round of every seed.
ENGINES = (
    *("popular", "trending", "genre_affinity", "similar"),
    *("co_favorited", "matrix_factorization", "knn", "content_based"),
)


@dataclass(frozen=True)
class Arm:
    """wish: what viewers ask the product for. learns: the engines that are trained anew after each round."""

    wish: Mapping[str, Any]
    learns: tuple[str, ...]


ADVANCED = {"tier": "advanced"}
ARMS = {
    report.POPULARITY: Arm({"algorithm": "popular"}, ("popular",)),
    report.FIRST: Arm({}, ()),
    report.RETRAINED: Arm({}, ENGINES),
    report.FIRST_ADVANCED: Arm(ADVANCED, ()),
    report.RETRAINED_ADVANCED: Arm(ADVANCED, ENGINES),
}
TAKE_LONGEST = {report.RETRAINED_ADVANCED}
REFERENCES = (report.CHANCE, report.ALL_KNOWING)  # no product behind them: how much there is to find out


class Shop(Protocol):
    """Whoever shows lists, and hears what became of them."""

    def show(self, user: int) -> Shown: ...

    def hear(self, user: int, shown: Shown, clicks: Clicks) -> None: ...


class Reference:
    """Lists drawn blindly from what a viewer has not seen, or by knowing what they are to do; it learns nothing."""

    def __init__(self, community: World, name: str) -> None:
        self.community, self.name = community, name
        self._dice = np.random.default_rng([community.seed, 3])

    def show(self, user: int) -> Shown:
        left = self.community.films_left(user)
        if self.name == report.CHANCE:
            films = self._dice.choice(left, size=product.LIST_LENGTH, replace=False).tolist()
        else:
            films = sorted(left, key=lambda film: -self.community.chance(user, film))[: product.LIST_LENGTH]
        return Shown(UUID(int=0), self.name, films)

    def hear(self, user: int, shown: Shown, clicks: Clicks) -> None:
        pass


def begin(seed: int, folder: Path) -> str:
    """A folder with the community's first history, and the first model; what the gate said of it.

    It answers all the same: this is about what comes after a first model.
    """
    (folder / "artifacts").mkdir(parents=True)
    product.set_up(folder)
    community = World(seed)
    product.found(community.films, first_history(community))
    status = product.learn(ENGINES)
    if status != "active":
        product.let_through()
    return status


def play(seed: int, name: str, begun: Path, folder: Path, n_rounds: int) -> dict[str, Any]:
    """All rounds of one arm, in a copy of what was begun."""
    shutil.copytree(begun, folder)
    product.set_up(folder)
    arm, community = ARMS[name], World(seed)
    first_history(community)
    shop, rounds = product.Product(arm.wish), []
    for number in range(n_rounds):
        rounds.append(one_round(community, number, shop))
        if arm.learns and number + 1 < n_rounds:
            rounds[-1]["then_trained"] = product.learn(arm.learns)
    return {"rounds": rounds, "watched_of_taste": _watched_of_taste(community)}


def refer(community: World, name: str, n_rounds: int = ROUNDS) -> dict[str, Any]:
    """The same rounds with lists of a reference."""
    first_history(community)
    shop = Reference(community, name)
    rounds = [one_round(community, number, shop) for number in range(n_rounds)]
    return {"rounds": rounds, "watched_of_taste": _watched_of_taste(community)}


def one_round(community: World, number: int, shop: Shop) -> dict[str, Any]:
    """Everybody gets one list. The dice of a viewer in a round are the same in every arm."""
    rates, served = [], Counter[str]()
    for user in range(len(community.viewers)):
        shown = shop.show(user)
        dice = np.random.default_rng([community.seed, 2, number, user])
        clicks = community.clicks(user, shown.films, dice)
        shop.hear(user, shown, clicks)
        served[shown.served] += 1
        rates.append([len(part) / len(shown.films) for part in (clicks.opened, clicks.liked, clicks.dismissed)])
    opened, liked, dismissed = np.mean(rates, axis=0).round(6).tolist()
    return {"opened": opened, "liked": liked, "dismissed": dismissed, "served": dict(sorted(served.items()))}


def _watched_of_taste(community: World) -> dict[str, float]:
    """Of the films to a viewer's taste the share they have watched: the mean, and the most of any viewer."""
    shares = []
    for user, viewer in enumerate(community.viewers):
        fitting = [film for film in range(len(community.films.mood)) if community.is_to_taste(user, film)]
        shares.append(np.mean([film in viewer.watched for film in fitting]))
    return {"mean": round(float(np.mean(shares)), 4), "most": round(float(np.max(shares)), 4)}


def simulate(
    seeds: Sequence[int], arms: Sequence[str], folder: Path, *, processes: int, n_rounds: int
) -> dict[str, Any]:
    """What came of every arm with every seed. A process serves one database, and ends with it."""
    begun = [folder / f"{seed}" for seed in seeds]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, max_tasks_per_child=1) as pool:
        gate = list(pool.map(begin, seeds, begun))
        runs = list(pairs(zip(seeds, begun, strict=True), arms))
        played = [
            pool.submit(play, seed, name, there, folder / f"{seed} {name}", n_rounds) for (seed, there), name in runs
        ]
        found: dict[str, Any] = {name: {} for name in (*arms, *REFERENCES)}
        for ((seed, _), name), outcome in zip(runs, played, strict=True):
            found[name][str(seed)] = outcome.result()
            print(seed, name, [one["opened"] for one in found[name][str(seed)]["rounds"]], flush=True)
    for name, seed in pairs(REFERENCES, seeds):
        found[name][str(seed)] = refer(World(seed), name, n_rounds)
    return {"first_models": dict(zip(map(str, seeds), gate, strict=True)), "arms": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=[arm for arm in ARMS if arm not in TAKE_LONGEST])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marquee-community-") as folder:
        found = simulate(
            options.seeds, options.arms, Path(folder), processes=options.processes, n_rounds=options.rounds
        )
    results = {
        "world": hashlib.sha256(Path(world.__file__).read_bytes()).hexdigest(),
        "films": world.N_FILMS,
        "viewers": world.N_VIEWERS,
        "engines": ENGINES,
        **found,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    report.write(options.out)


if __name__ == "__main__":
    main()
