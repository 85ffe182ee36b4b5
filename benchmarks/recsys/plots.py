"""Two plots a protocol: how good each engine is and how surely, and what that costs in time or in breadth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.recsys.baselines import Random
from benchmarks.recsys.costs import required
from benchmarks.recsys.published import PEERS, PUBLISHED
from benchmarks.recsys.results import Line
from benchmarks.recsys.settings import BASELINES

LOWER_IS_BETTER = {"rmse", "mae"}
OURS, OTHERS = "#1f5fa8", "#8a8a8a"


def draw(protocol: str, lines: Sequence[Line], folder: Path) -> list[tuple[str, str]]:
    """Write the plots of one protocol to ``folder``/plots; what each shows, and its path from ``folder``."""
    pyplot = _pyplot()
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    head = lines[0].metrics[0]
    drawn = [(f"{head} of each engine, 95 % intervals", f"plots/{protocol}.svg", _dots(pyplot, protocol, lines, head))]
    if "beyond" in lines[0].results[0].found:
        figure = _scatter(pyplot, lines, head)
        drawn.append((f"{head} against coverage and training time", f"plots/{protocol}-tradeoffs.svg", figure))
    for _, path, figure in drawn:
        figure.savefig(folder / path, metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(figure)
    return [(title, path) for title, path, _ in drawn]


def _pyplot() -> Any:
    """Without a display, and the same bytes for the same figures."""
    required("matplotlib").use("svg")
    pyplot = required("matplotlib.pyplot")
    pyplot.rcParams.update({"svg.hashsalt": "marquee", "svg.fonttype": "none", "font.size": 9})
    return pyplot


def _dots(pyplot: Any, protocol: str, lines: Sequence[Line], metric: str) -> Any:
    """A row for each engine: its mean, its interval, its seeds; dotted, the best that others had on the split."""
    figure, axes = pyplot.subplots(figsize=(7, 0.32 * len(lines) + 0.9))
    for place, line in enumerate(reversed(lines)):
        found = line.estimate(metric)
        colour = OTHERS if line.variant.ablation or line.variant in BASELINES else OURS
        axes.plot([found.low, found.high], [place, place], color=colour, linewidth=2)
        axes.plot(line.seeds(metric), [place] * len(line.results), "|", color=colour, markersize=8)
        axes.plot(found.mean, place, "o", color=colour)
    rows = (*PUBLISHED.get(protocol, ()), *PEERS.get(protocol, ()))
    others = [row.figures[metric] for row in rows if metric in row.figures]
    if others:
        best = min(others) if metric in LOWER_IS_BETTER else max(others)
        axes.axvline(best, color=OTHERS, linestyle=":")
    axes.set_yticks(range(len(lines)), [line.variant.name for line in reversed(lines)])
    axes.set_xlabel(f"{metric}; dotted, the best of others" if others else metric)
    axes.grid(axis="x", alpha=0.3)
    return figure


def _scatter(pyplot: Any, lines: Sequence[Line], metric: str) -> Any:
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for line in lines:
        if line.variant.engine == Random.name:
            continue  # it shows everything, and would squeeze the others into a corner
        colour, name = (OTHERS if line.variant.ablation else OURS), line.variant.name
        mean, coverage, training = line.mean(metric), line.beyond("coverage"), line.ratio("cpu_seconds")
        _dot(left, coverage, mean, name, colour)
        _dot(right, training and max(training, 0.001), mean, name, colour)
    left.set_xlabel("coverage of the first ten")
    left.set_ylabel(metric)
    right.set_xlabel("training, as a ratio to implicit")
    right.set_xscale("log")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.margins(x=0.25, y=0.1)
    return figure


def _dot(axes: Any, x: float | None, y: float, name: str, colour: str) -> None:
    if x is not None:
        axes.plot(x, y, "o", color=colour)
        axes.annotate(name, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7)
