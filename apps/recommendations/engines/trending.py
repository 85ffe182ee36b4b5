"""What people like lately."""

from __future__ import annotations

from typing import Self

import numpy as np

from apps.recommendations.engines.contract import (
    NO_OPINION,
    Dataset,
    Engine,
    FloatArray,
    IntArray,
    Profiles,
    Reason,
    ReasonCode,
    Tier,
)

DAY = 86_400.0  # seconds


class Trending(Engine):
    """Films by likes that fade: one loses half of its weight every ``half_life`` days.

    Now is the newest timestamp of the dataset, so that old data trend as they did in their day. After ``fit``,
    ``heat`` is (n_items,) float32: likes, counted as if all were of now, NO_OPINION where none is left.
    """

    name = "trending"
    tier = Tier.BASIC
    description = "Films that many people have liked lately, a like counting half after a month."
    personalised = False
    arrays = ("heat",)

    heat: FloatArray

    def __init__(self, *, half_life: float = 30.0) -> None:
        self.half_life = half_life

    def fit(self, dataset: Dataset) -> Self:
        profiles = dataset.profiles
        liked = profiles.interactions.data > 0
        age = (profiles.timestamps.max(initial=0.0) - profiles.timestamps[liked]) / DAY
        faded = np.exp2(-age / self.half_life)
        heat = np.bincount(profiles.interactions.indices[liked], faded, minlength=dataset.n_items).astype(np.float32)
        self.heat = np.where(heat > 0, heat, NO_OPINION)
        return self

    def score(self, profiles: Profiles) -> FloatArray:
        self.check_fitted()
        return np.tile(self.heat, (len(profiles), 1))

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        self.check_fitted()
        warm = self.heat[items] > 0
        return [
            [Reason(ReasonCode.TRENDING, float(heat))][:limit] if is_warm else []
            for heat, is_warm in zip(self.heat[items], warm, strict=True)
        ]
