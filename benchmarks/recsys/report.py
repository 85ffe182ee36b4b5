"""The report: tables in Markdown beside what others published, the same in JSON, and plots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.recsys import plots
from benchmarks.recsys.judging import Estimate
from benchmarks.recsys.published import BARS, PEERS, PUBLISHED, Bar, Row
from benchmarks.recsys.results import Line, Result, best_other, difference, lines_of

NOTHING = "-"
NOTES = {
    "ncf-ml1m": "A film held back stands behind all others of equal score. Only popularity has so many equals that it "
    "shows: lists by `rank.py`, which cannot know the film, come to .4535 and .2542 with it.",
    "cold-ml1m": "Nobody likes any of these films in training: the order popularity has them in is arbitrary, that "
    "of their ids, and all that is shown has a popularity of 0.",
}
BEYOND = ("coverage", "popularity", "popularity_bias", "novelty", "gini")
NAMES = {
    "ndcg": "nDCG",
    "hit_rate": "HR",
    "recall": "recall",
    "recall_of_all": "recall of all",
    "precision": "precision",
    "mrr": "MRR",
    "map": "MAP",
    "rmse": "RMSE",
    "mae": "MAE",
}
TITLES = {
    "ml100k-ms": "MovieLens-100K, 75 % of each film's ratings",
    "ncf-ml1m": "MovieLens-1M, the last film among 99 others",
    "liang-ml1m": "MovieLens-1M, users unknown in training",
    "seq-ml1m": "MovieLens-1M, what comes next",
    "cold-ml1m": "MovieLens-1M, films unknown in training",
    "rmse-ml100k": "MovieLens-100K, predicted stars",
    "rmse-ml1m": "MovieLens-1M, predicted stars",
}
INTRODUCTION = """# How well the engines recommend

Written by `python -m benchmarks.recsys.quality --data DIR`, which `make bench-quality DATA=DIR` calls. The splits are
those that papers publish (`protocols.py`, `rmse.py`); the hyperparameters stand in `settings.py`. They were found on
validation parts or taken from papers, as `settings.py` says; the test part, shown here, chose nothing, but that
content_based was tuned further, on folds of its training part, after a first look (.2181). Films that a user has seen
are left out, and all others are ranked unless a protocol names its candidates. `time_split.md` judges the engines on a
cut in time, and `rank.py` writes lists for a task folder that anybody else may judge.

How to read the tables:

- A figure is the mean of the seeds shown beside it, of 0, 1 and 2 where all were run, and ± half the width of the 95 %
  interval of a bootstrap over the users (each user's figure being the mean of the seeds). An engine without chance is
  run once.
- "gain" is the mean difference, user by user, from the best other engine of the table, for a blend from the best of
  its members, for an ablation from the engine in full. Its bootstrapped interval stands beside it: one wholly above 0,
  or below, is a difference that other users would show too.
- Of the first ten shown, `coverage` is the share of the catalogue that anybody sees, `popularity` the mean share of
  training users who have the film, `bias` how popular the films shown are over how popular those of the users' own
  histories are, `novelty` the mean -log2 of popularity, `gini` how unevenly films are shown (0 is even).
- `training` and `memory` are ratios to alternating least squares of [implicit](https://github.com/benfred/implicit)
  (64 factors, 15 iterations, one thread) on the same training part in the same run: seconds of all cores, and the peak
  of what a process of its own holds over what it held before the fit. Modules that an engine imports to learn count.
- `ms` is the time to rank for one user, in batches of 256, filters and the best hundred included.
"""


def write(folder: Path, results: Iterable[Result]) -> None:
    """README.md, quality.json and plots/ of everything there is a result for, into ``folder``."""
    lines = {protocol: found for protocol, found in lines_of(results).items() if found}
    sections = [section(protocol, found, folder) for protocol, found in lines.items()]
    text = "\n".join([INTRODUCTION, bars_section(lines), *sections])
    (folder / "README.md").write_text(text.rstrip() + "\n")
    (folder / "quality.json").write_text(json.dumps(as_json(lines), indent=1) + "\n")


def tables(results: Iterable[Result]) -> str:
    """The tables of our own lines alone, for a terminal."""
    found = lines_of(results)
    return "\n\n".join(f"{protocol}\n\n{own_table(lines, lines)}" for protocol, lines in found.items() if lines)


def section(protocol: str, lines: Sequence[Line], folder: Path) -> str:
    engines = [line for line in lines if not line.variant.ablation]
    ablations = [line for line in lines if line.variant.ablation]
    parts = [
        f"## {protocol}: {TITLES[protocol]}",
        f"{lines[0].results[0].found['users']:,} users are ranked for." if "users" in lines[0].results[0].found else "",
        own_table(engines, lines),
        NOTES.get(protocol, ""),
        f"Made by `{command(protocol)}`.",
        *(["Ablations, and members alone:", own_table(ablations, lines)] if ablations else []),
        costs_table(lines),
        beyond_table(lines) if "beyond" in lines[0].results[0].found else "",
        others_table(protocol, lines[0].metrics),
        *(f"![{alt}]({path})" for alt, path in plots.draw(protocol, lines, folder)),
        grids(lines),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def command(protocol: str) -> str:
    return f"python -m benchmarks.recsys.quality --data DIR --protocols {protocol}"


def own_table(shown: Sequence[Line], lines: Sequence[Line]) -> str:
    """One row a variant: every metric with its interval, each seed of the headline, and the gain on the best other."""
    metrics = lines[0].metrics
    head = metrics[0]
    rated = "folds" in lines[0].results[0].found
    header = ["engine", *(f"{name_of(metric)} ±" for metric in metrics), f"{name_of(head)} by seed"]
    rows = []
    for line in shown:
        cells = [figure(line.estimate(metric)) if metric != "mae" else f"{line.mean(metric):.4f}" for metric in metrics]
        row = [line.variant.name, *cells, ", ".join(short(value) for value in line.seeds(head))]
        rows.append(row if rated else [*row, gain(line, lines, head)])
    return markdown(header if rated else [*header, "gain"], rows)


def gain(line: Line, lines: Sequence[Line], metric: str) -> str:
    other = best_other(line, lines, metric)
    found = other and difference(line, other, metric)
    if not other or not found:
        return NOTHING
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] on {other.variant.name}"


def costs_table(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        seconds, mib = line.fit("cpu_seconds"), line.fit("mib")
        ranked = [result.found["rank_ms_per_user"] for result in line.results if "rank_ms_per_user" in result.found]
        rows.append(
            [
                line.variant.name,
                number(line.ratio("cpu_seconds")),
                number(seconds),
                number(line.ratio("mib")),
                number(mib, "{:.0f}"),
                number(sum(ranked) / len(ranked) if ranked else None),
            ]
        )
    return markdown(["engine", "training", "training, s", "memory", "memory, MiB", "ms"], rows)


def beyond_table(lines: Sequence[Line]) -> str:
    rows = [[line.variant.name, *(number(line.beyond(name), "{:.3f}") for name in BEYOND)] for line in lines]
    return markdown(["engine", "coverage", "popularity", "bias", "novelty", "gini"], rows)


def others_table(protocol: str, metrics: Sequence[str]) -> str:
    """Published rows, then the peers measured on the same splits."""
    rows = [
        [row.model, row.source, *(short(row.figures.get(metric)) for metric in metrics)] for row in rows_of(protocol)
    ]
    table = markdown(["published, or a peer", "where", *map(name_of, metrics)], rows)
    return f"Others on this split; peers are libraries measured once with the same splits and metrics:\n\n{table}"


def rows_of(protocol: str) -> list[Row]:
    peers = [Row(row.model, f"peer: {row.source}", row.figures) for row in PEERS.get(protocol, ())]
    return [*PUBLISHED.get(protocol, ()), *peers]


def bars_section(lines: Mapping[str, Sequence[Line]]) -> str:
    header = ["engine", "protocol", "metric", "bar", "mean", "by seed", "se", "bar met", "stretch", "stretch met"]
    judged = [row for bar in BARS if (row := bar_row(bar, lines.get(bar.protocol, ())))]
    rule = "A bar is met by a mean of the seeds that is no more than one standard error (se, over users) short of it."
    return f"## Bars\n\n{rule}\n\n{markdown(header, judged)}\n"


def bar_row(bar: Bar, lines: Sequence[Line]) -> list[str] | None:
    line = next((line for line in lines if line.variant.name == bar.variant), None)
    if line is None:
        return None
    found = line.estimate(bar.metric)
    stretch = "above" if bar.stretch is None else short(bar.stretch)
    seeds = ", ".join(short(value) for value in line.seeds(bar.metric))
    row = [bar.variant, bar.protocol, name_of(bar.metric), short(bar.bar), f"{found.mean:.4f}", seeds]
    return [*row, f"{found.error:.4f}", met(bar, found)[0], stretch, met(bar, found)[1]]


def met(bar: Bar, found: Estimate) -> tuple[str, str]:
    """Whether the bar is met and the stretch."""
    sign = -1 if bar.lower_is_better else 1
    above = sign * (found.mean - bar.bar)
    far = above > 0 if bar.stretch is None else sign * (found.mean - bar.stretch) >= -found.error
    return ("yes" if above >= -found.error else "no", "yes" if far else "no")


def grids(lines: Sequence[Line]) -> str:
    """What each variant was run with, and what else was tried."""
    rows = [
        [line.variant.name, f"`{json.dumps(dict(line.variant.params))}`", line.variant.grid or NOTHING]
        for line in lines
        if line.variant.params or line.variant.grid
    ]
    return markdown(["engine", "hyperparameters", "tried on the validation part"], rows) if rows else ""


def as_json(lines: Mapping[str, Sequence[Line]]) -> dict[str, Any]:
    """Everything the tables show, unrounded enough to compute with."""
    return {
        protocol: {
            line.variant.name: {
                "engine": line.variant.engine,
                "params": dict(line.variant.params),
                "metrics": {
                    metric: {**rounded(asdict(line.estimate(metric))), "seeds": rounded_list(line.seeds(metric))}
                    for metric in line.metrics
                },
                "gain": _gain_as_json(line, found, line.metrics[0]),
                "beyond": rounded({name: line.beyond(name) for name in BEYOND}),
                "ratio_to_implicit": rounded({cost: line.ratio(cost) for cost in ("seconds", "cpu_seconds", "mib")}),
                "commands": [result.found["command"] for result in line.results],
            }
            for line in found
        }
        for protocol, found in lines.items()
    }


def _gain_as_json(line: Line, lines: Sequence[Line], metric: str) -> dict[str, Any] | None:
    other = best_other(line, lines, metric)
    found = other and difference(line, other, metric)
    return {"over": other.variant.name, **rounded(asdict(found))} if other and found else None


def rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 5) for name, value in values.items()}


def rounded_list(values: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in values]


def name_of(metric: str) -> str:
    kind, at, k = metric.partition("@")
    return NAMES[kind] + at + k


def figure(found: Estimate) -> str:
    return f"{found.mean:.4f} ± {(found.high - found.low) / 2:.4f}"


def short(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"


def number(value: float | None, form: str = "{:.2f}") -> str:
    return NOTHING if value is None else form.format(value)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)
