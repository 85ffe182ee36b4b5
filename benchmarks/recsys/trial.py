"""One variant on one protocol with one seed, in a process of its own, so that its peak of memory is its own.

`quality.py` starts it. What it finds goes to one JSON file, each user's figures and what the engine learned into the
cache, from which a later run, or another variant of the same arrays, takes them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from apps.recommendations.artifacts import read_artifact, write_artifact
from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.contract import Engine
from apps.recommendations.registry import ENGINES
from benchmarks.recsys import rmse
from benchmarks.recsys.costs import Cost, measured, peer_cost
from benchmarks.recsys.judging import beyond_accuracy, estimate, per_user, ranked_lists
from benchmarks.recsys.protocols import Part, Task, load
from benchmarks.recsys.settings import Variant, variant_named, variants

COSTS = "costs.json"
HOOK = "progress"  # of an engine that learns in steps: called with the steps done and their total
Found = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where one protocol's part is read, and kept."""

    protocol: str
    part: Part
    data: Path
    cache: Path

    def users(self, variant: str, seed: int) -> Path:
        """Each user's figures, an array for each metric."""
        return users_file(self.cache, self.protocol, self.part, variant, seed)

    def fit(self, variant: str, seed: int) -> Path:
        """The artifact of what the engine learned, and beside its manifest what that cost."""
        return self.cache / "fits" / f"{self.protocol}-{self.part}" / f"{variant}-seed{seed}"


def users_file(cache: Path, protocol: str, part: str, variant: str, seed: int) -> Path:
    return cache / "users" / f"{protocol}-{part}" / f"{variant}-seed{seed}.npz"


def run(variant: Variant, place: Place, seed: int, *, implicit: Cost, again: bool) -> Found:
    """Fit, or take what is in the cache, then judge; each user's figures are written to the cache.

    ``implicit`` is what the library's fit has just cost; with a fit of the cache comes what it cost then.
    """
    if place.protocol in rmse.FOLDS:
        return rate(variant, place, seed, implicit=implicit)
    task = load(place.protocol, place.part, place.data)
    engine, costs = fitted(variant, task, place, seed, implicit=implicit, again=again)
    started = time.perf_counter()
    ranked = ranked_lists(engine, task)
    seconds = time.perf_counter() - started
    values = per_user(ranked, task.truth, task.metrics)
    users = place.users(variant.name, seed)
    users.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {name: value.round(5).astype(np.float32) for name, value in values.items()}
    np.savez_compressed(users, **kept)
    return {
        "users": len(task.profiles),
        "items": task.dataset.n_items,
        "figures": {name: asdict(estimate(value)) for name, value in values.items()},
        "beyond": beyond_accuracy(ranked, task),
        **costs,
        "rank_ms_per_user": 1000 * seconds / len(task.profiles),
    }


def rate(variant: Variant, place: Place, seed: int, *, implicit: Cost) -> Found:
    """The same of predicted stars, a figure for each fold."""
    figures, costs = [], []
    for fold in rmse.folds(place.protocol, place.data, valid=place.part == "valid"):
        engine, cost = measured(lambda dataset=fold.dataset: variant.build(seed).fit(dataset))  # type: ignore[misc]
        figures.append(rmse.errors(engine, fold))
        costs.append(asdict(cost))
    mean = {name: float(np.mean([cost[name] for cost in costs])) for name in costs[0]}
    return {"folds": figures, "fit": mean, "implicit": asdict(implicit)}


def fitted(
    variant: Variant, task: Task, place: Place, seed: int, *, implicit: Cost, again: bool
) -> tuple[Engine, Found]:
    """The variant's engine, and what its own fit cost, which is None where another's arrays serve."""
    if variant.fitted_by:
        other = variant_named(place.protocol, variant.fitted_by)
        engine, costs = fitted(other, task, place, seed, implicit=implicit, again=False)
        return variant.take_over(engine, seed), {**costs, "fit": None}
    folder = place.fit(variant.name, seed)
    if not again and (known := _known_fit(folder, variant, seed)):
        return known
    engine, cost = _learned(variant.build(seed), task, place, seed)
    costs = {"fit": asdict(cost), "implicit": asdict(implicit)}
    if variant.engine in ENGINES:
        shutil.rmtree(folder, ignore_errors=True)
        write_artifact(folder.parent, folder.name, {variant.engine: engine}, {})
        (folder / COSTS).write_text(json.dumps(costs))
    return engine, costs


def _learned(engine: Engine, task: Task, place: Place, seed: int) -> tuple[Engine, Cost]:
    """Fit it; a blend takes over the parts that the cache holds, at what they cost then."""
    if not isinstance(engine, Blend):
        return measured(lambda: engine.fit(task.dataset))
    parts = {name: part for name in engine.members if (part := _known_part(engine.build_member(name), place, seed))}
    _, cost = measured(lambda: engine.fit_on(task.dataset, {name: part for name, (part, _) in parts.items()}))
    for _, costs in parts.values():
        cost = cost.after(Cost(**costs["fit"]))
    return engine, cost


def _known_part(blank: Engine, place: Place, seed: int) -> tuple[Engine, Found] | None:
    """The same engine at the same hyperparameters, as a variant of its own has left it in the cache."""
    for variant in variants(place.protocol):
        if variant.engine == blank.name and not variant.fitted_by and _same(variant.build(seed), blank):
            return _known_fit(place.fit(variant.name, seed), variant, seed)
    return None


def _same(one: Engine, other: Engine) -> bool:
    """Whether their hyperparameters are the same, written as JSON."""
    return json.dumps(one.params(), sort_keys=True) == json.dumps(other.params(), sort_keys=True)


def _known_fit(folder: Path, variant: Variant, seed: int) -> tuple[Engine, Found] | None:
    """What the cache holds, if it was learned with the same hyperparameters."""
    if not (folder / COSTS).exists():
        return None
    engine = read_artifact(folder).engines[variant.engine]
    return (engine, json.loads((folder / COSTS).read_text())) if _same(engine, variant.build(seed)) else None


def peer(place: Place) -> Found:
    """What `implicit` costs on the same training part."""
    if place.protocol in rmse.FOLDS:
        fold = next(rmse.folds(place.protocol, place.data, valid=place.part == "valid"))
        return asdict(peer_cost(fold.dataset))
    return asdict(peer_cost(load(place.protocol, place.part, place.data).dataset))


def tell_progress(file: Path) -> None:
    """Have every engine that learns in steps write to ``file`` how many of a hundred parts are done."""

    def told(done: int, total: int) -> None:
        if 100 * done // total > 100 * (done - 1) // total:
            file.write_text(f"{100 * done // total} %")

    for kind in ENGINES.values():
        if hasattr(kind, HOOK):
            setattr(kind, HOOK, staticmethod(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--part", choices=["valid", "test"], required=True)
    parser.add_argument("--variant", help="without one, the library that costs are compared with is fitted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--implicit", type=json.loads, help="what the library's fit has just cost")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--progress", type=Path, required=True, help="a file to write it to")
    asked = parser.parse_args()
    tell_progress(asked.progress)
    place = Place(asked.protocol, cast(Part, asked.part), asked.data, asked.cache)
    if asked.variant:
        variant = variant_named(asked.protocol, asked.variant)
        found = run(variant, place, asked.seed, implicit=Cost(**asked.implicit), again=asked.again)
    else:
        found = peer(place)
    asked.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
