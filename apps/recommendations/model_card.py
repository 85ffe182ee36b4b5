"""What is told of a trained model: the data, the figures of its engines beside the baselines, what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.recommendations import registry
from apps.recommendations.dataset import TrainingData
from apps.recommendations.engines.contract import Engine
from apps.recommendations.evaluation import NORMAL_95, Judging, TimeSplit, figure_to_compare_by

RANDOM = "random"  # the baseline that is no engine
BY_LIKES = ((0, 4), (5, 19), (20, None))  # the segments, from and to
USE = (
    "It proposes films to the people of this server, from what they and others here favorited, rated, watched and hid; "
    "it is for no other decision about anybody."
)
LIMITS = (
    "Its figures are of the past, of those who went on liking films after the cut, and of films that they found "
    "without it: they rank engines, and promise nobody a hit rate. It knows little of who liked little, favours films "
    "that many like, and where its users are simulated its figures are of the simulation."
)


@dataclass(frozen=True)
class Trial:
    """What came of fitting engines on a split's past and judging them on what followed; chance is one of the judged.

    told_apart: by engine float64 (n_people,), of those who were shown lists; empty where these were too few.
    """

    split: TimeSplit
    judged: dict[str, Judging]
    told_apart: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """The figures of each engine."""
        return {name: self.figures_of(name) for name in self.judged if name != RANDOM}

    def figures_of(self, name: str) -> dict[str, Any]:
        shares = self.told_apart.get(name)
        return self.judged[name].figures.as_dict() | {"told_apart": None if shares is None else float(shares.mean())}

    @property
    def n_users(self) -> int:
        return len(self.split.users)

    @property
    def n_shown(self) -> int:
        """Whose lists were gone through for ``told_apart``."""
        return len(next(iter(self.told_apart.values()), ()))


def model_card(
    data: TrainingData, trial: Trial, engines: Mapping[str, Engine], fit_seconds: Mapping[str, float]
) -> dict[str, Any]:
    """All that can be told before the verdict; plain JSON."""
    moments = data.dataset.profiles.timestamps
    return {
        "data": {
            **learned_from(data),
            "since": _moment(moments.min()) if len(moments) else None,
            "until": _moment(moments.max()) if len(moments) else None,
        },
        "split": {"cut": _moment(trial.split.cut), "judged": trial.n_users, "shown": trial.n_shown},
        "figures": [{"name": name, **trial.figures_of(name)} for name in trial.judged],
        "segments": _segments(trial),
        "engines": [
            {"name": name, "fit_seconds": round(fit_seconds[name], 2), "params": engine.params()}
            for name, engine in engines.items()
        ],
        "use": USE,
        "limits": LIMITS,
    }


def learned_from(data: TrainingData) -> dict[str, Any]:
    """How many films, signals, and users of each kind."""
    return {
        "films": data.dataset.n_items,
        "signals": int(data.dataset.profiles.interactions.nnz),
        "users": data.users_by_kind,
    }


def best_engine(metrics: Mapping[str, Mapping[str, Any]], *, but: frozenset[str] = frozenset()) -> str | None:
    """The one that tells apart the most, or else has the highest ndcg; of equals the first of the registry."""
    names = [name for name in registry.NAMES if name in metrics and name not in but]
    figure = figure_to_compare_by(metrics, names)
    return max(names, key=lambda name: metrics[name][figure], default=None)


def _segments(trial: Trial) -> list[dict[str, Any]]:
    """The evaluated users by how many likes they showed: how many there are, and the mean ndcg of each engine."""
    n_likes = np.diff(trial.split.profiles.likes.indptr)
    segments = []
    for first, last in BY_LIKES:
        among = (n_likes >= first) & (n_likes <= (np.inf if last is None else last))
        means = {name: float(judging.ndcg[among].mean()) for name, judging in trial.judged.items() if among.any()}
        ndcg = {name: {"ndcg": mean} for name, mean in means.items()}
        told = {"from": first, "to": last, "users": int(among.sum()), "ndcg": means, "best": best_engine(ndcg)}
        segments.append(told)
    return segments


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")


def bars(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The judged, best first, as bars on one scale: per cent of the longest, and 95 % of each as a whisker."""
    figures = sorted(card["figures"], key=lambda told: -told["ndcg"])
    longest = max((told["ndcg"] + NORMAL_95 * told["ndcg_error"] for told in figures), default=0) or 1
    return [
        {
            **told,
            "is_baseline": told["name"] in {registry.POPULAR, RANDOM},
            "width": round(100 * told["ndcg"] / longest, 2),
            "low": round(100 * max(0, told["ndcg"] - NORMAL_95 * told["ndcg_error"]) / longest, 2),
            "high": round(100 * (told["ndcg"] + NORMAL_95 * told["ndcg_error"]) / longest, 2),
        }
        for told in figures
    ]


def by_segment(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The judged, each with its ndcg in every segment: None where the segment has no users."""
    return [
        {
            "name": told["name"],
            "cells": [
                {"ndcg": segment["ndcg"].get(told["name"]), "is_best": segment["best"] == told["name"]}
                for segment in card["segments"]
            ],
        }
        for told in card["figures"]
    ]
