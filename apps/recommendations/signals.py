"""The one place that says what an event means: a signed confidence that somebody likes a film."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.favorites.events import Event, EventKind
from apps.recommendations.engines.contract import FloatArray

# Of several events on one film the first kind in this list decides: what was said outweighs what was done.
PRECEDENCE = [
    EventKind.HIDDEN,
    EventKind.RATING,
    EventKind.FAVORITE,
    EventKind.VIEWING,
    EventKind.WATCHLIST,
    EventKind.OPENED,
]


class Signal(NamedTuple):
    confidence: float
    at: datetime
    stars: float | None  # 0.5 to 10, where they were given


def confidence_of(event: Event) -> float:
    """Above zero: likes it. Below: dislikes it."""
    match event.kind:
        case EventKind.HIDDEN:
            return -1.0
        case EventKind.FAVORITE:
            return 1.5
        case EventKind.RATING:
            return confidence_of_rating(event.value)
        case EventKind.VIEWING:
            return 0.5 * event.value
        case EventKind.WATCHLIST:
            return 0.3
        case EventKind.OPENED:
            return 0.2


def confidence_of_rating(value: float) -> float:
    """Seven and above is a like, six is lukewarm, below that a dislike: no reason ever names such a film."""
    if value >= 7:
        return 1.0 + (value - 7) / 6  # 1 at 7, 1.5 at 10: as much as a favorite
    return 0.3 if value >= 6 else -0.5


def signals_of(events: Iterable[Event]) -> dict[tuple[int, int], Signal]:
    """One signal for each (user_id, movie_id), from the event that decides."""
    decisive: dict[tuple[int, int], Event] = {}
    for event in events:
        key = (event.user_id, event.movie_id)
        if key not in decisive or _rank(event) < _rank(decisive[key]):
            decisive[key] = event
    return {key: _signal(event) for key, event in decisive.items()}


def as_cells(signals: Iterable[Signal]) -> tuple[FloatArray, NDArray[np.float64], FloatArray]:
    """Confidence, seconds since 1970, and stars or NaN, each (n_signals,), as ``Profiles`` holds them."""
    told = [(signal.confidence, signal.at.timestamp(), signal.stars) for signal in signals]
    confidence, moments, stars = np.array(told, dtype=np.float64).reshape(-1, 3).T
    return confidence.astype(np.float32), moments, stars.astype(np.float32)


def _signal(event: Event) -> Signal:
    return Signal(confidence_of(event), event.at, event.value if event.kind == EventKind.RATING else None)


def _rank(event: Event) -> tuple[int, float, float]:
    """Lower decides; of two viewings the newer, of two at one moment the fuller."""
    return PRECEDENCE.index(event.kind), -event.at.timestamp(), -event.value
