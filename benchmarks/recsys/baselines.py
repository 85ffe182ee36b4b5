"""What every engine stands beside: chance."""

from __future__ import annotations

from typing import Self
from zlib import crc32

import numpy as np

from apps.recommendations.engines.contract import Dataset, Engine, FloatArray, IntArray, Profiles, Tier


class Random(Engine):
    """Films in an order drawn for each profile from what it holds and from ``random_state``.

    After ``fit``, ``films`` is int64 (n_items,), their positions.
    """

    name = "random"
    tier = Tier.BASIC
    description = "Films drawn by lot."
    personalised = False
    arrays = ("films",)

    films: IntArray

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, dataset: Dataset) -> Self:
        self.films = np.arange(dataset.n_items)
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        cells = profiles.interactions
        scores = np.empty(cells.shape, dtype=np.float32)
        for row, (start, stop) in enumerate(zip(cells.indptr, cells.indptr[1:], strict=False)):
            seen = crc32(cells.indices[start:stop].astype(np.int64).tobytes())
            scores[row] = np.random.default_rng([self.random_state, seen]).random(len(self.films), dtype=np.float32)
        return scores
