"""What a server and all of its processes spend: processor time, those that have ended included, and memory."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, task.read_text().split())
    return found


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def spent_by_tree(pid: int) -> float:
    """Seconds of processor time of a process, its children, theirs, and those that they have waited for."""
    try:
        own = sum(map(int, _stat(pid)[11:15])) / TICKS  # user, system, and the same of ended children
        return own + sum(map(spent_by_tree, children(pid)))
    except OSError:  # it has ended between two looks
        return 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat that come after the name, the state first."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def memory(pid: int) -> tuple[float, float]:
    """MiB of a process: resident, and its share of what it has in common with others."""
    kib = {"Rss:": 0, "Pss:": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        words = line.split()
        if words[0] in kib:
            kib[words[0]] = int(words[1])
    return kib["Rss:"] / 1024, kib["Pss:"] / 1024


def memory_of_tree(pid: int) -> tuple[float, float]:
    """Of a process and all below it."""
    resident = share = 0.0
    for one in (pid, *children(pid)):
        try:
            of_one = memory(one) if one == pid else memory_of_tree(one)
        except OSError:
            continue
        resident, share = resident + of_one[0], share + of_one[1]
    return resident, share
