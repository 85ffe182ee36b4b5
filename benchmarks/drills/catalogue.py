"""The catalogue on its bad days: TMDb killed and spoiled in every way, Redis killed and hung, under load.

``python -m benchmarks.drills.catalogue [--seconds 60] [--out benchmarks/drills/catalogue.md]`` starts everything it
needs (redis-server must be installed) on free ports, on SQLite or, with DATABASE_URL, on PostgreSQL. Exits with 1
where a promise is not kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.drills.clients import Run, ask_each, load
from benchmarks.drills.stack import Stack
from tests.fake_tmdb import FAULTS, Catalogue

API = "/api/v1/movies"
FILMS = 5000
IDS = Catalogue(FILMS).ids.tolist()  # of films that TMDb has
LISTS = [f"{API}/{name}/" for name in ("trending", "popular", "top-rated", "now-playing", "upcoming", "genres")]
WARM = [
    *LISTS,
    *(f"{API}/popular/?page={number}" for number in range(2, 6)),
    *(f"{API}/{tmdb_id}/" for tmdb_id in IDS[:40]),
    f"{API}/search/?query=forest",
    f"{API}/discover/?genres=18",
    f"{API}/{IDS[0]}/similar/",
]
TTL = 15  # seconds, so that an outage of a minute outlasts all of them
BUDGET = 4.0  # seconds: TMDB_DEADLINE and what is around it
RATE = 60
CLIENTS, PAUSE = 50, 0.5


class Report:
    """Lines of Markdown, and whether every promise was kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.broken = 0

    def row(self, *cells: object) -> None:
        self.say("| " + " | ".join(map(str, cells)) + " |")

    def say(self, line: str) -> None:
        print(line, flush=True)
        self.lines.append(line)

    def promise(self, text: str, kept: bool) -> None:
        self.broken += not kept
        self.say(f"- {'kept' if kept else '**BROKEN**'}: {text}")


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def told(run: Run) -> str:
    return f"{len(run.got)} answers {run.statuses}, {run.stale} stale, p50 {ms(run.percentile(50))}, " + (
        f"p95 {ms(run.percentile(95))}, p99 {ms(run.percentile(99))}, slowest {ms(run.slowest)}"
    )


def under_load(stack: Stack, seconds: float, paths: Sequence[str] = WARM) -> Run:
    return load(stack.web.port, paths, clients=CLIENTS, seconds=seconds, pause=PAUSE)


def warm(stack: Stack) -> None:
    ask_each(stack.web.port, WARM, clients=4)
    under_load(stack, 2 * TTL)


def recovery(stack: Stack, limit: float = 60) -> float:
    """Seconds until answers are fresh again, but for one in twenty that is being built."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        run = under_load(stack, 2)
        if not run.failures and run.stale <= len(run.got) / 20:
            return time.monotonic() - began
    return limit


def tmdb_killed(stack: Stack, report: Report, seconds: float) -> None:
    report.say("\n## TMDb killed under load\n")
    healthy = under_load(stack, seconds)
    report.say(f"healthy, {seconds:.0f} s: {told(healthy)}")
    stack.fake.kill()
    time.sleep(TTL)
    away = under_load(stack, seconds)
    report.say(f"\nkilled, {seconds:.0f} s: {told(away)}\n")
    report.promise("0 answers of 5xx, cache warm", away.failures == 0)
    late = away.where(lambda got: got.at > away.got[0].at + 1.5 * TTL)
    report.promise(f"stale answers say so: {late.stale} of {len(late.got)} once every TTL is over", late.stale > 0)
    ratio = away.percentile(99) / healthy.percentile(99)
    report.promise(f"p99 at most 1.5 times the healthy run: {ratio:.2f}", ratio <= 1.5)
    cold = ask_each(stack.web.port, [f"{API}/{tmdb_id}/" for tmdb_id in IDS[3000:3030]], clients=10)
    report.say(f"\ncold, TMDb away: {told(cold)}\n")
    honest = all(got.retry_after if got.status == 503 else got.stale for got in cold.got)
    report.promise("cold answers are 503 with Retry-After, or stale from our tables", honest)
    report.promise(f"within {BUDGET} s", cold.slowest <= BUDGET)
    stack.fake.start()
    report.promise(f"recovers by itself: all fresh after {recovery(stack):.0f} s", recovery(stack) < 60)


def redis_faults(stack: Stack, report: Report, seconds: float) -> None:
    assert stack.redis
    report.say("\n## Redis killed, hung, restarted under load\n")
    for name, down, up in (
        ("killed", stack.redis.kill, stack.redis.start),
        ("hung", stack.redis.hang, stack.redis.wake),
    ):
        down()
        away = under_load(stack, seconds)
        up()
        report.say(f"{name}, {seconds:.0f} s: {told(away)}\n")
        report.promise(f"{name}: 0 answers of 5xx", away.failures == 0)
        report.promise(f"{name}: nobody waits over 2 s: {ms(away.slowest)}", away.slowest <= 2)
        back = recovery(stack)
        report.promise(f"{name}: back to normal after {back:.0f} s (at most 35), no restart", back <= 35)


def spoiled(stack: Stack, report: Report, seconds: float) -> None:
    report.say(f"\n## Every way TMDb can go wrong, {seconds:.0f} s each under load\n")
    report.row("fault", "warm", "cold", "warm p95", "cold p95", "calls in the busiest second")
    report.row(*["---"] * 6)
    asked = 100
    for name in sorted(FAULTS):
        stack.fake.control("reset")
        stack.fake.control("fault", name=name)
        cold_paths = [f"{API}/{tmdb_id}/" for tmdb_id in IDS[asked : asked + 60]]
        asked += 60
        run = under_load(stack, seconds, [*WARM, *cold_paths])
        cold = run.where(lambda got, paths=set(cold_paths): got.path in paths)  # type: ignore[misc]
        warm_run = run.where(lambda got, paths=set(cold_paths): got.path not in paths)  # type: ignore[misc]
        busiest = stack.fake.control("stats")["busiest_second"]
        report.row(
            name, warm_run.statuses, cold.statuses, ms(warm_run.percentile(95)), ms(cold.percentile(95)), busiest
        )
        kept = (
            set(warm_run.statuses) == {200}
            and set(cold.statuses) <= {200, 503}
            and run.percentile(95) <= BUDGET
            and cold.percentile(95) <= BUDGET
            and busiest <= RATE + 1
        )
        report.broken += not kept
        if not kept:
            report.say(f"**BROKEN: {name}**")
        stack.fake.control("heal")
        recovery(stack)


def expiry(report: Report) -> None:
    """A hot entry under 100 clients, each rebuild taking 0.4 s upstream."""
    report.say("\n## A hot entry expires under 100 clients\n")
    path = f"{API}/discover/?genres=35"
    with Stack(redis=True, latency=0.4, CACHE_TTL_DISCOVER=5) as stack:
        ask_each(stack.web.port, [path], clients=1)
        load(stack.web.port, [path], clients=20, seconds=2, pause=0.1)  # each worker has it at hand
        began = time.monotonic()
        stack.fake.control("reset")
        run = load(stack.web.port, [path], clients=100, seconds=20, pause=0.2)
        elapsed = time.monotonic() - began
        rebuilds = stack.fake.control("stats")["total"]
    report.say(f"TTL 5 s +- 10 %, {elapsed:.0f} s, rebuild 0.4 s: {told(run)}; {rebuilds} rebuilds\n")
    report.promise(f"one rebuild an expiry: {rebuilds} in {elapsed / 5:.1f} TTLs", 3 <= rebuilds <= elapsed / 4.5 + 1)
    report.promise(f"no client waits for it: slowest {ms(run.slowest)}", run.slowest < 0.4 and run.failures == 0)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60, help="of the outages; faults take a sixth each")
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    report = Report()
    ttls = dict.fromkeys(
        ("CACHE_TTL_TRENDING", "CACHE_TTL_LISTS", "CACHE_TTL_DISCOVER", "CACHE_TTL_SEARCH", "CACHE_TTL_DETAILS"), TTL
    )
    ttls |= {"CACHE_TTL_SIMILAR": TTL, "CACHE_TTL_GENRES": TTL}
    report.say(f"{CLIENTS} clients, a question every {PAUSE} s each, {len(WARM)} warm paths, TTLs of {TTL} s.")
    expiry(report)
    with Stack(redis=True, films=FILMS, TMDB_RATE_PER_SECOND=RATE, **ttls) as stack:
        warm(stack)
        tmdb_killed(stack, report, options.seconds)
        redis_faults(stack, report, options.seconds / 3)
        spoiled(stack, report, options.seconds / 6)
    report.say(f"\n{report.broken} promises broken.")
    if options.out:
        options.out.write_text("# The catalogue on its bad days\n\n" + "\n".join(report.lines) + "\n")
    sys.exit(report.broken > 0)


if __name__ == "__main__":
    main()
