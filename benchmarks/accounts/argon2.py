"""What a password hash costs: parameters of Argon2id, and Django's PBKDF2, measured in one run on this machine.

``python -m benchmarks.accounts.argon2 [--rounds 20] [--threads 4] [--out FILE.md]`` hashes through Django's hashers.
Each set of parameters first hashes alone, all sets in turn so that a slower minute slows all; then in threads at once,
each set in a process of its own, so that its peak of resident memory is its own. Linux alone tells that peak.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import django
from tqdm import tqdm

PASSWORD = "a long enough passphrase"  # noqa: S105 - hashed and forgotten
PBKDF2 = "PBKDF2-SHA256, Django's default"


@dataclass(frozen=True)
class Parameters:
    memory_kib: int
    time_cost: int
    parallelism: int


OURS = "19 MiB, t=2, p=1: OWASP's, and ours"
SETS = {
    OURS: Parameters(19 * 1024, 2, 1),
    "46 MiB, t=1, p=1: OWASP's": Parameters(46 * 1024, 1, 1),
    "12 MiB, t=3, p=1: OWASP's": Parameters(12 * 1024, 3, 1),
    "9 MiB, t=4, p=1: OWASP's": Parameters(9 * 1024, 4, 1),
    "64 MiB, t=3, p=4: RFC 9106, second choice": Parameters(64 * 1024, 3, 4),
    "100 MiB, t=2, p=8: Django's default": Parameters(102_400, 2, 8),
}


def hasher(name: str) -> Any:
    from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher

    from apps.authentication.hashers import VpsArgon2PasswordHasher

    if name == PBKDF2:
        return PBKDF2PasswordHasher()
    parameters = SETS[name]
    if name == OURS:
        ours = VpsArgon2PasswordHasher()
        assert (ours.memory_cost, ours.time_cost, ours.parallelism) == (
            parameters.memory_kib,
            parameters.time_cost,
            parameters.parallelism,
        ), "apps/authentication/hashers.py has other parameters than this benchmark"
        return ours
    made = Argon2PasswordHasher()
    made.memory_cost, made.time_cost, made.parallelism = (
        parameters.memory_kib,
        parameters.time_cost,
        parameters.parallelism,
    )
    return made


def seconds_of(made: Any) -> tuple[float, float]:
    """Of one hash: wall time, and the processor's over all its threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    made.encode(PASSWORD, made.salt())
    return time.perf_counter() - wall, time.process_time() - cpu


def alone(rounds: int) -> dict[str, list[tuple[float, float]]]:
    hashers = {name: hasher(name) for name in [*SETS, PBKDF2]}
    for made in hashers.values():
        seconds_of(made)  # imports, and first pages of memory
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in hashers}
    for _ in tqdm(range(rounds), unit=" rounds", disable=None):
        for name, made in hashers.items():
            took[name].append(seconds_of(made))
    return took


def together(name: str, threads: int, rounds: int) -> dict[str, float]:
    """Hashes a second of threads at once, and how far they raise the peak of this process's memory, in MiB."""
    made = hasher(name)
    seconds_of(made)  # what it imports is not the hashes' memory
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew at what is resident now
    before = peak_mib()
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: seconds_of(made), range(threads * rounds)))
    seconds = time.perf_counter() - start
    return {"per_second": threads * rounds / seconds, "raised": peak_mib() - before}


def peak_mib() -> float:
    """Not getrusage's ru_maxrss, which a process inherits from the one that starts it."""
    told = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmHWM")) / 1024


def in_a_process(name: str, threads: int, rounds: int) -> dict[str, float]:
    words = ["--of", name, "--threads", str(threads), "--rounds", str(rounds)]
    told = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.accounts.argon2", *words], check=True, capture_output=True, text=True
    )
    measured: dict[str, float] = json.loads(told.stdout)
    return measured


def report(rounds: int, threads: int, command: str) -> str:
    took = alone(rounds)
    crowds = {name: in_a_process(name, threads, max(2, rounds // 4)) for name in took}
    walls = {name: median(wall for wall, _ in times) for name, times in took.items()}
    head = ["parameters", "median, ms", "slowest, ms", "to ours", "memory, MiB", "logins a second and core"]
    head += [f"{threads} threads: a second", "peak raised by, MiB"]
    lines = [
        "# What a password hash costs",
        "",
        f"`{command}`",
        "",
        f"{rounds} hashes of each alone, in turn, in one process, on {os.cpu_count()} cores ({processor()}). Logins a"
        " second and core are by processor time, over all threads of a hash; those of threads at once, by the clock."
        " Argon2 and PBKDF2 both let other threads run meanwhile.",
        "",
        "| " + " | ".join(head) + " |",
        "|---|" + "---:|" * (len(head) - 1),
    ]
    for name, times in took.items():
        cells = [
            f"{walls[name] * 1000:.1f}",
            f"{max(wall for wall, _ in times) * 1000:.1f}",
            f"{walls[name] / walls[OURS]:.2f}",
            f"{SETS[name].memory_kib / 1024:.0f}" if name in SETS else "0",
            f"{1 / median(cpu for _, cpu in times):.1f}",
            f"{crowds[name]['per_second']:.1f}",
            f"{crowds[name]['raised']:.0f}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in told.splitlines() if line.startswith("model name")), "unknown")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--threads", type=int, default=4)
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--of", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.testing")
    django.setup()
    if options.of:
        print(json.dumps(together(options.of, options.threads, options.rounds)))
        return
    command = f"python -m benchmarks.accounts.argon2 --rounds {options.rounds} --threads {options.threads}"
    text = report(options.rounds, options.threads, f"{command} --out {options.out}" if options.out else command)
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
