"""What people liked, in the order in which they liked it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apps.recommendations.engines.contract import BoolArray, IntArray, Profiles


@dataclass(frozen=True)
class Histories:
    """The likes of some profiles, oldest first; dislikes are no part of them.

    items: int64 (n_likes,), one history after another.
    cells: int64 (n_likes,), where in ``Profiles.interactions`` each like is stored.
    bounds: int64 (n_profiles + 1,); history r is ``items[bounds[r] : bounds[r + 1]]``.
    ordered: bool (n_profiles,); False where all timestamps are equal and the order means nothing.
    """

    items: IntArray
    cells: IntArray
    bounds: IntArray
    ordered: BoolArray

    def __len__(self) -> int:
        return len(self.ordered)

    @property
    def lengths(self) -> IntArray:
        """(n_profiles,) int64: how many likes each history holds."""
        return np.diff(self.bounds)

    @property
    def owners(self) -> IntArray:
        """(n_likes,) int64: the profile of each like."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def ages(self) -> IntArray:
        """(n_likes,) int64: how many likes of the same history are newer."""
        return self.bounds[1:][self.owners] - 1 - np.arange(len(self.items))

    @property
    def places(self) -> IntArray:
        """(n_likes,) int64: where each like stands among all, in the order of storage."""
        return np.argsort(np.argsort(self.cells))

    def without_each(self, likes: IntArray) -> Histories:
        """The one history given, once for each of ``likes`` (places in ``items``), which is missing from it."""
        kept = np.arange(len(self.items)) != likes[:, None]
        items = np.broadcast_to(self.items, kept.shape)[kept]
        cells = np.broadcast_to(self.cells, kept.shape)[kept]
        bounds = np.arange(len(likes) + 1) * (len(self.items) - 1)
        return Histories(items, cells, bounds, np.repeat(self.ordered, len(likes)))

    def of(self, row: int) -> IntArray:
        """The likes of one profile, oldest first."""
        return self.items[self.bounds[row] : self.bounds[row + 1]]


def histories(profiles: Profiles) -> Histories:
    """The likes by time, ties in the order of storage. Only the order of timestamps is read, never their distance."""
    interactions = profiles.interactions
    cells = np.flatnonzero(interactions.data > 0)
    owners = np.repeat(np.arange(len(profiles)), np.diff(interactions.indptr))[cells]
    times = profiles.timestamps[cells]
    by_time = np.lexsort((times, owners))
    cells, times = cells[by_time], times[by_time]
    bounds = np.concatenate(([0], np.cumsum(np.bincount(owners, minlength=len(profiles)))))
    ordered = np.zeros(len(profiles), dtype=bool)
    liked = np.flatnonzero(np.diff(bounds))
    ordered[liked] = times[bounds[liked]] < times[bounds[liked + 1] - 1]
    return Histories(interactions.indices[cells].astype(np.int64), cells, bounds, ordered)
