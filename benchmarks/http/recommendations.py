"""What ``GET /recommendations/`` costs in full: `python -m benchmarks.http.recommendations`.

Beside it, in turn on the same server, the same answer hydrated through nested serializers (``nested.py``). A scratch
database on the PostgreSQL of ``--server`` is made and dropped; the Redis is that of ``--redis``. The report is written
beside this file. Exits with 1 where a promise is not kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.http.callers import CALLER_LIKES, Answer, Caller, at_once, in_turn, new_questions, same_question
from benchmarks.http.server import Worker, between, environment, scratch_database, serving, spent_by_database

REPORT = Path(__file__).with_suffix(".md")
COMMAND = "python -m benchmarks.http.recommendations"
DATABASE = "marquee_bench_http"
OURS, NESTED = "/api/v1/recommendations/", "/api/v1/nested/recommendations/"
ENDPOINTS = OURS, NESTED
QUESTIONS: dict[str, Callable[[str], Iterator[str]]] = {"new list": new_questions, "kept list": same_question}
SETTLED = 2.0  # seconds after which lists that wait to be written are
MOST_OF_NESTED, MOST_QUERIES = 0.4, 2
CALLERS = 16


@dataclass(frozen=True)
class Block:
    """Some requests to one endpoint: microseconds of processor time for each, of the worker and of PostgreSQL."""

    worker: float
    database: float
    p50: float


@dataclass(frozen=True)
class Measured:
    """One endpoint and kind of question: medians over all blocks."""

    worker: float
    database: float
    p50: float
    queries: int
    body: int
    per_second: float


class Bench:
    """Asks a worker, and looks at what that costs."""

    def __init__(self, worker: Worker, database: str, callers: Sequence[Caller]) -> None:
        self._worker, self._database, self._callers = worker, database, callers

    def check(self) -> None:
        """Both endpoints give the same answer: to the same question from one and the same list."""
        for caller in self._callers:
            path = next(same_question(""))
            ours, nested = (orjson.loads(caller.get(endpoint + path).body) for endpoint in ENDPOINTS)
            if ours != nested:
                raise RuntimeError("The two endpoints do not give the same answer.")

    def block(self, paths: Iterator[str], requests: int) -> Block:
        """One request at a time; what waits to be written is waited for, and counts."""
        worker, database = self._worker.spent(), spent_by_database(self._database)
        answers = in_turn(self._callers, paths, requests)
        time.sleep(SETTLED)
        return Block(
            worker=1e6 * between(worker, self._worker.spent()) / requests,
            database=1e6 * between(database, spent_by_database(self._database)) / requests,
            p50=1e3 * median(answer.seconds for answer in answers),
        )

    def counted(self, paths: Iterator[str]) -> Answer:
        """The answer that took the most queries, of one to each caller."""
        answers = []
        for caller in self._callers:
            caller.get(next(paths))  # should Redis have forgotten the session, that is over
            answers.append(caller.get(next(paths), counting=True))
        return max(answers, key=lambda answer: answer.queries)

    def per_second(self, paths: Iterator[str], seconds: float) -> float:
        return len(at_once(self._callers, paths, seconds)) / seconds


def measure(bench: Bench, *, repeats: int, requests: int, seconds: float) -> dict[tuple[str, str], Measured]:
    """By kind of question and endpoint. The endpoints take turns, A B B A, so that a busy machine is busy for both."""
    measured = {}
    for kind, asks in QUESTIONS.items():
        blocks: dict[str, list[Block]] = {endpoint: [] for endpoint in ENDPOINTS}
        for _ in range(repeats):
            for endpoint in (*ENDPOINTS, *reversed(ENDPOINTS)):
                blocks[endpoint].append(bench.block(asks(endpoint), requests))
        for endpoint, of_endpoint in blocks.items():
            counted = bench.counted(asks(endpoint))
            measured[kind, endpoint] = Measured(
                worker=median(block.worker for block in of_endpoint),
                database=median(block.database for block in of_endpoint),
                p50=median(block.p50 for block in of_endpoint),
                queries=counted.queries,
                body=len(counted.body),
                per_second=median(bench.per_second(asks(endpoint), seconds) for _ in range(3)),
            )
            print(kind, endpoint, measured[kind, endpoint], flush=True)
    return measured


def report(measured: dict[tuple[str, str], Measured], about: str) -> tuple[str, bool]:
    """Markdown, and whether the promises are kept."""
    text = [
        about,
        "",
        "| ours to nested | CPU | with PostgreSQL's | p50 | requests/s | queries |",
        "|---|---|---|---|---|---|",
    ]
    promises: dict[str, bool] = {}
    for kind in QUESTIONS:
        ours, nested = measured[kind, OURS], measured[kind, NESTED]
        ratio = ours.worker / nested.worker
        whole = (ours.worker + ours.database) / (nested.worker + nested.database)
        text.append(
            f"| {kind} | **{ratio:.2f}** | {whole:.2f} | {ours.p50 / nested.p50:.2f} "
            f"| {ours.per_second / nested.per_second:.2f} | {ours.queries} to {nested.queries} |"
        )
        cpu = f"{ratio:.2f} of the nested answer's CPU for a {kind}, at most {MOST_OF_NESTED}"
        promises[cpu] = ratio <= MOST_OF_NESTED
        promises[f"{ours.queries} queries for a {kind}, at most {MOST_QUERIES}"] = ours.queries <= MOST_QUERIES
    text += ["", *(f"- {'kept' if kept else '**BROKEN**'}: {promise}" for promise, kept in promises.items()), ""]
    text += ["| list | view | CPU, µs | PostgreSQL, µs | p50, ms | requests/s | queries | body, bytes |"]
    text += ["|---|---|---|---|---|---|---|---|"]
    for (kind, endpoint), each in measured.items():
        name = "ours" if endpoint == OURS else "nested"
        text.append(
            f"| {kind} | {name} | {each.worker:,.0f} | {each.database:,.0f} | {each.p50:.1f} "
            f"| {each.per_second:,.0f} | {each.queries} | {each.body:,} |"
        )
    return "\n".join(text) + "\n", all(promises.values())


def about(options: argparse.Namespace) -> str:
    return f"""# A page of recommendations, in full

`{COMMAND}`

Two views of one production server (`config/gunicorn.py` with one worker, production settings, PostgreSQL, Redis), over
{options.films:,} films and {CALLERS} callers with {CALLER_LIKES} favourites each; matrix factorization at 64 factors,
fitted to a crowd of {options.crowd:,}. Both authenticate, read the caller, fold in, rank, give reasons, keep the list
and write 20 films; the run checks that their bodies are the same. `nested` hydrates as is usual in REST framework:
models with prefetched genres, `my` by a query, reasons' films by a query, all through nested serializers
(`benchmarks/http/nested.py`).

CPU is the worker process's, from `/proc`, by request, with the rows that it writes after the answers: medians of
{2 * options.repeats} blocks of {options.requests} requests for each endpoint, in turn A B B A. A *new list* answers a
question that was not asked before (each leaves out another film, one that does not exist), a *kept list* one that was.
Queries are the most that any caller's answer took; the session is remembered by Redis for a minute, as by default, and
the health check of a connection, which Django makes once a request, is no query here. p50 is of one client, requests/s
of {CALLERS} at once, with clients, PostgreSQL and Redis on the same cores.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="postgresql://127.0.0.1:5432/postgres", help="may create databases")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/9")
    parser.add_argument("--films", type=int, default=50_000)
    parser.add_argument("--crowd", type=int, default=2_000, help="who the engine learns from")
    parser.add_argument("--repeats", type=int, default=5, help="of A B B A")
    parser.add_argument("--requests", type=int, default=200, help="a block")
    parser.add_argument("--seconds", type=float, default=5, help=f"of {CALLERS} clients at once, three times")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder,
        scratch_database(options.server, DATABASE) as url,
    ):
        env = environment(database=url, redis=options.redis, artifacts=f"{folder}/artifacts")
        tokens = build(env, options)
        with serving(env, Path(folder) / "web.log") as worker:
            bench = Bench(worker, url, [Caller(worker.port, token) for token in tokens])
            bench.check()
            measured = measure(bench, repeats=options.repeats, requests=options.requests, seconds=options.seconds)
        forget_answers()
    text, kept = report(measured, about(options))
    print(text)
    REPORT.write_text(text)
    sys.exit(not kept)


def build(env: dict[str, str], options: argparse.Namespace) -> list[str]:
    """The world in the scratch database; the callers' access tokens."""
    os.environ.update(env)
    import django
    from django.core.management import call_command

    django.setup()
    from benchmarks.http.world import world_build

    call_command("migrate", verbosity=0)
    return world_build(n_films=options.films, n_crowd=options.crowd, n_callers=CALLERS)


def forget_answers() -> None:
    """What the worker kept in Redis."""
    from django.conf import settings

    from utils import shared

    shared.forget(f"{settings.CACHE_PREFIX}:*")


if __name__ == "__main__":
    main()
