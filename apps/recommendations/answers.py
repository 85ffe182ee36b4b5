"""What is asked and what is answered, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from apps.movies.querysets import GenreChoice, MovieFilter
from apps.recommendations.reasons import SpokenReason

# Why an engine cannot answer: a stable word for each.
NO_SIGNAL = "no_signal"
NOT_TRAINED = "not_trained"
TMDB_TERMS = "tmdb_terms"
FAILED = "failed"

EVERYTHING = MovieFilter(include_adult=True)


@dataclass(frozen=True)
class Wish:
    """What a caller asks for. Whether adult films may be shown is a matter of preferences alone.

    tier: engines of this tier alone. exclude_ids: TMDb ids. diversity, min_relevance: 0 to 1.
    """

    algorithm: str | None = None
    tier: str | None = None
    filter: MovieFilter = EVERYTHING
    exclude_ids: tuple[int, ...] = ()
    diversity: float = 0.0
    min_relevance: float = 0.0
    include_watched: bool = False
    include_watchlisted: bool = True

    def as_told(self) -> dict[str, Any]:
        """As plain JSON, to be read again by ``of_told``."""
        genres = self.filter.genres
        return vars(self) | {"filter": vars(self.filter) | {"genres": dict(vars(genres)) if genres else None}}

    @classmethod
    def of_told(cls, told: Mapping[str, Any]) -> Self:
        wanted = _with_tuples(told["filter"])
        if genres := wanted["genres"]:
            wanted["genres"] = GenreChoice(**_with_tuples(genres))
        return cls(**_with_tuples(told) | {"filter": MovieFilter(**wanted)})


def _with_tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}


@dataclass(frozen=True)
class Cut:
    """Which page of a list: of one that was given before, or of the one that answers a wish."""

    page: int = 1
    per_page: int = 20
    list_id: UUID | None = None

    @property
    def first(self) -> int:
        """How many films the pages before hold."""
        return (self.page - 1) * self.per_page

    @property
    def end(self) -> int:
        return self.first + self.per_page


@dataclass(frozen=True)
class Recommendation:
    """A film of a page.

    movie: its card. relevance: 0 to 1, from the least to the best that the engine thought of any film of the list.
    predicted_rating: 0.5 to 10, what the caller would give the film; None where nothing tells. It ranks nothing.
    """

    movie: dict[str, Any]
    score: float
    relevance: float
    reasons: list[SpokenReason]
    predicted_rating: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "movie": self.movie,
            "score": self.score,
            "relevance": self.relevance,
            "reasons": [reason.as_json() for reason in self.reasons],
            "predicted_rating": self.predicted_rating,
        }


@dataclass(frozen=True)
class Provenance:
    """Who made the answer, from what, and what was left out.

    fallback_reason: why it was not the requested engine, or not a trained one: NO_SIGNAL, NOT_TRAINED, TMDB_TERMS,
        FAILED.
    filtered_out: films by the first ground that kept them out: library, preferences, filters, relevance.
    filled: films of this page that are popular ones, since the engine had no opinion on more.
    exhausted: the list has nothing after this page.
    """

    recommendation_id: UUID
    made_at: datetime
    requested: str | None
    served: str
    filtered_out: dict[str, int]
    fallback_reason: str | None = None
    personalised: bool = False
    model_version: str | None = None
    trained_at: datetime | str | None = None
    learned_from: dict[str, Any] | None = None
    filled: int = 0
    exhausted: bool = False

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


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
