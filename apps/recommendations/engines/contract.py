"""What every engine is given and what it promises.

A `row` is a user's position, an `item` a film's position; ids stay outside. Arrays in, arrays out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from inspect import signature
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Array: TypeAlias = NDArray[Any] | csr_matrix

NO_OPINION = np.float32(-np.inf)
NO_ITEM = -1  # where a list has no more
UNKNOWN_YEAR = -1
LEFT_OUT_IN_TURN = 10  # likes, for the reasons of an engine that cannot take its score apart


class Tier(StrEnum):
    BASIC = "basic"
    ADVANCED = "advanced"


class ReasonCode(StrEnum):
    """Why an engine scored an item; says what a reason's refs are."""

    SIMILAR_TO = "similar_to"  # films of the profile that the engine finds alike
    LIKED_TOGETHER = "liked_together"  # films of the profile that the same people liked
    GENRES = "genres"  # genres that the profile leans to
    POPULAR = "popular"  # no refs
    TRENDING = "trending"  # no refs


@dataclass(frozen=True)
class Reason:
    """One contribution to one score: `weight` in the engine's own units, `refs` item (or genre) positions."""

    code: ReasonCode
    weight: float
    refs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Profiles:
    """What some users did: all that an engine may know of them.

    interactions: CSR (n_profiles, n_items) float32, a signed confidence; above zero liked, below disliked.
    timestamps: float64 (nnz,), seconds since 1970, one for each cell of ``interactions`` in storage order.
    ratings: float32 (nnz,), the stars given, on any one scale, NaN where the cell is no rating; in the same order.
    genres: CSR (n_profiles, n_genres) float32, what users said of genres; above zero liked.
    """

    interactions: csr_matrix
    timestamps: NDArray[np.float64]
    ratings: FloatArray
    genres: csr_matrix

    def __len__(self) -> int:
        return int(self.interactions.shape[0])

    def take(self, rows: IntArray) -> Profiles:
        """The profiles at these rows, in this order."""
        cells = csr_matrix(
            (np.arange(self.interactions.nnz), self.interactions.indices, self.interactions.indptr),
            shape=self.interactions.shape,
        )
        chosen = cells[rows].data
        return Profiles(self.interactions[rows], self.timestamps[chosen], self.ratings[chosen], self.genres[rows])

    def only(self, kept: BoolArray) -> Profiles:
        """The same profiles with these of their cells: ``kept`` is (nnz,), in storage order."""
        cells = self.interactions
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        triple = cells.data[kept], cells.indices[kept], kept_before[cells.indptr]
        return Profiles(csr_matrix(triple, shape=cells.shape), self.timestamps[kept], self.ratings[kept], self.genres)

    @property
    def likes(self) -> csr_matrix:
        """CSR (n_profiles, n_items) float32: the cells above zero."""
        return self.only(self.interactions.data > 0).interactions

    @property
    def like_counts(self) -> IntArray:
        """(n_items,) int64: how many of the profiles like each item, whatever their confidence."""
        liked = self.interactions.indices[self.interactions.data > 0]
        return np.bincount(liked, minlength=self.interactions.shape[1])


@dataclass(frozen=True)
class Dataset:
    """What an engine learns from: users as profiles, items as features, aligned by position.

    item_genres, item_keywords, item_directors, item_cast: CSR (n_items, n_...) float32, 0 or 1.
    item_titles, item_texts: one title and one overview per item, "" where there is none.
    item_years: int64 (n_items,), of the release, UNKNOWN_YEAR where nobody says.
    item_languages: one code per item, "" where nobody says.
    item_popularity: float32 (n_items,), the catalogue's own measure; any scale, it only breaks ties.
    item_ids: int64 (n_items,), ours in the database; engines never read them.
    """

    profiles: Profiles
    item_genres: csr_matrix
    item_keywords: csr_matrix
    item_directors: csr_matrix
    item_cast: csr_matrix
    item_titles: Sequence[str]
    item_texts: Sequence[str]
    item_years: IntArray
    item_languages: Sequence[str]
    item_popularity: FloatArray
    item_ids: IntArray

    @property
    def item_tags(self) -> csr_matrix:
        """CSR (n_items, n_tags) float32: keywords, directors and cast, side by side."""
        return hstack([self.item_keywords, self.item_directors, self.item_cast], format="csr", dtype=np.float32)

    @property
    def n_users(self) -> int:
        return len(self.profiles)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)


class NotFittedError(RuntimeError):
    """An engine was asked before ``fit``."""


class TrainingRequirementsMissing(ImportError):
    """An engine wants to learn with a library that only training needs, and it is not installed."""


class Engine(ABC):
    """Learns from a Dataset, then scores profiles it has never seen.

    A subclass stores keyword hyperparameters in ``__init__``, names in ``arrays`` what ``fit`` leaves behind (numpy
    arrays or CSR matrices, attributes of the same names), and writes ``fit``, ``score`` and, where it can,
    ``contributions``.
    It never changes what ``fit`` left: a loaded engine's arrays are mapped from disk and read-only.
    """

    name: ClassVar[str]
    tier: ClassVar[Tier]
    description: ClassVar[str]
    personalised: ClassVar[bool] = True
    reads_content: ClassVar[bool] = False  # what films are about, in ``fit``: genres, tags, texts
    needs_training_requirements: ClassVar[bool] = False  # in ``fit``: JAX and optax
    reason_code: ClassVar[ReasonCode] = ReasonCode.SIMILAR_TO  # of a film that ``contributions`` speaks of
    arrays: ClassVar[tuple[str, ...]]

    @abstractmethod
    def fit(self, dataset: Dataset) -> Self:
        """Learn from ``dataset`` and forget any earlier fit."""

    @abstractmethod
    def score(self, profiles: Profiles) -> FloatArray:
        """(n_profiles, n_items) float32, higher is better; NO_OPINION where there is no evidence.

        The array is the caller's own to change. A profile that ``can_score`` refuses gets no opinion on anything.
        """

    def score_held(self, profiles: Profiles, whole: Profiles) -> FloatArray:
        """``score``, but what is taken of each profile - its length, a mean, a deviation - is that of ``whole``.

        The same users with more cells: so one sees what a cell adds, and not what it moves besides.
        """
        return self.score(profiles)

    def reasons(self, profiles: Profiles, items: IntArray, *, limit: int = 3) -> list[list[Reason]]:
        """Why each of ``items`` got its score for the one profile given.

        At most ``limit`` for an item, the largest contribution first, none that is not above zero, no film for itself.
        """
        refs = profiles.likes.indices
        added = np.where(items[:, None] == refs, 0, self.contributions(profiles, items))
        return reasons_from(self.reason_code, refs, added, limit)

    def contributions(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_items, n_likes) float32: what each like of the one profile adds to the score of each of ``items``.

        An engine that can take its score apart says so itself. Of any other it is told here what the score would lose
        without each of the newest likes; older ones add nothing.
        """
        likes = np.flatnonzero(profiles.interactions.data > 0)
        lost = np.zeros((len(items), len(likes)), dtype=np.float32)
        score = _or_zero(self.score(profiles)[0, items])
        for column in np.argsort(profiles.timestamps[likes], kind="stable")[-LEFT_OUT_IN_TURN:]:
            without = profiles.only(np.arange(profiles.interactions.nnz) != likes[column])
            lost[:, column] = score - _or_zero(self.score(without)[0, items])
        return lost

    def can_score(self, profiles: Profiles) -> BoolArray:
        """(n_profiles,): whether the profile holds any evidence that this engine reads."""
        liked = np.diff(profiles.likes.indptr) > 0
        return liked if self.personalised else np.ones(len(profiles), dtype=bool)

    def recommend(
        self, rows: IntArray, dataset: Dataset, *, k: int, exclude_seen: bool = True
    ) -> tuple[IntArray, FloatArray]:
        """Top ``k`` items and scores of the dataset's own users, each (n_rows, k), best first, padded with -1."""
        return self.rank(dataset.profiles.take(rows), k=k, exclude_seen=exclude_seen)

    def rank(self, profiles: Profiles, *, k: int, exclude_seen: bool = True) -> tuple[IntArray, FloatArray]:
        """The same for any profiles: every cell of ``interactions``, liked or not, counts as seen."""
        scores = self.score(profiles)
        if exclude_seen:
            seen = profiles.interactions
            scores[np.repeat(np.arange(len(profiles)), np.diff(seen.indptr)), seen.indices] = NO_OPINION
        return top_k(scores, k)

    def params(self) -> dict[str, Any]:
        """The hyperparameters, by name: what ``__init__`` was given or chose by default."""
        return {name: getattr(self, name) for name in signature(type(self)).parameters}

    def state(self) -> dict[str, Array]:
        """What ``fit`` learned, by name, for an artifact."""
        self.check_fitted()
        return {name: getattr(self, name) for name in self.arrays}

    def restore(self, state: Mapping[str, Array]) -> Self:
        """Take over what another instance learned; raises KeyError if a part is missing."""
        for name in self.arrays:
            setattr(self, name, state[name])
        return self

    def check_fitted(self) -> None:
        """Raise NotFittedError before ``fit`` or ``restore``."""
        if not all(hasattr(self, name) for name in self.arrays):
            raise NotFittedError(f"{type(self).__name__} was asked before fit")


def _or_zero(scores: FloatArray) -> FloatArray:
    """The scores, 0 where there is no opinion."""
    return np.where(scores == NO_OPINION, np.float32(0), scores)


def top_k(scores: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """The ``k`` best items of each row and their scores, best first, ties by position.

    Returns int64 and float32 arrays (n_rows, k); where a row has fewer opinions, NO_ITEM and NO_OPINION. The order is
    total, so the best 20 begin the best 40.
    """
    items = np.full((len(scores), k), NO_ITEM, dtype=np.int64)
    top = np.full((len(scores), k), NO_OPINION, dtype=np.float32)
    for row, values in enumerate(scores):
        best = _best(values, k)
        items[row, : len(best)] = best
        top[row, : len(best)] = values[best]
    return items, top


def _best(values: FloatArray, k: int) -> IntArray:
    """Positions of the ``k`` highest values of one row, best first, ties by position, NO_OPINION left out."""
    floor = np.finfo(np.float32).min
    width = max(4 * k, len(values) // 64)
    if k > 0 and width <= len(values):
        # Deal the row onto `width` piles. The top of each is an item, so the k-th best of the tops is no better than
        # the k-th best item, and nothing below it is among the k. At 50k items a fourteenth of a partition's time.
        depth = len(values) // width
        tops = values[: depth * width].reshape(depth, width).max(axis=0)
        floor = max(floor, np.partition(tops, width - k)[width - k])
    candidates = np.flatnonzero(values >= floor)
    return candidates[np.argsort(-values[candidates], kind="stable")[:k]]


def reasons_from(code: ReasonCode, refs: IntArray, contributions: FloatArray, limit: int) -> list[list[Reason]]:
    """For each row of ``contributions`` (n_items, n_refs) its largest above zero, each a reason with its one ref."""
    places = np.argsort(-contributions, axis=1, kind="stable")[:, :limit]
    weights = np.take_along_axis(contributions, places, axis=1)
    named = zip(refs[places].tolist(), weights.tolist(), strict=True)
    return [[Reason(code, w, (ref,)) for ref, w in zip(*row, strict=True) if w > 0] for row in named]
