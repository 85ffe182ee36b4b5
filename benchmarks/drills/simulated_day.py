"""A day of a busy site in minutes: how much of it the cache answers, and what that saves.

``python -m benchmarks.drills.simulated_day [--requests 100000] [--films 50000] [--out FILE.md]`` asks in one process,
with the clock moved on between requests so that the TTLs are the real ones: half lists, 35 % film pages, 15 % searches,
films and searches by Zipf's law with exponent 1. The cache begins empty. The catalogue is that of the fake TMDb, the
database in memory or that of DATABASE_URL, the cache that of REDIS_URL or of the process. Exits with 1 where a promise
is not kept.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain
from pathlib import Path
from statistics import mean
from urllib.parse import urlencode

import time_machine
from tqdm import tqdm

from benchmarks.drills.stack import Fake

API = "/api/v1/movies"
OUTCOMES = ("hit", "stale", "miss")
SHARES = {"lists": 0.5, "details": 0.35, "search": 0.15}
LISTS = ("trending/", "trending/?window=week", "popular/", "top-rated/", "now-playing/", "upcoming/", "genres/")


Took = defaultdict[str, defaultdict[str, list[float]]]


class Zipf:
    """Ranks from 0, the first the likeliest: the k-th is 1/k as likely as the first."""

    def __init__(self, n: int, chance: random.Random) -> None:
        self._cumulative = list(accumulate(1 / rank for rank in range(1, n + 1)))
        self._chance = chance

    def draw(self) -> int:
        return bisect(self._cumulative, self._chance.random() * self._cumulative[-1])


def questions(n: int, titles: list[str], ids: list[int]) -> Iterator[tuple[str, str]]:
    """(kind, path) of each request of the day."""
    chance = random.Random(1)
    films, pages = Zipf(len(ids), chance), Zipf(25, chance)
    for kind in chance.choices(list(SHARES), list(SHARES.values()), k=n):
        if kind == "lists":
            name, page = chance.choice(LISTS), pages.draw() + 1
            paged = "" if page == 1 or name == "genres/" else f"{'&' if '?' in name else '?'}page={page}"
            yield kind, f"{API}/{name}{paged}"
        elif kind == "details":
            yield kind, f"{API}/{ids[films.draw()]}/"
        else:
            yield kind, f"{API}/search/?{urlencode({'query': titles[films.draw()]})}"


def day(requests: int, films: int) -> Took:
    """Seconds of every request, by kind and by what the cache did: hit, stale, miss."""
    from django.core.management import call_command
    from django.test import Client
    from prometheus_client import REGISTRY

    from tests.fake_tmdb import Catalogue

    call_command("migrate", verbosity=0)
    catalogue = Catalogue(films)
    ids = catalogue.ids.tolist()
    random.Random(2).shuffle(ids)
    titles = [catalogue.title(tmdb_id) for tmdb_id in ids]
    client, took = Client(), Took(lambda: defaultdict(list))
    caches = {"lists": ("lists", "trending", "genres"), "details": ("details",), "search": ("search",)}

    def looked_up(kind: str, outcome: str) -> float:
        name = "marquee_cache_requests_total"
        return sum(REGISTRY.get_sample_value(name, {"cache": cache, "outcome": outcome}) or 0 for cache in caches[kind])

    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as clock:
        for kind, path in tqdm(questions(requests, titles, ids), total=requests, unit=" requests", disable=None):
            before = {outcome: looked_up(kind, outcome) for outcome in ("stale", "miss")}
            began = time.perf_counter()
            response = client.get(path)
            seconds = time.perf_counter() - began
            assert response.status_code == 200, (path, response.status_code, response.content)
            after = next((name for name, count in before.items() if looked_up(kind, name) > count), "hit")
            took[kind][after].append(seconds)
            clock.shift(timedelta(days=1) / requests)
    return took


def report(took: Took, about: str) -> tuple[str, bool]:
    """Markdown, and whether the promises are kept."""
    lines = [about, "", "| kind | requests | hit | stale | miss | ratio |", "|---|---|---|---|---|---|"]
    ratios: dict[str, float] = {}
    every = {name: list(chain.from_iterable(by[name] for by in took.values())) for name in OUTCOMES}
    for kind, by in [*took.items(), ("all", every)]:
        hits, stales, misses = (len(by[name]) for name in OUTCOMES)
        total = hits + stales + misses
        ratios[kind] = (hits + stales) / total
        lines.append(f"| {kind} | {total:,} | {hits:,} | {stales:,} | {misses:,} | {ratios[kind]:.1%} |")
    cost = {name: 1000 * mean(every[name]) for name in ("hit", "miss")}
    promises = {
        f"overall above 80 %: {ratios['all']:.1%}": ratios["all"] > 0.8,
        f"lists above 95 %: {ratios['lists']:.1%}": ratios["lists"] > 0.95,
        f"a hit costs {cost['hit']:.2f} ms, a miss {cost['miss']:.2f} ms, {cost['hit'] / cost['miss']:.2f} of it, "
        "at most half": cost["hit"] < cost["miss"] / 2,
    }
    lines += ["", *(f"- {'kept' if kept else '**BROKEN**'}: {text}" for text, kept in promises.items())]
    return "\n".join(lines) + "\n", all(promises.values())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--requests", type=int, default=100_000)
    arguments.add_argument("--films", type=int, default=50_000)
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="marquee-day-"))
    fake = Fake(options.films, folder / "fake.log")
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder / 'marquee.sqlite3'}")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings.testing",
        "TMDB_BASE_URL": f"http://127.0.0.1:{fake.port}/3",
        "TMDB_RATE_PER_SECOND": "100000",
    }
    import django
    from django.conf import settings

    logging.disable(logging.WARNING)
    fake.start()
    try:
        django.setup()
        settings.TMDB_READ_TOKEN = "a.read.token"  # noqa: S105 - the fake takes any; settings for tests have none
        took = day(options.requests, options.films)
    finally:
        fake.kill()
    database = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    cache = "Redis" if settings.REDIS_URL else "the cache of the process"
    about = f"{options.requests:,} requests of a day over {options.films:,} films, on {database} and {cache}."
    text, kept = report(took, about)
    print(text)
    if options.out:
        options.out.write_text(f"# A simulated day\n\n{text}")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
