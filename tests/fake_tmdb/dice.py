"""Chance that is a pure function of its key: the same film rolls the same numbers in every process."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
MASK = (1 << 64) - 1


class Dice:
    """Rolls drawn from the hash of a key, cheap enough to throw forty films for one answer."""

    def __init__(self, *key: int | str) -> None:
        self._key = repr(key)
        self._round = 0
        self._left = 0

    def below(self, n: int) -> int:
        if self._left < n << 20:
            self._round += 1
            digest = blake2b(f"{self._key}{self._round}".encode()).digest()
            self._left = int.from_bytes(digest, "little")
        self._left, roll = divmod(self._left, n)
        return roll

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def percent(self, share: int) -> bool:
        return self.below(100) < share

    def picture(self, extension: str = "jpg") -> str:
        return f"/{self.below(1 << 96):024x}.{extension}"


def draws(seed: int, ids: NDArray[np.uint64], salt: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), one an id (splitmix64), float64 of the shape of ``ids``."""
    start = np.uint64((seed * 0xD1342543DE82EF95 + salt * 0x2545F4914F6CDD1D) & MASK)
    mixed = (ids + start) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / float(1 << 53)
