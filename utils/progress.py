"""How far a long job has come, for whoever looks at a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Protocol, TypeVar

from tqdm import tqdm

T = TypeVar("T")


class Progress(Protocol):
    """Hands the items through, and may tell of each."""

    def __call__(self, items: Iterable[T], /) -> Iterable[T]: ...


def silent(items: Iterable[T], /) -> Iterable[T]:
    return items


def bar(label: str, unit: str, total: int | None = None) -> Progress:
    """A bar where the output is a terminal, nothing elsewhere."""
    return partial(tqdm, desc=label, unit=f" {unit}", total=total, disable=None)
