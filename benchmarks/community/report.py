"""What came of the simulation: README.md and clicks.svg, from results.json beside them.

``python -m benchmarks.community.report [FOLDER]`` writes them anew without simulating.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.recsys.costs import required

HERE = Path(__file__).parent
POPULARITY, FIRST, RETRAINED = "popularity", "first model", "retrained"
FIRST_ADVANCED, RETRAINED_ADVANCED = "first model, advanced", "retrained, advanced"
CHANCE, ALL_KNOWING = "chance", "all-knowing"
COLOURS = {
    POPULARITY: "#8a8a8a",
    FIRST: "#d0822b",
    RETRAINED: "#1f5fa8",
    FIRST_ADVANCED: "#c05a7a",
    RETRAINED_ADVANCED: "#7a4fa0",
}
COMPARED = (
    (RETRAINED, FIRST),
    (RETRAINED, POPULARITY),
    (RETRAINED_ADVANCED, FIRST_ADVANCED),
    (RETRAINED, RETRAINED_ADVANCED),
)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, and the 95 % interval of Student's t around it."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} ({self.low:.4f} to {self.high:.4f})"

    @property
    def signed(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def estimate(values: Values) -> Estimate:
    """Of one value a seed; of a single seed there is no interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, float("nan"), float("nan"))
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return Estimate(mean, mean - half, mean + half)


class Found:
    """The figures of results.json by arm, each an array (n_seeds, n_rounds)."""

    def __init__(self, results: Mapping[str, Any]) -> None:
        self.results = results
        self.arms = [arm for arm in results["arms"] if arm in COLOURS]
        self.compared = [pair for pair in COMPARED if set(pair) <= set(self.arms)]
        self.seeds = list(results["arms"][CHANCE])

    def by_round(self, arm: str, figure: str = "opened") -> Values:
        runs = self.results["arms"][arm]
        return np.array([[one[figure] for one in runs[seed]["rounds"]] for seed in self.seeds])

    def after(self, arm: str, figure: str = "opened") -> Values:
        """(n_seeds,): the mean of the rounds after the first training on feedback."""
        return np.asarray(self.by_round(arm, figure)[:, 1:].mean(axis=1))

    def last(self, arm: str) -> Values:
        return self.by_round(arm)[:, -1]

    def watched_of_taste(self, arm: str) -> tuple[float, float]:
        told = [self.results["arms"][arm][seed]["watched_of_taste"] for seed in self.seeds]
        return float(np.mean([one["mean"] for one in told])), max(one["most"] for one in told)

    def served(self, arm: str) -> str:
        """Which engines made the lists, the busiest first, in per cent of them."""
        counts = Counter[str]()
        for seed in self.seeds:
            for one in self.results["arms"][arm][seed]["rounds"]:
                counts.update(one["served"])
        shares = {name: count / counts.total() for name, count in counts.most_common()}
        return ", ".join(
            f"{name} {share:.0%}" if share >= 0.005 else f"{name} below 1%" for name, share in shares.items()
        )

    def let_through_by_hand(self) -> str:
        gate = list(self.results["first_models"].values())
        return f"{len(gate) - gate.count('active')} of {len(gate)}"

    def promoted(self, arm: str) -> str:
        """How many of the models trained between rounds the gate let answer."""
        rounds = [one for seed in self.seeds for one in self.results["arms"][arm][seed]["rounds"]]
        told = [one["then_trained"] for one in rounds if "then_trained" in one]
        return f"{told.count('active')} of {len(told)}" if told else "none trained"


def write(folder: Path) -> None:
    found = Found(json.loads((folder / "results.json").read_text()))
    (folder / "README.md").write_text(_page(found))
    _draw(found, folder / "clicks.svg")


def _page(found: Found) -> str:
    results = found.results
    rounds = found.by_round(CHANCE).shape[1]
    text = (HERE / "README.template.md").read_text()
    for name, value in {
        "FILMS": results["films"],
        "VIEWERS": results["viewers"],
        "ROUNDS": rounds,
        "SEEDS": ", ".join(found.seeds),
        "ENGINES": ", ".join(results["engines"]),
        "WORLD": results["world"],
        "BY_HAND": found.let_through_by_hand(),
        "ANSWER": _answer(found),
        "ARMS": _arms(found),
        "DIFFERENCES": _differences(found),
        "BY_ROUND": _by_round(found),
    }.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _answer(found: Found) -> str:
    """Whether it learns: a line for each comparison."""
    lines = []
    for arm, other in found.compared:
        gain = estimate(found.after(arm) - found.after(other))
        how = "above" if gain.low > 0 else "below" if gain.high < 0 else "not told apart from"
        lines.append(f"- `{arm}` is **{how}** `{other}`: {gain.signed}")
    return "\n".join(lines)


def _arms(found: Found) -> str:
    rows = []
    for arm in (CHANCE, *found.arms, ALL_KNOWING):
        mean, most = found.watched_of_taste(arm)
        figures = (
            *(f"{found.by_round(arm)[:, 0].mean():.4f}", estimate(found.after(arm)), estimate(found.last(arm))),
            *(f"{found.after(arm, 'liked').mean():.4f}", f"{mean:.0%}, {most:.0%}"),
        )
        rows.append((arm, *figures))
    return _table(("arm", "first round", "rounds after", "last round", "liked", "watched of their taste"), rows)


def _differences(found: Found) -> str:
    rows = [
        (
            f"{arm} - {other}",
            estimate(found.after(arm) - found.after(other)).signed,
            estimate(found.last(arm) - found.last(other)).signed,
            ", ".join(f"{gain:+.4f}" for gain in found.after(arm) - found.after(other)),
        )
        for arm, other in found.compared
    ]
    return _table(("difference", "rounds after", "last round", "rounds after, by seed"), rows)


def _by_round(found: Found) -> str:
    heads = (f"{number + 1}" for number in range(found.by_round(CHANCE).shape[1]))
    rows = [
        (arm, *(f"{rate:.4f}" for rate in found.by_round(arm).mean(axis=0)), found.served(arm), found.promoted(arm))
        for arm in found.arms
    ]
    return _table(("arm", *heads, "lists made by", "models let through"), rows)


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = (heads, ("---",) * len(heads), *rows)
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _draw(found: Found, path: Path) -> None:
    """Without a display or a date, and the same bytes for the same figures."""
    required("matplotlib").use("svg")
    pyplot: Any = required("matplotlib.pyplot")
    pyplot.rcParams.update({"svg.hashsalt": "marquee", "svg.fonttype": "none", "font.size": 9})
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    _draw_rates(left, found)
    _draw_gains(right, found)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _draw_rates(axes: Any, found: Found) -> None:
    rounds = np.arange(found.by_round(CHANCE).shape[1]) + 1
    for arm in found.arms:
        told = [estimate(column) for column in found.by_round(arm).T]
        axes.plot(rounds, [one.mean for one in told], "o-", color=COLOURS[arm], markersize=3, label=arm)
        axes.fill_between(
            rounds, [one.low for one in told], [one.high for one in told], color=COLOURS[arm], alpha=0.15, linewidth=0
        )
    for reference, style in ((CHANCE, ":"), (ALL_KNOWING, "--")):
        axes.plot(rounds, found.by_round(reference).mean(axis=0), style, color="black", linewidth=1, label=reference)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("round")
    axes.set_ylabel("films opened, of those shown")
    axes.legend(fontsize=7, ncols=2)
    axes.grid(alpha=0.3)


def _draw_gains(axes: Any, found: Found) -> None:
    for place, (arm, other) in enumerate(found.compared):
        told = [estimate(column) for column in (found.by_round(arm) - found.by_round(other)).T]
        means = [one.mean for one in told]
        half = [one.high - one.mean for one in told]
        rounds = np.arange(len(told)) + 1 + 0.1 * (place - 1.5)
        axes.errorbar(rounds, means, half, fmt="o", markersize=3, capsize=2, label=f"{arm} - {other}")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xlabel("round; bars are 95 % intervals over the seeds")
    axes.set_ylabel("difference, by seed")
    axes.margins(y=0.2)
    axes.legend(fontsize=7, ncols=2, loc="upper left")
    axes.grid(alpha=0.3)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
