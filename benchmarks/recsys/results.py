"""The files that trials leave, and what the seeds of one variant come to together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from apps.recommendations.metrics import Values
from benchmarks.recsys.judging import Estimate, estimate
from benchmarks.recsys.settings import SETTINGS, Variant
from benchmarks.recsys.trial import users_file

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Result:
    """One trial. ``users`` is each metric's figure for each user, empty where the cache has lost them."""

    protocol: str
    variant: str
    seed: int
    found: Mapping[str, Any]
    users: Mapping[str, Values]

    def figure(self, metric: str) -> float:
        """The mean over users, or over folds."""
        if "folds" in self.found:
            return float(np.mean([fold[metric] for fold in self.found["folds"]]))
        return float(self.found["figures"][metric]["mean"])

    def ratio(self, cost: str) -> float | None:
        """Of what the fit cost to what `implicit` cost in the same run; None where nothing was fitted."""
        if not self.found["fit"]:
            return None
        return float(self.found["fit"][cost] / max(self.found["implicit"][cost], 1e-9))


@dataclass(frozen=True)
class Line:
    """What the seeds of one variant come to."""

    protocol: str
    variant: Variant
    results: Sequence[Result]

    @property
    def metrics(self) -> list[str]:
        found = self.results[0].found
        return ["rmse", "mae"] if "folds" in found else list(found["figures"])

    def seeds(self, metric: str) -> list[float]:
        return [result.figure(metric) for result in self.results]

    def mean(self, metric: str) -> float:
        return float(np.mean(self.seeds(metric)))

    def estimate(self, metric: str) -> Estimate:
        """Of the mean over users, each user's figure being the mean of the seeds."""
        if metric not in self.metrics or "folds" in self.results[0].found:
            return self._of_folds(metric)
        if (values := self.users(metric)) is not None:
            return estimate(values)
        parts = [result.found["figures"][metric] for result in self.results]
        return Estimate(*(float(np.mean([part[name] for part in parts])) for name in ("mean", "error", "low", "high")))

    def _of_folds(self, metric: str) -> Estimate:
        """The error of a mean of folds; the test ratings of one have nothing to do with those of another."""
        errors = [fold["error"] for fold in self.results[0].found["folds"]]
        error = float(np.sqrt(np.sum(np.square(errors))) / len(errors))
        mean = self.mean(metric)
        return Estimate(mean, error, mean - 1.96 * error, mean + 1.96 * error)

    def users(self, metric: str) -> Values | None:
        """(n_users,) the mean of the seeds; None where the cache has lost them."""
        values = [result.users[metric] for result in self.results if metric in result.users]
        return np.mean(values, axis=0) if len(values) == len(self.results) else None

    def beyond(self, name: str) -> float | None:
        found = [result.found["beyond"][name] for result in self.results if "beyond" in result.found]
        return float(np.mean(found)) if found else None

    def ratio(self, cost: str) -> float | None:
        ratios = [ratio for result in self.results if (ratio := result.ratio(cost)) is not None]
        return float(np.mean(ratios)) if ratios else None

    def fit(self, cost: str) -> float | None:
        costs = [result.found["fit"][cost] for result in self.results if result.found["fit"]]
        return float(np.mean(costs)) if costs else None


def read_results(results: Path, cache: Path) -> list[Result]:
    """Every trial's file under ``results``, with each user's figures out of the cache."""
    return [_read(file, cache) for file in sorted(results.glob("*/*.seed*.json"))]


def _read(file: Path, cache: Path) -> Result:
    found = json.loads(file.read_text())
    users = users_file(cache, *(found[name] for name in ("protocol", "part", "variant", "seed")))
    values: dict[str, Values] = {}
    if users.exists():
        with np.load(users) as arrays:
            values = {name: arrays[name].astype(np.float64) for name in arrays.files}
    return Result(found["protocol"], found["variant"], found["seed"], found, values)


def lines_of(results: Iterable[Result]) -> dict[str, list[Line]]:
    """For each protocol its variants that have results, in the order of settings.py."""
    grouped: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        grouped.setdefault((result.protocol, result.variant), []).append(result)
    return {
        protocol: [
            Line(protocol, variant, sorted(grouped[protocol, variant.name], key=lambda result: result.seed))
            for variant in settings
            if (protocol, variant.name) in grouped
        ]
        for protocol, settings in SETTINGS.items()
    }


def difference(ours: Line, other: Line, metric: str) -> Estimate | None:
    """What ``ours`` gains on ``other``, user by user; None where either's users are lost."""
    mine, theirs = ours.users(metric), other.users(metric)
    return None if mine is None or theirs is None else estimate(mine - theirs)


def best_other(line: Line, lines: Sequence[Line], metric: str) -> Line | None:
    """What a line is to be compared with: a blend with the best of its members, an ablation with the engine in full.

    Any other, and an ablation of an engine that is not in the table, with the best of the other engines.
    """
    full = [other for other in lines if not other.variant.ablation]
    if line.variant.members:
        rivals = [other for other in lines if other.variant.name in line.variant.members]
    else:
        rivals = [other for other in full if line.variant.ablation and other.variant.engine == line.variant.engine]
        rivals = rivals or [other for other in full if other.variant.engine != line.variant.engine]
    return max(rivals, key=lambda other: other.mean(metric), default=None)
