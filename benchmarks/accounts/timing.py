"""Does time tell whether an address has an account? Login and password reset, asked for known and unknown addresses.

``python -m benchmarks.accounts.timing [--tries 200] [--seed 7] [--out FILE.md]`` asks the app in its own process, with
the hasher of production, no throttles, the garbage collector frozen, and a database of its own. For each endpoint known
and unknown addresses come in random order, each address once; the first requests are thrown away. Exits with 1 where
the 95 % bootstrap interval of the difference of the medians is not within 5 % of the time of one hash, or where the
answers differ.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import django
import numpy as np
from tqdm import tqdm

API = "/api/v1/auth"
PASSWORD = "a long enough passphrase"  # noqa: S105 - of accounts that last as long as the benchmark
WRONG = "another long passphrase"
TOLERATED = 0.05  # of one hash
RESAMPLES = 10_000
WARM_UP = 10  # requests of each kind


@dataclass(frozen=True)
class Endpoint:
    name: str
    path: str
    body: Callable[[str], dict[str, str]]
    status: int


ENDPOINTS = [
    Endpoint(
        "login, wrong password", f"{API}/login/", lambda address: {"email": address, "password": WRONG}, status=401
    ),
    Endpoint("password reset", f"{API}/password/reset/", lambda address: {"email": address}, status=202),
]


@dataclass(frozen=True)
class Measured:
    """Seconds of each request, to a known address and to an unknown one, and the difference of their medians."""

    known: list[float]
    unknown: list[float]
    low: float
    high: float

    @property
    def difference(self) -> float:
        return median(self.known) - median(self.unknown)


def addresses(kind: str, endpoint: Endpoint, n: int) -> list[str]:
    """All of one length, whatever their kind."""
    return [f"{kind}{ENDPOINTS.index(endpoint)}-{i:05}@example.org" for i in range(n)]


def accounts_make(n: int) -> None:
    """All have one hash of one password: a salt of one's own takes no longer to check."""
    from django.contrib.auth.hashers import make_password

    from apps.authentication.models import User
    from utils.text import email_key

    password = make_password(PASSWORD)
    known = [address for endpoint in ENDPOINTS for address in addresses("known00", endpoint, n)]
    people = [User(email=address, email_key=email_key(address), password=password) for address in known]
    User.objects.bulk_create(people)


def ask(endpoint: Endpoint, tries: int, seed: int) -> Measured:
    from django.test import Client

    client = Client()
    took: dict[str, list[float]] = {"known00": [], "unknown": []}
    bodies: set[str] = set()

    def request(kind: str, address: str) -> None:
        body = endpoint.body(address)
        start = time.perf_counter()
        response = client.post(endpoint.path, body, content_type="application/json")
        took[kind].append(time.perf_counter() - start)
        assert response.status_code == endpoint.status, (endpoint.path, response.status_code, response.content)
        bodies.add(str({name: response.json().get(name) for name in ("success", "data", "message", "code", "errors")}))
        jobs_finish()

    kinds = {kind: addresses(kind, endpoint, WARM_UP + tries) for kind in took}
    for first, second in zip(kinds["known00"][:WARM_UP], kinds["unknown"][:WARM_UP], strict=True):
        request("known00", first)
        request("unknown", second)
    for times in took.values():
        times.clear()
    order = [(kind, address) for kind in took for address in kinds[kind][WARM_UP:]]
    random.Random(f"{seed} {endpoint.name}").shuffle(order)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for kind, address in tqdm(order, desc=endpoint.name, unit=" requests", disable=None):
            request(kind, address)
    finally:
        gc.enable()
        gc.unfreeze()
    assert len(bodies) == 1, bodies
    return Measured(took["known00"], took["unknown"], *interval(took["known00"], took["unknown"], seed))


def jobs_finish() -> None:
    """What a request leaves to the thread of jobs is over before the next begins, and falls to no other request."""
    from utils.jobs import _thread

    _thread.submit(int).result()


def interval(known: list[float], unknown: list[float], seed: int) -> tuple[float, float]:
    """95 % of the differences of medians of resamples lie between these."""
    chance = np.random.default_rng(seed)

    def medians(times: list[float]) -> np.ndarray:
        return np.asarray(np.median(chance.choice(np.array(times), (RESAMPLES, len(times))), axis=1))

    low, high = np.percentile(medians(known) - medians(unknown), [2.5, 97.5])
    return float(low), float(high)


def one_hash(rounds: int = 30) -> float:
    from django.contrib.auth.hashers import check_password, make_password

    encoded, took = make_password(PASSWORD), []
    for _ in range(rounds):
        start = time.perf_counter()
        check_password(WRONG, encoded)
        took.append(time.perf_counter() - start)
    return median(took)


def report(tries: int, seed: int, command: str) -> tuple[str, bool]:
    """Markdown, and whether time tells nothing."""
    from django.db import connection

    accounts_make(tries + WARM_UP)
    before = one_hash()
    measured = {endpoint: ask(endpoint, tries, seed) for endpoint in ENDPOINTS}
    hashed = (before + one_hash()) / 2
    bound = TOLERATED * hashed
    lines = [
        "# Does time tell whether an address has an account?",
        "",
        f"`{command}`",
        "",
        f"{tries} requests to known addresses and {tries} to unknown ones in random order, in one process over"
        f" {connection.vendor}, jobs in its thread. One hash takes {hashed * 1000:.1f} ms; {TOLERATED:.0%} of that is"
        f" {bound * 1000:.2f} ms. The interval is a bootstrap's, of {RESAMPLES:,} resamples.",
        "",
        "| medians, ms | known | unknown | difference | 95 % interval of it | within 5 % of a hash |",
        "|---|---:|---:|---:|---:|---|",
    ]
    verdicts = []
    for endpoint, times in measured.items():
        kept = -bound <= times.low and times.high <= bound
        verdicts.append(kept)
        cells = [
            f"{median(times.known) * 1000:.2f}",
            f"{median(times.unknown) * 1000:.2f}",
            f"{times.difference * 1000:+.2f}",
            f"{times.low * 1000:+.2f} to {times.high * 1000:+.2f}",
            "yes" if kept else "**NO**",
        ]
        lines.append(f"| {endpoint.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n", all(verdicts)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tries", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    command = f"python -m benchmarks.accounts.timing --tries {options.tries} --seed {options.seed}"
    with tempfile.TemporaryDirectory(prefix="marquee-timing-") as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            "DATABASE_URL": f"sqlite:///{folder}/marquee.sqlite3",
            "REDIS_URL": "",
            "CELERY_BROKER_URL": "",
            "EMAIL_URL": "dummymail://",
            "THROTTLING": "false",  # all requests come from one address
        }
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ALLOWED_HOSTS = ["testserver"]
        logging.disable(logging.WARNING)
        call_command("migrate", verbosity=0)
        text, kept = report(options.tries, options.seed, f"{command} --out {options.out}" if options.out else command)
    print(text)
    if options.out:
        options.out.write_text(text)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
