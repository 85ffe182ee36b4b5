"""Reasons in words. What is named was really in the caller's library, or really said by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from apps.recommendations.engines.contract import Reason, ReasonCode

SENTENCES = {
    ReasonCode.SIMILAR_TO: "Similar to {name}",
    ReasonCode.LIKED_TOGETHER: "People who liked {name} liked this too",
    ReasonCode.GENRES: "You lean to {name}",
    ReasonCode.POPULAR: "Popular here",
    ReasonCode.TRENDING: "Trending here",
}


Names = Mapping[int, tuple[int, str]]  # position -> TMDb id, name


@dataclass(frozen=True)
class SpokenReason:
    """``refs`` are TMDb ids: of films, or of genres where the code is ``genres``."""

    code: ReasonCode
    weight: float
    refs: tuple[int, ...]
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code.value, "weight": self.weight, "refs": self.refs, "text": self.text}


def in_words(reasons: Sequence[Reason], films: Names, genres: Names) -> list[SpokenReason]:
    """The same reasons with ids for positions and a sentence each.

    A reason whose film or genre has no name, being gone since the training, is left out.
    """
    spoken = (_spoken(reason, genres if reason.code == ReasonCode.GENRES else films) for reason in reasons)
    return [each for each in spoken if each]


def films_named(reasons: Iterable[Sequence[Reason]]) -> set[int]:
    """The positions of the films that reasons name."""
    named = (reason.refs for reason in chain.from_iterable(reasons) if reason.code != ReasonCode.GENRES)
    return set(chain.from_iterable(named))


def popular_reason(weight: float) -> SpokenReason:
    """For films that no engine ranked."""
    return SpokenReason(ReasonCode.POPULAR, weight, (), SENTENCES[ReasonCode.POPULAR])


def _spoken(reason: Reason, names: Names) -> SpokenReason | None:
    named = [names[ref] for ref in reason.refs if ref in names]
    if reason.refs and not named:
        return None
    text = SENTENCES[reason.code].format(name=" and ".join(name for _, name in named))
    return SpokenReason(reason.code, round(reason.weight, 4), tuple(tmdb_id for tmdb_id, _ in named), text)
