"""Search as it is typed: `python -m benchmarks.search.typos --titles FILE.csv`, on SQLite or where DATABASE_URL says.

FILE is any CSV of films with a `title` column, packed by gzip or not. The report goes to typos.md beside this file, a
section for each database and size; a section measured again is replaced.
"""

from __future__ import annotations

import argparse
import random
import re
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.search.catalogue import load, rows_of, scratch_database
from benchmarks.search.slips import KINDS, misspelled

REPORT = Path(__file__).with_suffix(".md")
TOP = (1, 3, 10)
Queries = list[tuple[str, str]]  # what is typed, and the title that is meant


@dataclass(frozen=True)
class Titles:
    """Folded titles, and the votes by which some are asked for more often."""

    titles: list[str]
    votes: list[float]

    def drawn(self, n: int, chance: random.Random, *, by_votes: bool) -> list[str]:
        return chance.choices(self.titles, self.votes if by_votes else None, k=n)


def folded(rows: Sequence[dict[str, str]]) -> Titles:
    from utils.text import searchable

    kept = [(searchable(row["title"]), float(row.get("vote_count") or 0)) for row in rows]
    kept = [(title, votes) for title, votes in kept if title]
    return Titles([title for title, _ in kept], [votes + 0.01 for _, votes in kept])


def plain_queries(titles: Titles, n: int, chance: random.Random) -> dict[str, list[str]]:
    """Queries without a mistake, by their kind."""
    words = [title.split() for title in titles.drawn(n * 4, chance, by_votes=False)]
    common = [word for word, _ in Counter(word for title in titles.titles for word in title.split()).most_common(20)]
    return {
        "one word": [chance.choice(title) for title in words][:n],
        "two words": [" ".join(chance.sample(title, 2)) for title in words if len(title) > 1][:n],
        "whole title": [" ".join(title) for title in words][:n],
        "3 letters of a word": [word[:3] for title in words if len(word := chance.choice(title)) > 3][:n],
        "1 letter": [chance.choice(title)[0] for title in words][:n],
        "one of the 20 commonest words": [chance.choice(common) for _ in range(n)],
        "a commonest word and another": [f"{chance.choice(common)} {chance.choice(title)}" for title in words][:n],
        "nothing like it": ["".join(chance.choices("bcdfghjklmnpqrstvwxz", k=9)) for _ in range(n)],
    }


def misspelled_queries(titles: Titles, kind: str, n: int, chance: random.Random, *, by_votes: bool) -> Queries:
    queries: Queries = []
    while len(queries) < n:
        for title in titles.drawn(n, chance, by_votes=by_votes):
            typed = misspelled(title, kind, chance)
            if typed:
                queries.append((typed, title))
    return queries[:n]


def timed(text: str) -> tuple[float, list[str]]:
    """Milliseconds of a search with its count and its first page, and the titles on that page."""
    from apps.movies.models import Movie
    from apps.movies.search import find

    start = time.perf_counter()
    films = find(Movie.objects.filter(adult=False), text).films
    films.count()
    page = [film.search_text for film in films[:20]]
    return (time.perf_counter() - start) * 1000, page


def quantiles(milliseconds: Sequence[float]) -> str:
    return f"{np.percentile(milliseconds, 50):.1f} | {np.percentile(milliseconds, 95):.1f}"


def speed_table(titles: Titles, n: int, seed: int) -> list[str]:
    lines = ["| query | p50, ms | p95, ms |", "|---|---|---|"]
    for kind, queries in plain_queries(titles, n, random.Random(seed)).items():
        lines.append(f"| {kind} | {quantiles([timed(query)[0] for query in queries])} |")
    return lines


def typo_table(titles: Titles, n: int, seed: int, *, by_votes: bool) -> list[str]:
    lines = ["| mistake | " + " | ".join(f"success@{k}" for k in TOP) + " | p50, ms | p95, ms |", "|---" * 6 + "|"]
    totals: list[list[float]] = []
    for kind in KINDS:
        chance = random.Random(f"{seed} {kind}")
        answers = [
            (*timed(typed), title) for typed, title in misspelled_queries(titles, kind, n, chance, by_votes=by_votes)
        ]
        pages = [(page, title) for _, page, title in answers]
        found = [float(np.mean([holds(page[:k], title) for page, title in pages])) for k in TOP]
        totals.append(found)
        lines.append(f"| {kind} | {shares(found)} | {quantiles([ms for ms, _, _ in answers])} |")
    lines.append(f"| **any one slip** | {shares(np.mean(totals[:-1], axis=0))} | | |")
    return lines


def holds(page: Sequence[str], title: str) -> bool:
    return any(title in titles.split("|") for titles in page)


def shares(values: Sequence[float] | np.ndarray) -> str:
    return " | ".join(f"{value:.3f}" for value in values)


def vocabulary_line() -> str:
    from apps.movies.search import vocabulary_keeper

    def built() -> int:
        vocabulary_keeper.reset()
        return len(vocabulary_keeper.vocabulary().counts)

    start = time.perf_counter()
    n_words = built()
    seconds = time.perf_counter() - start
    tracemalloc.start()
    built()
    size = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    return f"Vocabulary: {n_words:,} words, {size:.1f} MiB in each process, counted in {seconds:.1f} s."


def section(vendor: str, rows: list[dict[str, str]], arguments: argparse.Namespace) -> tuple[str, list[str]]:
    """The heading of one measurement, and its lines."""
    from apps.movies.models import Movie

    load(rows, arguments.copies, random.Random(arguments.seed))
    titles, n, seed = folded(rows), arguments.queries, arguments.seed
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[vendor]
    heading = f"## {name}, {Movie.objects.count():,} films"
    address = "DATABASE_URL=postgres://... " if vendor == "postgresql" else ""
    lines = [
        f"`{address}python -m benchmarks.search.typos --titles {arguments.titles.name} --copies {arguments.copies}"
        f" --queries {n} --seed {seed}`",
        "",
        vocabulary_line(),
        "",
        *speed_table(titles, n, seed),
        "",
        "Misspelled, titles drawn by their votes:",
        "",
        *typo_table(titles, n, seed, by_votes=True),
        "",
        "Misspelled, every title as likely as any:",
        "",
        *typo_table(titles, n, seed, by_votes=False),
    ]
    return heading, lines


def write(report: Path, heading: str, lines: Sequence[str]) -> None:
    """Put a section into the report in place of the one of the same heading, or after the others."""
    text = report.read_text() if report.exists() else INTRODUCTION
    body = "\n".join((heading, "", *lines)) + "\n"
    old = re.compile(re.escape(heading) + r"\n.*?(?=\n## |\Z)", re.DOTALL)
    measured_before = old.search(text)
    report.write_text(text.replace(measured_before[0], body) if measured_before else f"{text}\n{body}")


INTRODUCTION = """# Search by title, typed well and badly

Written by `python -m benchmarks.search.typos`. A search here is `apps.movies.search.find` with the count and the first
20 films. success@k: a film of the title that was meant is among the first k. One word of a title is mistyped, of four
letters at least; which word, where and how come from a seeded generator. Copies are titles with words exchanged and
made-up names, less popular than their originals; only titles of the file are asked for.

Nothing is guessed for a word of under four letters: hence the lower success of a missing letter, which leaves three of
four, or makes another word that the catalogue knows ("amer" of "gamer" begins "american"). Two slips in one word can
be further off than two edits, or nearer to another word.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--titles", type=Path, required=True, help="a CSV with a title column, perhaps .gz")
    parser.add_argument("--copies", type=int, default=1, help="films for each title of the file")
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with scratch_database() as vendor:
        heading, lines = section(vendor, rows_of(arguments.titles), arguments)
    write(REPORT, heading, lines)
    print("\n".join((heading, "", *lines)))


if __name__ == "__main__":
    main()
