"""Ten thousand films read from a fake TMDb, once in one go and once killed half way.

``python -m benchmarks.drills.sync [--films 10000] [--out FILE.md]``, on SQLite or the database of DATABASE_URL, which
it empties of films. Exits with 1 where a promise is not kept.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.drills.catalogue import Report
from benchmarks.drills.stack import ROOT, Fake

RATE = 200


class Command:
    """A management command in a process of its own, and the most memory that it took."""

    def __init__(self, env: dict[str, str], *words: str) -> None:
        self.began = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *words], env={**os.environ, **env}, cwd=ROOT, stdout=sys.stderr
        )
        self.peak_mib = 0

    def running(self) -> bool:
        """Whether it still is; looks at its memory on the way."""
        if self.process.poll() is not None:
            return False
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                self.peak_mib = int(line.split()[1]) // 1024
        return True

    def wait(self) -> float:
        """Seconds."""
        while self.running():
            time.sleep(0.02)
        if self.process.returncode:
            raise SystemExit(f"the command ended with {self.process.returncode}")
        return time.monotonic() - self.began


def details(fake: Fake) -> dict[str, int]:
    """Calls by film."""
    calls: dict[str, int] = fake.control("stats")["calls"]
    return {path: n for path, n in calls.items() if path.rpartition("/")[2].isdigit()}


def one_go(fake: Fake, env: dict[str, str], pages: int, report: Report) -> None:
    manage(env, "flush", "--no-input")
    fake.control("reset")
    lists = Command(env, "sync_movies", "popular", "--pages", str(pages))
    seconds = lists.wait()
    stats = fake.control("stats")
    report.say(f"`sync_movies popular --pages {pages}`: {stats['total']} calls, {seconds:.0f} s, {lists.peak_mib} MiB")
    small = Command(env, "sync_details", "--limit", "500")
    small.wait()
    large = Command(env, "sync_details")
    seconds = large.wait()
    asked, busiest = details(fake), fake.control("stats")["busiest_second"]
    report.say(
        f"\n`sync_details`: {len(asked):,} films, {sum(asked.values()):,} calls, "
        f"{(len(asked) - 500) / seconds:.0f} films a second, busiest second {busiest}\n"
    )
    report.promise("at most one request per film plus list pages", max(asked.values()) == 1)
    report.promise(f"the rate of {RATE} a second is kept: {busiest}", busiest <= RATE + 2)
    growth = large.peak_mib - small.peak_mib
    report.promise(
        f"memory is constant: {small.peak_mib} MiB for 500 films, {large.peak_mib} for {len(asked) - 500:,}",
        growth <= 16,
    )


def killed(fake: Fake, env: dict[str, str], pages: int, report: Report) -> None:
    manage(env, "flush", "--no-input")
    fake.control("reset")
    first = Command(env, "sync_movies", "popular", "--pages", str(pages))
    while first.running() and fake.control("stats")["total"] < pages // 2:
        time.sleep(0.05)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    before = fake.control("stats")["total"]
    Command(env, "sync_movies", "popular", "--pages", str(pages)).wait()
    total = fake.control("stats")["total"]
    report.say(f"\n`sync_movies` killed after {before} pages, then run again: {total} calls for {pages} pages\n")
    report.promise("it repeats no finished page, at most the one that was being stored", total <= pages + 1)
    half = Command(env, "sync_details")
    while half.running() and len(details(fake)) < pages * 10:
        time.sleep(0.05)
    half.process.send_signal(signal.SIGKILL)
    half.process.wait()
    before = len(details(fake))
    Command(env, "sync_details").wait()
    asked = details(fake)
    repeated = sum(n - 1 for n in asked.values())
    report.say(f"\n`sync_details` killed after {before:,} films, then run again: {len(asked):,} films asked for\n")
    report.promise(f"only those on their way when it was killed are asked for twice: {repeated}", repeated <= 100)


def manage(env: dict[str, str], *words: str) -> None:
    subprocess.run([sys.executable, "manage.py", *words], env={**os.environ, **env}, cwd=ROOT, check=True)  # noqa: S603 - our own


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--films", type=int, default=10_000)
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="marquee-sync-"))
    fake = Fake(int(options.films * 1.1), folder / "fake.log")
    settings: dict[str, Any] = {
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{folder / 'marquee.sqlite3'}",
        "TMDB_BASE_URL": f"http://127.0.0.1:{fake.port}/3",
        "TMDB_READ_TOKEN": "a.read.token",
        "TMDB_RATE_PER_SECOND": str(RATE),
        "TRAIN_ON_TMDB_CONTENT": "true",
        "LOG_LEVEL": "WARNING",
    }
    report = Report()
    fake.start()
    try:
        manage(settings, "migrate", "--verbosity", "0")
        one_go(fake, settings, options.films // 20, report)
        killed(fake, settings, options.films // 20, report)
    finally:
        fake.kill()
    if options.out:
        options.out.write_text("# Ten thousand films\n\n" + "\n".join(report.lines) + "\n")
    sys.exit(report.broken > 0)


if __name__ == "__main__":
    main()
