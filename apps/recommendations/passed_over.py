"""How well an engine tells, of the films that a list showed, those that were opened from those that were passed over.

What people come to like is what they were shown: judged by that alone, the engine that made their lists is the best
one, whoever it is. Between two films of one list, both were shown.

Two limits. People look at the top of a list first, and that is in favour of whoever made it. The usual remedy compares
what was opened only with what was passed over above it (Joachims et al., 2005, "Accurately interpreting clickthrough
data as implicit feedback"); but every such pair is against the order of the list, so that its maker would have none of
them right, and whoever turns it round all. And a list holds what its maker puts first, within which it has less left to
tell apart than others have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from apps.recommendations.engines.contract import Engine, IntArray
from apps.recommendations.evaluation import ROWS_AT_ONCE, TimeSplit
from apps.recommendations.lists import lists_flush
from apps.recommendations.models import Feedback, RecommendationList

MIN_PEOPLE = 25  # the figure of fewer says nothing
MOST_LISTS = 5_000
FROM_THE_TOP = 20  # films of a list: who went on further is compared by what they did up to there
TAKEN_UP = (Feedback.Kind.OPENED, Feedback.Kind.LIKED, Feedback.Kind.WATCHED)


@dataclass(frozen=True)
class Pairs:
    """A film opened and a film passed over in the same list, for all the lists of some people.

    rows: int64 (n_people,), theirs in the split's training part.
    person, opened, passed_over: int64 (n_pairs,): the position in ``rows``, and those of the two films.
    weight: float64 (n_pairs,): adds up to 1 for a person, evenly over their lists, and in a list over its pairs.
    """

    rows: IntArray
    person: IntArray
    opened: IntArray
    passed_over: IntArray
    weight: NDArray[np.float64]


class _Shown(NamedTuple):
    """A list: whose row it is for, and its films by our ids, as far as it was shown."""

    pk: UUID
    row: int
    movies: list[int]
    at: datetime


def pairs_since(split: TimeSplit, user_ids: IntArray) -> Pairs:
    """Of the newest lists shown since the cut, in two queries; ``user_ids`` (n_users,) are those of ``split.train``.

    Who had liked nothing by then is left out: engines that go by likes cannot be asked for them.
    """
    lists_flush()
    lists = list(_lists_since(split, user_ids))
    taken_up = _taken_up(lists)
    position = {pk: place for place, pk in enumerate(split.train.item_ids.tolist())}
    rows, pairs = [], []
    for each in lists:
        known = [movie for movie in each.movies if movie in position]
        opened = [position[movie] for movie in known if movie in taken_up[each.pk]]
        passed_over = [position[movie] for movie in known if movie not in taken_up[each.pk]]
        if opened and passed_over:
            rows.append(each.row)
            pairs.append(np.array(np.meshgrid(opened, passed_over), dtype=np.int64).reshape(2, -1))
    return _as_pairs(np.array(rows, dtype=np.int64), pairs)


def told_apart(engine: Engine, split: TimeSplit, pairs: Pairs) -> NDArray[np.float64]:
    """(n_people,): the share of the pairs that the engine has in this order, equals counting half.

    The engine is fitted on ``split.train``, and asked with what everybody had done by the cut.
    """
    right = np.zeros(len(pairs.person))
    for start in range(0, len(pairs.rows), ROWS_AT_ONCE):
        scores = engine.score(split.train.profiles.take(pairs.rows[start : start + ROWS_AT_ONCE]))
        among = (pairs.person >= start) & (pairs.person < start + ROWS_AT_ONCE)
        asked = pairs.person[among] - start
        opened, passed_over = scores[asked, pairs.opened[among]], scores[asked, pairs.passed_over[among]]
        right[among] = (opened > passed_over) + (opened == passed_over) / 2
    shares: NDArray[np.float64] = np.zeros(len(pairs.rows))
    np.add.at(shares, pairs.person, pairs.weight * right)
    return shares


def _lists_since(split: TimeSplit, user_ids: IntArray) -> Iterator[_Shown]:
    """The newest of those of which something was taken up."""
    had_liked = np.diff(split.train.profiles.likes.indptr) > 0
    row_of = {user_id: row for row, user_id in enumerate(user_ids.tolist()) if had_liked[row]}
    taken_up = Feedback.objects.filter(list=OuterRef("pk"), kind__in=TAKEN_UP)
    lists = RecommendationList.objects.since(datetime.fromtimestamp(split.cut, UTC)).filter(Exists(taken_up))
    told = (
        lists.filter(user__isnull=False)
        .order_by("-created_at")
        .values_list("pk", "user", "movies", "shown", "created_at")
    )
    for pk, user_id, movies, shown, at in told[:MOST_LISTS].iterator():  # a list of today has 200
        if user_id in row_of:
            yield _Shown(pk, row_of[user_id], movies[: min(shown, FROM_THE_TOP)], at)


def _taken_up(lists: list[_Shown]) -> dict[UUID, set[int]]:
    """By list, the films that were opened, liked or watched from there."""
    found: dict[UUID, set[int]] = defaultdict(set)
    if lists:
        feedback = Feedback.objects.filter(list__created_at__gte=lists[-1].at, kind__in=TAKEN_UP)
        for list_id, movie in feedback.values_list("list_id", "movie_id").iterator():
            found[list_id].add(movie)
    return found


def _as_pairs(row: IntArray, pairs: list[IntArray]) -> Pairs:
    """``row``: int64 (n_lists,), and of each list its pairs, int64 (2, n_pairs of the list)."""
    rows, person, n_lists = np.unique(row, return_inverse=True, return_counts=True)
    n_pairs = np.array([each.shape[1] for each in pairs], dtype=np.int64)
    opened, passed_over = np.hstack([np.empty((2, 0), dtype=np.int64), *pairs])
    weight = 1 / (n_pairs * n_lists[person])
    return Pairs(rows, np.repeat(person, n_pairs), opened, passed_over, np.repeat(weight, n_pairs))
