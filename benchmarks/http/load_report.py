"""The figures of ``load`` in words: ratios to the bare view first, promises, then everything that was measured."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.http.mix import ALL_GROUPS, BARE, ENDPOINTS, GROUPS, KEPT, UNCACHED

Figures = Mapping[str, Any]
Promise = tuple[str, bool]

KEPT_BELOW, UNCACHED_BELOW = 200, 500  # ms, p95 at a hundred clients
MOST_OF_BARE = 1.1  # CPU of a kept list
SETTLING = 0.3  # of a run, until its memory is looked at
MOST_GROWTH = 0.05  # of the memory of all web processes, in the time looked at: the upper end of the slope's interval
BLOCK = 6  # samples averaged into one: those next to each other tell the same
T_95 = {5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23, 12: 2.18, 14: 2.14, 16: 2.12, 20: 2.09}  # Student's


def report(told: Figures) -> tuple[str, bool]:
    """The report, and whether every promise is kept."""
    promises: list[Promise] = []
    parts = [
        section(told[name], promises)
        for name, section in (
            ("endpoints", of_endpoints),
            ("mix", of_mix),
            ("memory", of_memory),
            ("recycling", of_recycling),
            ("observing", of_observing),
        )
        if name in told
    ]
    kept = "\n".join(f"- {'kept' if is_kept else '**BROKEN**'}: {text}" for text, is_kept in promises)
    return "\n".join([about(told), kept, "", *parts]), all(is_kept for _, is_kept in promises)


def about(told: Figures) -> str:
    films = max((each["films"] for each in told.values()), default=0)
    quick = " **A quick run: too short to be believed.**" if any(each["quick"] for each in told.values()) else ""
    mix = "; ".join(f"{group}: {', '.join(shares(group))}" for group in ALL_GROUPS)
    mix_words = wrapped(
        f"The mix, in a hundred questions: {mix}. *Uncached* means random words and filters, and hits where chance has "
        "asked before. CPU is the processor time of all processes of a part, from `/proc`, divided by requests."
    )
    return f"""# The production stack under load

`python -m benchmarks.http.load`{quick}

gunicorn as the container runs it (`config/gunicorn.py`), production settings, PostgreSQL and Redis over {films:,}
films and 200 accounts with 100 favourites each; clients, server, PostgreSQL and Redis share the cores of one machine,
which is why ratios to a bare view are the figures to compare: it answers 8 kB of ready bytes behind the whole
middleware. There is no TMDb: what is not kept is made from our own tables. Limits are counted and never reached. Every
client has a connection that stays open, an account and an address of its own; each answer is checked for its status and
for a whole envelope, and each write that was acknowledged is looked for in the database.

{mix_words}
"""


def wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False)


def shares(group: str) -> list[str]:
    return [f"{endpoint.name} {endpoint.weight}" for endpoint in ENDPOINTS if endpoint.name in GROUPS[group]]


def table(head: str, rows: Sequence[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows, ""])


def ms(figures: Figures) -> str:
    return " | ".join(f"{figures[name]:,.0f}" for name in ("p50", "p95", "p99"))


def cpu(figures: Figures) -> str:
    return " | ".join(f"{figures['cpu'][part]:,.0f}" for part in ("server", "database", "redis"))


def faults(figures: Figures) -> str:
    return ", ".join(f"{fault}: {count}" for fault, count in figures["faults"].items()) or "none"


def of_endpoints(told: Figures, promises: list[Promise]) -> str:
    text = ["## Each endpoint alone\n"]
    levels = [level for level in told if level.isdecimal()]
    ratios = []
    for endpoint in ENDPOINTS:
        of_each = [told[level][endpoint.name]["cpu"]["server"] / bare_cpu(told[level]) for level in levels]
        ratios.append(f"| {endpoint.name} | " + " | ".join(f"{ratio:.2f}" for ratio in of_each) + " |")
        if endpoint.name == "trending":
            at = levels.index("16")
            promises.append(
                (
                    f"a kept list takes {of_each[at]:.2f} of the bare view's CPU, at most {MOST_OF_BARE}",
                    of_each[at] <= MOST_OF_BARE,
                )
            )
    head = "| server's CPU to the bare view's | " + " | ".join(f"{level} clients" for level in levels) + " |"
    text.append(table(head, ratios))
    for level in levels:
        rows = [
            f"| {name.strip()} | {each['per_second']:,.0f} | {ms(each)} | {cpu(each)} | {faults(each)} |"
            for name, each in told[level].items()
        ]
        head = "| | requests/s | p50, ms | p95 | p99 | server, µs | PostgreSQL | Redis | faults |"
        text += [f"### {level} client{'s' if level != '1' else ''}\n", table(head, rows)]
    count = sum(len(each["faults"]) for level in levels for each in told[level].values())
    promises.append((f"{count} kinds of fault in any of them", count == 0))
    return "\n".join(text)


def bare_cpu(of_level: Figures) -> float:
    """Of the two runs, before and after."""
    both = [each["cpu"]["server"] for name, each in of_level.items() if name.strip() == BARE]
    return float(sum(both) / len(both))


def of_mix(told: Figures, promises: list[Promise]) -> str:
    runs = {name: each for name, each in told.items() if isinstance(each, dict)}
    rows, groups = [], []
    for name, each in runs.items():
        ratio = each["cpu"]["server"] / each["bare"]["cpu"]["server"]
        share = each["per_second"] / each["bare"]["per_second"]
        rows.append(
            f"| {name} | {ratio:.1f} | {share:.2f} | {each['per_second']:,.0f} | {ms(each)} | {cpu(each)} "
            f"| {each['clients_cpu']:.2f} | {faults(each)} | {each['written']:,} | {each['lost']} |"
        )
        groups += [
            f"| {name} | {group} | {part['requests']:,} | {ms(part)} | {part['slowest']:,.0f} |"
            for group, part in each["groups"].items()
        ]
        promises += promises_of_mix(name, each)
    head = (
        "| clients | CPU to bare | requests/s to bare | requests/s | p50, ms | p95 | p99 "
        "| server, µs | PostgreSQL | Redis | clients' cores | faults | writes | lost |"
    )
    by_group = "| clients | | requests | p50, ms | p95 | p99 | slowest |"
    words = (
        "Without thought each client asks again as soon as it is answered, so that the machine is always at its limit "
        "and a hundred clients wait for a hundred others. With thought each waits 0.5 to 1.5 s in between, as people "
        "do who are in a hurry."
    )
    return "\n".join(["## The mix\n", wrapped(words), "", table(head, rows), table(by_group, groups)])


def promises_of_mix(name: str, each: Figures) -> list[Promise]:
    count = sum(each["faults"].values())
    made = [
        (f"mix, {name}: {count} faults in {each['requests']:,} requests", count == 0),
        (f"mix, {name}: {each['lost']} of {each['written']:,} acknowledged writes lost", each["lost"] == 0),
    ]
    if name.split()[0] == "100":
        for group, below in ((KEPT, KEPT_BELOW), (UNCACHED, UNCACHED_BELOW)):
            p95 = each["groups"][group]["p95"]
            made.append((f"mix, {name}: p95 of {group} reads {p95:,.0f} ms, below {below}", p95 < below))
    return made


def slope(at: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """By least squares, per hour, and half of its interval of 95 %: of means of ``BLOCK`` samples each."""
    whole = len(at) // BLOCK * BLOCK
    hours = np.asarray(at[:whole]).reshape(-1, BLOCK).mean(axis=1) / 3600
    means = np.asarray(values[:whole]).reshape(-1, BLOCK).mean(axis=1)
    if len(hours) < 3:
        return float("nan"), float("nan")
    (rise, start), free = np.polyfit(hours, means, 1), len(hours) - 2
    left = means - (rise * hours + start)
    error = np.sqrt((left**2).sum() / free / ((hours - hours.mean()) ** 2).sum())
    t = next((value for most, value in sorted(T_95.items()) if free <= most), 1.96)
    return float(rise), float(t * error)


def of_memory(told: Figures, promises: list[Promise]) -> str:
    samples = told["samples"]
    begin = samples[-1]["at"] * SETTLING
    settled = [sample for sample in samples if sample["at"] >= begin]
    at = [sample["at"] for sample in settled]
    rows = []
    for name, kind in (("rss", "web, resident"), ("pss", "web, by shares"), ("redis", "Redis, resident")):
        rise, half = slope(at, [sample[name] for sample in settled])
        rows.append(
            f"| {kind} | {samples[0][name]:,.0f} | {settled[0][name]:,.0f} | {samples[-1][name]:,.0f} "
            f"| {max(sample[name] for sample in samples):,.0f} | {rise:+,.1f} ± {half:,.1f} |"
        )
        if name == "pss":
            most = (rise + half) * (at[-1] - at[0]) / 3600 / settled[0][name]
            says = f"web memory grows by {rise:+,.1f} ± {half:,.1f} MiB an hour: {most:.1%} in this run"
            promises.append((f"{says}, at most {MOST_GROWTH:.0%}", bool(most <= MOST_GROWTH)))
    run = told["run"]
    words = (
        f"A hundred clients with a second of thought, {run['seconds']:,.0f} s, {run['requests']:,} requests. Looked at "
        f"120 times; the slope is of the last {1 - SETTLING:.0%} by least squares over means of {BLOCK} looks, with "
        "its interval of 95 %. Answers that a process keeps for itself are held to 4 MiB here (64 by default), so that "
        "a cache that fills is not taken for a leak; whatever Redis keeps grows until its entries end."
    )
    head = "| MiB | at first | settled | at the end | most | slope, MiB/hour |"
    return "\n".join(["## Memory\n", wrapped(words), "", table(head, rows)])


def of_recycling(told: Figures, promises: list[Promise]) -> str:
    rows = [
        f"| {name} | {each['requests']:,} | {faults(each)} | {ms(each)} | {each['slowest']:,.0f} | {each['lost']} |"
        for name, each in told.items()
        if isinstance(each, dict)
    ]
    head = "| workers, connections | requests | faults | p50, ms | p95 | p99 | slowest | acknowledged writes lost |"
    words = (
        "The mix by 16 clients; a recycled worker ends after 300 to 400 requests and another takes its place. "
        "*Idle at times*: each connection rests 0.1 s between two questions, in which it may be closed."
    )
    return "\n".join(["## Recycling workers\n", wrapped(words), "", table(head, rows)])


def of_observing(told: Figures, promises: list[Promise]) -> str:
    rows = []
    for name in told["with"][0]:
        with_it, without = (
            sum(each[name]["cpu"]["server"] for each in told[way]) / len(told[way]) for way in ("with", "without")
        )
        rows.append(
            f"| {name} | {with_it:,.0f} | {without:,.0f} | {with_it - without:+,.0f} | {with_it / without:.2f} |"
        )
    head = "| server's CPU, µs | observed | not | difference | ratio |"
    words = "Request metrics, usage counts and the line that is logged: with their middleware and without, A B B A."
    return "\n".join(["## What observing costs\n", wrapped(words), "", table(head, rows)])
