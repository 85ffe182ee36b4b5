"""What a fit costs: seconds, seconds of all cores, and memory at its peak, beside the same of a library's."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from apps.recommendations.engines.contract import Dataset

Result = TypeVar("Result")
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")

# What our costs are given as a ratio to: https://github.com/benfred/implicit, one thread, its own 15 iterations.
PEER = {"factors": 64, "alpha": 3.0, "regularization": 30.0, "random_state": 0, "num_threads": 1}


@dataclass(frozen=True)
class Cost:
    """``mib`` is what the process held at its peak over what it held before, in MiB."""

    seconds: float
    cpu_seconds: float
    mib: float

    def after(self, other: Cost) -> Cost:
        """What both cost, one after the other."""
        return Cost(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds, max(self.mib, other.mib))


def required(module: str) -> ModuleType:
    """A module of requirements/benchmarks.txt, imported where it is needed; SystemExit says how to install it."""
    try:
        return import_module(module)
    except ImportError as exc:
        raise SystemExit(f"{module} is missing: pip install --require-hashes -r requirements/benchmarks.txt") from exc


def measured(work: Callable[[], Result]) -> tuple[Result, Cost]:
    """Do something, best in a process of its own, and say what it cost."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("").malloc_trim(0)  # glibc keeps what was freed, and would lend it to the work unseen
    with suppress(OSError):
        CLEAR_REFS.write_text("5")  # on Linux, the peak starts anew
    before, started, on_cores = peak_mib(), time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - started, time.process_time() - on_cores, peak_mib() - before)


def peak_mib() -> float:
    """The most memory that this process has held; ru_maxrss, where it must serve, counts the parent's before exec."""
    with suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def peer_cost(dataset: Dataset) -> Cost:
    """What alternating least squares of ``implicit`` costs on the same likes."""
    als: Any = required("implicit.cpu.als").AlternatingLeastSquares(**PEER)
    likes = dataset.profiles.likes
    return measured(lambda: als.fit(likes, show_progress=False))[1]
