"""The production stack under load: `python -m benchmarks.http.load`.

Starts gunicorn as the container does (``config/gunicorn.py``, production settings) over a scratch database on the
PostgreSQL of ``--server`` and a Redis of its own. Clients in a process of their own ask for each endpoint alone, for a
mix, for ten minutes while the memory is watched, while workers are recycled, and with the observing left out. Beside
all of them, in the same run, stands a bare Django view.

Each phase's figures are kept in ``load.json`` beside this file, and ``load.md`` is written from all of them:
``--phases mix,memory`` measures these anew. Exits with 1 where a promise is not kept.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.http.generator import Clients, Run
from benchmarks.http.load_report import report
from benchmarks.http.load_stack import LoadStack, load_stack
from benchmarks.http.mix import BARE, ENDPOINTS, GROUPS

REPORT = Path(__file__).with_suffix(".md")
LEVELS = (1, 16, 100, 200)
THOUGHT = 1.0  # seconds, the mean: each client waits evenly from half to one and a half of it
OBSERVING = "utils.observing.ObservingMiddleware"
IDLE = 0.1  # seconds that a connection rests between two questions: long enough to be closed meanwhile
LOOKS = 120  # at the memory, in the run that watches it
Figures = dict[str, Any]


@dataclass(frozen=True)
class Lengths:
    """Seconds."""

    warm: float = 8
    endpoint: float = 2.5
    mix: float = 60
    memory: float = 600
    recycling: float = 10
    observing: float = 3


QUICK = Lengths(warm=2, endpoint=0.7, mix=5, memory=30, recycling=2, observing=1)


class Bench:
    def __init__(self, stack: LoadStack, lengths: Lengths) -> None:
        self.stack, self.lengths, self._runs = stack, lengths, 0
        self.lost: list[str] = []

    def drive(self, clients: Clients, only: str = "") -> Figures:
        """What a run got and cost; the writes that it was promised are looked for at once."""
        self._runs += 1
        done, cost = self.stack.drive(clients, f"run{self._runs}", only)
        from benchmarks.http.kept_writes import lost  # needs Django, which the stack has set up

        gone = lost(done.wrote, len(self.stack.accounts))
        self.lost += gone
        return figures(done, cost) | {"written": sum(bool(one.done) for one in done.wrote), "lost": len(gone)}

    def warm(self) -> None:
        self.drive(Clients(16, self.lengths.warm))
        self.drive(Clients(16, self.lengths.endpoint), BARE)

    def endpoints(self) -> Figures:
        """Each alone; the bare view before and after them."""
        told: Figures = {}
        with self.stack.serving():
            self.warm()
            for level in LEVELS:
                names = (BARE, *(endpoint.name for endpoint in ENDPOINTS), f"{BARE} ")
                of_level = {name: self.drive(Clients(level, self.lengths.endpoint), name.strip()) for name in names}
                told[str(level)] = of_level
                say(f"{level} clients, each endpoint alone: {total_faults(of_level.values())} faults")
        return told

    def mix(self) -> Figures:
        """At every number of clients as fast as they are answered, and at the two large ones with thought."""
        told: Figures = {}
        seconds = self.lengths.mix
        runs = [
            *((f"{level}", Clients(level, seconds if level > 16 else seconds / 3)) for level in LEVELS),
            *((f"{level} with thought", Clients(level, seconds, pause=THOUGHT)) for level in LEVELS[2:]),
        ]
        with self.stack.serving():
            self.warm()
            for name, clients in runs:
                bare = self.drive(Clients(16, self.lengths.endpoint), BARE)
                told[name] = self.drive(clients) | {"bare": bare}
                say(f"mix, {name}: {told[name]['per_second']:.0f} requests/s, {told[name]['faults'] or 'no faults'}")
        return told

    def memory(self) -> Figures:
        """A hundred clients who think. The answers that a process keeps for itself are full soon, so that what grows
        after that is no cache."""
        samples: list[Figures] = []
        done = threading.Event()

        def watch() -> None:
            began = time.monotonic()
            while not done.wait(self.lengths.memory / LOOKS):
                samples.append({"at": time.monotonic() - began} | self.stack.memory())

        with self.stack.serving(CACHE_LOCAL_MIB="4"):
            self.warm()
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                of_run = self.drive(Clients(100, self.lengths.memory, pause=THOUGHT))
            finally:
                done.set()
                watcher.join()
        say(f"memory: {samples[0]['pss']:.0f} MiB at first, {samples[-1]['pss']:.0f} MiB at the end")
        return {"run": of_run, "samples": samples}

    def recycling(self) -> Figures:
        """Workers that end after some 300 requests, and others that never do."""
        told: Figures = {}
        for recycled in (False, True):
            words = ("--max-requests", "300", "--max-requests-jitter", "100") if recycled else ()
            for keep_alive in (True, False):
                name = f"{'recycled' if recycled else 'not recycled'}, {'kept' if keep_alive else 'new'} connections"
                for pause in (0.0, IDLE):
                    clients = Clients(16, self.lengths.recycling, pause=pause, keep_alive=keep_alive)
                    with self.stack.serving(*words):
                        done = self.drive(clients)
                    told[name + (", idle at times" if pause else "")] = done
                    say(f"{name}: {done['requests']} requests, {done['faults'] or 'no faults'}")
        return told

    def observing(self) -> Figures:
        """With request metrics, usage counts and the line that is logged, and without: in turn A B B A."""
        told: Figures = {"with": [], "without": []}
        for name in ("with", "without", "without", "with"):
            with self.stack.serving(**({} if name == "with" else {"BENCH_WITHOUT": OBSERVING})):
                self.warm()
                told[name].append(
                    {
                        only: self.drive(Clients(16, self.lengths.observing), only)
                        for only in (BARE, "trending", "my details")
                    }
                )
        say("observing: measured with it and without")
        return told


PHASES: dict[str, Callable[[Bench], Figures]] = {
    "endpoints": Bench.endpoints,
    "mix": Bench.mix,
    "memory": Bench.memory,
    "recycling": Bench.recycling,
    "observing": Bench.observing,
}


def figures(done: Run, cost: Sequence[float]) -> Figures:
    """Milliseconds, and microseconds of processor time for each request."""
    told: Figures = {
        "requests": len(done.got),
        "seconds": done.seconds,
        "per_second": done.per_second,
        "faults": done.faults,
        "statuses": {str(status): count for status, count in done.statuses.items()},
        "cpu": dict(zip(("server", "database", "redis"), cost, strict=True)),
        "clients_cpu": done.cpu / done.seconds if done.seconds else 0.0,
        "groups": {},
    } | times(done)
    for group, names in GROUPS.items():
        part = done.of_kind(*names)
        if part.got:
            told["groups"][group] = {"requests": len(part.got)} | times(part)
    return told


def times(done: Run) -> Figures:
    return {f"p{share}": 1000 * done.percentile(share) for share in (50, 95, 99)} | {"slowest": 1000 * done.slowest}


def total_faults(runs: Any) -> int:
    return sum(sum(each["faults"].values()) for each in runs)


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="postgresql://127.0.0.1:5432/postgres", help="may create databases")
    parser.add_argument(
        "--phases", default=",".join(PHASES), help="which to measure; of the others the last figures stay"
    )
    parser.add_argument("--films", type=int, default=5_000)
    parser.add_argument("--crowd", type=int, default=500, help="who the engine learns from")
    parser.add_argument("--quick", action="store_true", help="some minutes; figures too short to be believed")
    parser.add_argument("--out", type=Path, default=REPORT, help="the report; its figures are kept beside it as .json")
    options = parser.parse_args()
    wanted = [name.strip() for name in options.phases.split(",") if name.strip()]
    if unknown := set(wanted) - set(PHASES):
        parser.error(f"no such phase: {', '.join(sorted(unknown))}; there are {', '.join(PHASES)}")
    kept = options.out.with_suffix(".json")
    told: Figures = orjson.loads(kept.read_bytes()) if kept.exists() else {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that nothing it started stays behind
    if wanted:
        with load_stack(options.server) as stack:
            stack.build(films=options.films, crowd=options.crowd, accounts=max(LEVELS))
            bench = Bench(stack, QUICK if options.quick else Lengths())
            for name in wanted:
                told[name] = PHASES[name](bench) | {"films": options.films, "quick": options.quick}
                kept.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
            for line in bench.lost[:10]:
                say(f"lost: {line}")
    text, is_kept = report(told)
    options.out.write_text(text)
    say(text)
    sys.exit(not is_kept)


if __name__ == "__main__":
    main()
