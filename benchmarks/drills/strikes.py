"""What can break, how it is broken, and how it is brought back."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from os import kill, write

from benchmarks.drills.production import ARTIFACT_MIB, Production, children, hung
from benchmarks.drills.stack import until

AT_ONCE = 30.0  # seconds
RACE = 0.05  # seconds from a question to whoever works on it


@dataclass
class Notes:
    """What a fault has to say of itself, and which of its own promises it broke."""

    lines: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)  # from when to when a server was told to end

    def say(self, line: str) -> None:
        print(f"  {line}", flush=True)
        self.lines.append(line)

    def promise(self, text: str, kept: bool) -> None:
        self.say(text if kept else f"**BROKEN**: {text}")
        if not kept:
            self.broken.append(text)


@dataclass(frozen=True)
class Fault:
    """``strike`` breaks something and returns ``seconds`` later; ``heal`` brings it back."""

    name: str
    what: str
    strike: Callable[[Production, float, Notes], None]
    heal: Callable[[Production, Notes], None] = lambda stack, notes: None
    may_cut: bool = False  # whether a request in hand may end without an answer, since who had it was killed
    may_wait: bool = False  # whether an answer may take as long as the fault


def rest(began: float, seconds: float) -> None:
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def web_workers_killed(stack: Production, seconds: float, notes: Notes) -> None:
    began, chance, killed = time.monotonic(), random.Random(1), 0
    while time.monotonic() - began < seconds:
        kill(chance.choice(stack.web_workers()), signal.SIGKILL)
        killed += 1
        time.sleep(min(5.0, max(0.0, began + seconds - time.monotonic())))
    notes.say(f"{killed} workers were killed, one every 5 s.")


def postgres_restarted(stack: Production, seconds: float, notes: Notes) -> None:
    began, took = time.monotonic(), []
    while time.monotonic() - began < seconds:
        at = time.monotonic()
        stack.postgres.restart()
        took.append(time.monotonic() - at)
        rest(at, min(10.0, seconds))
    notes.say(f"{len(took)} restarts (`pg_ctl restart -m fast`), {max(took):.1f} s at most.")


def postgres_killed(stack: Production, seconds: float, notes: Notes) -> None:
    stack.postgres.kill()
    time.sleep(seconds)


def postgres_started(stack: Production, notes: Notes) -> None:
    began = time.monotonic()
    stack.postgres.start()
    notes.say(f"Started again, with its crash recovery, in {time.monotonic() - began:.1f} s.")


def postgres_hung(stack: Production, seconds: float, notes: Notes) -> None:
    with hung(stack.postgres.pids):
        time.sleep(seconds)


def redis_killed(stack: Production, seconds: float, notes: Notes) -> None:
    assert stack.redis
    stack.redis.kill()
    time.sleep(seconds)


def redis_started(stack: Production, notes: Notes) -> None:
    assert stack.redis
    stack.redis.start()
    notes.say("Came back empty.")


def redis_hung(stack: Production, seconds: float, notes: Notes) -> None:
    assert stack.redis
    assert stack.redis.process
    with hung([stack.redis.process.pid]):
        time.sleep(seconds)


def worker_killed(stack: Production, seconds: float, notes: Notes) -> None:
    began, heard, active = time.monotonic(), stack.heard(), stack.active_model()
    stack.queue("recommendations.train")
    if stack.awaits("ndcg@10", since=heard, seconds=60) is None:
        raise TimeoutError("the worker did not begin to train")
    stack.worker.kill()
    notes.say("The worker was killed (SIGKILL, with its processes) when it had judged the first engine.")
    time.sleep(seconds / 2)
    notes.promise("The active model stayed.", stack.active_model() == active)
    rest(began, seconds)


def worker_started(stack: Production, notes: Notes) -> None:
    before, began = stack.models(), time.monotonic()
    stack.worker.start()
    how = "A new worker took the training up again by itself"
    if not _changes(stack, before, AT_ONCE):
        began = time.monotonic()
        hours = stack.age_what_is_in_hand() / 3600
        how = f"A new worker takes the training up again {hours:g} h after it was begun (its message was made so old)"
    trained = _changes(stack, before, 120)
    notes.promise(f"{how}: trained {time.monotonic() - began:.0f} s later." if trained else f"{how}.", trained)


def _changes(stack: Production, before: list[tuple[str, str]], seconds: float) -> bool:
    """Whether a model is made in time."""
    with suppress(TimeoutError):
        until(lambda: stack.models() != before, "a model", seconds)
        return True
    return False


def training_killed(stack: Production, seconds: float, notes: Notes) -> None:
    began, heard, active = time.monotonic(), stack.heard(), stack.active_model()
    failures = stack.job_failures("recommendations.train")
    stack.queue("recommendations.train")
    if stack.awaits("ndcg@10", since=heard, seconds=60) is None:
        raise TimeoutError("the worker did not begin to train")
    assert stack.worker.process
    for child in children(stack.worker.process.pid):
        kill(child, signal.SIGKILL)
    rest(began, seconds)
    notes.promise("The active model stayed.", stack.active_model() == active)
    told = stack.job_failures("recommendations.train") - failures
    notes.promise("The run is on record as failed.", told == 1)


def disk_full(stack: Production, seconds: float, notes: Notes) -> None:
    began, heard, active, before = time.monotonic(), stack.heard(), stack.active_model(), listing(stack)
    with (stack.artifacts / "filler").open("wb") as filler:
        _fill(filler.fileno())
    job = stack.queue("recommendations.train")
    ended = stack.awaits(job, "raised", since=heard, seconds=60)
    notes.promise("A training on the full disk ended with an error.", ended is not None)
    said = re.findall(r"\[Errno 28\] [^'\"\\]+", stack.worker_said(heard))
    told = said[-1].strip(" :") if said else "nothing"
    notes.say(f"{ARTIFACT_MIB} MiB were full to the last block; the worker's log: `{told}`.")
    notes.promise("Nothing half-written was left.", listing(stack) == before | {"filler"})
    notes.promise("The active model stayed.", stack.active_model() == active)
    rest(began, seconds)


def _fill(file: int) -> None:
    with suppress(OSError):
        while True:
            write(file, bytes(4096))


def listing(stack: Production) -> set[str]:
    """Folders of models, and drafts of such; what a model's own folder holds is not looked at."""
    return {path.name for path in stack.artifacts.iterdir()}


def disk_freed(stack: Production, notes: Notes) -> None:
    (stack.artifacts / "filler").unlink()
    before, began = stack.models(), time.monotonic()
    stack.queue("recommendations.train")
    judged = {"active", "rejected"}  # a candidate is not judged yet
    until(lambda: stack.models() != before and stack.models()[0][1] in judged, "a training after space was freed", 60)
    took, status = time.monotonic() - began, stack.models()[0][1]
    notes.say(f"With the space back the next training made a model ({status}) in {took:.0f} s.")


def tmdb_killed(stack: Production, seconds: float, notes: Notes) -> None:
    stack.fake.kill()
    time.sleep(seconds)


def tmdb_started(stack: Production, notes: Notes) -> None:
    stack.fake.start()


def master_stopped(stack: Production, seconds: float, notes: Notes) -> None:
    began, took = time.monotonic(), []
    while time.monotonic() - began < seconds:
        at = time.monotonic()
        took.append(stack.web.stop())
        notes.ends.append((at - RACE, time.monotonic()))
        stack.web.start()
        rest(at, min(10.0, seconds))
    notes.say(f"{len(took)} times SIGTERM and a new start; the master was gone after {max(took):.1f} s at most.")
    notes.say(
        "Requests in hand were answered. Who came after the SIGTERM was refused or, already let in, cut off unheard."
    )


FAULTS = [
    Fault("web-worker", "kill -9 of a web worker, every 5 s", web_workers_killed, may_cut=True),
    Fault("postgres-restart", "PostgreSQL restarted, every 10 s", postgres_restarted),
    Fault("postgres-crash", "PostgreSQL killed with -9, away, started again", postgres_killed, postgres_started),
    Fault("redis", "Redis killed, away, back empty", redis_killed, redis_started),
    Fault("celery", "kill -9 of the Celery worker in mid-training", worker_killed, worker_started),
    Fault("oom", "kill -9 of the process that trains, as when memory is out", training_killed),
    Fault("disk", "the disk of the models full", disk_full, disk_freed),
    Fault("tmdb", "TMDb killed, away, back", tmdb_killed, tmdb_started),
    Fault("sigterm", "SIGTERM of gunicorn's master and a new start, every 10 s", master_stopped),
    Fault("redis-hang", "Redis hangs (SIGSTOP)", redis_hung),
    Fault("postgres-hang", "PostgreSQL hangs (SIGSTOP)", postgres_hung, may_wait=True),
]
