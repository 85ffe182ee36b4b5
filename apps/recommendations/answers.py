"""What is asked and what is answered, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.movies.models import Movie
from apps.movies.querysets import MovieFilter
from apps.recommendations.reasons import SpokenReason

# Why an engine cannot answer: a stable word for each.
NO_SIGNAL = "no_signal"
NOT_TRAINED = "not_trained"
TMDB_TERMS = "tmdb_terms"
FAILED = "failed"


@dataclass(frozen=True)
class Wish:
    """What a caller asks for. Whether adult films may be shown is a matter of preferences alone."""

    algorithm: str | None = None
    filter: MovieFilter = field(default_factory=lambda: MovieFilter(include_adult=True))
    include_watched: bool = False
    include_watchlisted: bool = True
    page: int = 1
    per_page: int = 20

    @property
    def first(self) -> int:
        """How many films the pages before hold."""
        return (self.page - 1) * self.per_page


@dataclass(frozen=True)
class Recommendation:
    """``predicted_rating``: 0.5 to 10, what the caller would give the film; None where nothing tells. Ranks nothing."""

    movie: Movie
    score: float
    reasons: list[SpokenReason]
    predicted_rating: float | None = None


@dataclass(frozen=True)
class Provenance:
    """Who made the answer, from what, and what was left out.

    fallback_reason: why it was not the requested engine, or not a trained one: NO_SIGNAL, NOT_TRAINED, TMDB_TERMS,
        FAILED.
    filtered_out: films by the first ground that kept them out: library, preferences, filters.
    filled: films of this page that are popular ones, since the engine had no opinion on more.
    exhausted: nothing is left after this page.
    """

    requested: str | None
    served: str
    filtered_out: dict[str, int]
    fallback_reason: str | None = None
    personalised: bool = False
    model_version: str | None = None
    trained_at: datetime | None = None
    learned_from: dict[str, Any] | None = None
    filled: int = 0
    exhausted: bool = False


@dataclass(frozen=True)
class Recommendations:
    items: list[Recommendation]
    total: int
    provenance: Provenance


@dataclass(frozen=True)
class AlgorithmState:
    """An engine, and whether it can answer this caller now; ``why_not`` as a fallback reason."""

    name: str
    tier: str
    description: str
    usable: bool
    why_not: str | None
    metrics: dict[str, float] | None
