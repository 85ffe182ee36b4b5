"""Faults under load: what was lost, what was answered meanwhile, and how long until all is well again.

``python -m benchmarks.drills.faults [--seconds 30] [--only NAME] [--out benchmarks/drills/faults.md]`` starts the
production stack on free ports (redis-server and PostgreSQL must be installed), and lets signed-in clients read and
write all the while: 10 s before each fault, during it, and after it until every answer is good for 5 s on end. At the
end every acknowledged write is looked up in the tables. Exits with 1 where one is lost or done twice, where an answer
is a 500 or has no proper form, where one takes over 10 s, and where it is not well again within 30 s.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import count, pairwise
from pathlib import Path

from benchmarks.drills.acknowledged import CUT, REFUSED, SILENT, Client, Got, Kept, Told, Verdict, judge
from benchmarks.drills.production import Production
from benchmarks.drills.stack import until
from benchmarks.drills.strikes import FAULTS, Fault, Notes

CLIENTS, PAUSE = 14, 0.1
BEFORE, CALM, PATIENCE = 10.0, 5.0, 30.0  # seconds
LONGEST = 10.0  # seconds that a client may wait for an answer, whatever is broken
NAMES = {REFUSED: "no connection", CUT: "closed without an answer", SILENT: "no answer"}

numbers = count(1)  # of clients: each has a name, an address and a chance of its own


@dataclass
class Result:
    fault: Fault
    began: float
    healed: float
    told: list[Told]
    notes: Notes
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def got(self) -> list[Got]:
        """From the strike on."""
        return [one for told in self.told for one in told.got if one.until >= self.began]

    @property
    def statuses(self) -> Counter[int]:
        return Counter(one.status for one in self.got)

    @property
    def recovery(self) -> float:
        return recovery(self.got, self.healed)

    @property
    def gap(self) -> float:
        """The longest time without a good answer to anybody."""
        good = sorted(one.until for one in self.got if one.good)
        return max((later - earlier for earlier, later in pairwise([self.began, *good])), default=0.0)

    @property
    def slowest(self) -> Got:
        return max(self.got, key=lambda one: one.until - one.at)

    def broken(self) -> list[str]:
        """Promises that were not kept, in words."""
        told = [*self.notes.broken]
        told += [f"lost: {one}" for one in self.verdict.lost[:5]] + [
            f"twice: {one}" for one in self.verdict.doubled[:5]
        ]
        bad = Counter(f"{one.status} to {one.what.partition('?')[0]}" for one in self.got if unforeseen(one.status))
        told += [f"{number} x {what}" for what, number in bad.most_common(5)]
        told += [f"{number} x {what}" for what, number in Counter(o.wrong for o in self.got if o.wrong).most_common(5)]
        if self.verdict.never:
            told.append(f"{self.verdict.never} writes were never acknowledged, however often they were sent")
        took = self.slowest.until - self.slowest.at
        if took > LONGEST and not self.fault.may_wait:
            told.append(f"{self.slowest.what} took {took:.1f} s")
        if self.recovery > PATIENCE:
            told.append(f"not well after {self.recovery:.1f} s")
        if not self.fault.may_cut and (cut := sum(self.was_in_hand(one) for one in self.got)):
            told.append(f"{cut} requests in hand were closed without an answer")
        return told

    def was_in_hand(self, one: Got) -> bool:
        """Whether it was cut off, and not because it came when the server was told to end and took no more."""
        return one.status == CUT and not any(told <= one.at <= gone for told, gone in self.notes.ends)


def unforeseen(status: int) -> bool:
    """A status that no fault explains."""
    return status > 0 and not 200 <= status < 300 and status not in (409, 503)


def recovery(got: Sequence[Got], healed: float) -> float:
    """Seconds from ``healed`` until the last question was asked that got no good answer."""
    return max((one.at - healed for one in got if not one.good and one.at > healed), default=0.0)


def drill(stack: Production, fault: Fault, seconds: float, films: Sequence[int], rare: Sequence[int]) -> Result:
    print(f"{fault.name}: {fault.what}", flush=True)
    clients = [Client(stack.web.port, next(numbers), films, rare, PAUSE) for _ in range(CLIENTS)]
    notes = Notes()
    for client in clients:
        client.start()
    time.sleep(BEFORE)
    began = time.monotonic()
    fault.strike(stack, seconds, notes)
    result = Result(fault, began, time.monotonic(), [client.told for client in clients], notes)
    fault.heal(stack, notes)
    watch(result)
    for client in clients:
        client.enough.set()
    for client in clients:
        client.join()
    works(stack, notes)
    return result


def watch(result: Result) -> None:
    """Until every answer has been good for CALM seconds."""
    while time.monotonic() - result.healed < PATIENCE + CALM:
        time.sleep(0.5)
        bad = max((one.until for one in result.got if not one.good), default=0.0)
        if time.monotonic() - max(bad, result.healed) > CALM:
            return


def works(stack: Production, notes: Notes) -> None:
    """Jobs are done after the fault as before it."""
    heard = stack.heard()
    job = stack.queue("recommendations.refresh")
    took = stack.awaits(job, "succeeded", since=heard, seconds=60)
    notes.promise(
        "The worker does jobs afterwards." if took else "The worker does jobs afterwards, within 60 s.", bool(took)
    )


def kept_of(stack: Production) -> dict[str, Kept]:
    """What the tables hold, by e-mail."""
    kept: dict[str, Kept] = {}
    shelf = "SELECT u.email, m.tmdb_id, {} FROM {} r JOIN authentication_user u ON u.id = r.user_id "
    shelf += "JOIN movies_movie m ON m.id = r.movie_id WHERE u.email LIKE 'drill-%%'"
    for email, film, _ in stack.postgres.rows(shelf.format("0", "favorites_favorite")):
        kept.setdefault(email, Kept()).favorites.add(film)
    for email, film, value, version in stack.postgres.rows(shelf.format("value, r.version", "favorites_rating")):
        kept.setdefault(email, Kept()).ratings[film] = (value, version)
    for email, _, watched_at in stack.postgres.rows(shelf.format("watched_at", "favorites_viewinghistory")):
        kept.setdefault(email, Kept()).viewings.append(watched_at.astimezone(UTC).isoformat())
    return kept


def row(result: Result) -> str:
    statuses, slowest = result.statuses, result.slowest
    answered = [f"{status}: {number}" for status, number in sorted(statuses.items()) if status > 0]
    answered += [f"{NAMES[status]}: {number}" for status, number in sorted(statuses.items()) if status < 0]
    verdict = result.verdict
    cells = [
        result.fault.what,
        ", ".join(answered),
        f"{slowest.until - slowest.at:.1f} s",
        f"{result.gap:.1f} s",
        f"{verdict.acknowledged}",
        f"{len(verdict.lost)}",
        f"{len(verdict.doubled)}",
        f"{result.recovery:.1f} s",
    ]
    return "| " + " | ".join(cells) + " |"


def report(results: Sequence[Result], seconds: float) -> str:
    lines = [
        "# Faults under load",
        "",
        f"`python -m benchmarks.drills.faults --seconds {seconds:g}`",
        "",
        "Two web workers, a Celery worker, beat, PostgreSQL, Redis and a played TMDb as processes; "
        f"{CLIENTS} signed-in clients, four reads to one write; each fault for {seconds:g} s. "
        "Answers count from the fault's first second until all was well for 5 s. Every acknowledged write was looked "
        "up in the tables at the very end.",
        "",
        "| fault | answers | slowest | longest time without any | acknowledged writes | lost | done twice "
        "| well again after |",
        "|---|---|---|---|---|---|---|---|",
        *map(row, results),
    ]
    for result in results:
        lines += ["", f"**{result.fault.what}.** " + " ".join(result.notes.lines)]
        lines += ["", *(f"- **BROKEN**: {one}" for one in result.broken())] if result.broken() else []
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--only", action="append", choices=[fault.name for fault in FAULTS])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from tests.fake_tmdb import Catalogue

    rare = Catalogue(5000).ids.tolist()[:300]  # which the demo lacks: TMDb is asked for them
    with Production() as stack:
        print(stack.folder, flush=True)
        stack.queue("recommendations.train")
        until(lambda: bool(stack.active_model()), "the first model", 120)
        films = [film for (film,) in stack.postgres.rows("SELECT tmdb_id FROM movies_movie ORDER BY tmdb_id")]
        chosen = [fault for fault in FAULTS if not options.only or fault.name in options.only]
        if not stack.artifacts_bounded:
            print("disk is left out: only root may mount the small file system that it fills")
            chosen = [fault for fault in chosen if fault.name != "disk"]
        results = [drill(stack, fault, options.seconds, films, rare) for fault in chosen]
        kept = kept_of(stack)
    for result in results:
        for told in result.told:
            result.verdict += judge(told, kept.get(told.email, Kept()))
    text = report(results, options.seconds)
    print(text)
    if options.out:
        options.out.write_text(text)
    if any(result.broken() for result in results):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
