"""Several engines as one, each counting as much as it deserves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.blend import Blend, voice_of
from apps.recommendations.engines.contract import (
    NO_OPINION,
    Dataset,
    Engine,
    FloatArray,
    Profiles,
    Tier,
    top_k,
)

HIDDEN = 0.2  # of the likes of everybody who helps to find the weights
TENTHS = 10  # weights are found to a tenth
ROWS_AT_ONCE = 100


class Ensemble(Blend):
    """A weighted sum of z-scores, the weights learned (stacking, Wolpert 1992, with weights that add up to one).

    A fifth of the likes of up to ``n_judges`` users is hidden, the newest where their order is known, else any. The
    members learn from what is left and rank for these users; of all weights in tenths those are taken that put the
    hidden likes highest (mean nDCG@``depth``). To trust one member alone is among them, so that on those users the
    ensemble is never worse than its best member. Then the members learn from everything.

    After ``fit``, ``mixture`` is (n_members,) float32, one weight for each of ``members``, by name; ``figures``
    (n_members + 1,) float64, the nDCG of each member alone on the hidden likes, and last that of the ensemble.
    """

    name = "ensemble"
    tier = Tier.ADVANCED
    description = "What several engines agree on, each counting as much as it has earned."
    arrays: ClassVar[tuple[str, ...]] = ("mixture", "figures")

    mixture: FloatArray
    figures: np.ndarray[Any, np.dtype[np.float64]]

    def __init__(
        self,
        *,
        members: Mapping[str, Mapping[str, Any]] | None = None,
        n_judges: int = 1000,
        depth: int = 20,
        random_state: int = 0,
    ) -> None:
        self.members = {"matrix_factorization": {}, "knn": {}} if members is None else members
        self.n_judges = n_judges
        self.depth = depth
        self.random_state = random_state

    def weights(self, profiles: Profiles) -> dict[str, FloatArray]:
        return {name: self.mixture[[place]] for place, name in enumerate(sorted(self.members))}

    def learn(self, dataset: Dataset) -> None:
        known, profiles, hidden = hold_out(dataset, self.n_judges, np.random.default_rng(self.random_state))
        members = [self.build_member(name).fit(known) for name in sorted(self.members)] if len(profiles) else []
        options = _mixtures(len(self.members))
        gains = _gains(members, profiles, hidden, options, self.depth)
        best = int(np.argmax(gains))
        self.mixture = options[best]
        alone = [int(np.flatnonzero(options[:, member] == 1)[0]) for member in range(len(self.members))]
        self.figures = gains[[*alone, best]]


def hold_out(dataset: Dataset, n_judges: int, rng: np.random.Generator) -> tuple[Dataset, Profiles, csr_matrix]:
    """The dataset without the hidden likes; the profiles of the judges in it; and what was hidden from them.

    A judge is drawn from those with two likes or more, and shows at least one of them.
    """
    everybody = dataset.profiles
    cells = everybody.interactions
    row = np.repeat(np.arange(dataset.n_users), np.diff(cells.indptr))
    liked = cells.data > 0
    counts = np.bincount(row[liked], minlength=dataset.n_users)
    able = np.flatnonzero(counts >= 2)
    judges = np.sort(rng.permutation(able)[:n_judges])
    places = np.flatnonzero(liked & np.isin(row, judges))
    newest_first = places[np.lexsort((rng.random(len(places)), -everybody.timestamps[places], row[places]))]
    starts = np.cumsum(counts[judges]) - counts[judges]
    turn = np.arange(len(newest_first)) - np.repeat(starts, counts[judges])
    hidden = np.zeros(len(row), dtype=bool)
    hidden[newest_first[turn < np.repeat(np.ceil(HIDDEN * counts[judges] - 1e-9), counts[judges])]] = True
    known = everybody.only(~hidden)
    return replace(dataset, profiles=known), known.take(judges), everybody.only(hidden).interactions[judges]


def _mixtures(n_members: int) -> FloatArray:
    """(n_options, n_members) float32: every way to share out ten tenths. Even ones come first, to win ties."""
    tenths = np.array([share for share in product(range(TENTHS + 1), repeat=n_members) if sum(share) == TENTHS])
    return (tenths[np.argsort((tenths**2).sum(axis=1), kind="stable")] / TENTHS).astype(np.float32)


def _gains(
    members: list[Engine], profiles: Profiles, hidden: csr_matrix, options: FloatArray, depth: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n_options,): the mean nDCG at ``depth`` of each mixture; zeros where there is nobody to judge."""
    gains = np.zeros(len(options))
    for start in range(0, len(profiles), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(profiles)))
        some, wanted = profiles.take(rows), hidden[rows].toarray() > 0
        voices = np.stack([voice_of(member.score(some)).scores for member in members])
        seen = some.interactions.toarray() != 0
        for option, mixture in enumerate(options):
            scores = np.tensordot(mixture, voices, axes=1)
            scores[seen] = NO_OPINION
            gains[option] += _ndcg(scores, wanted, depth)
    return gains / max(1, len(profiles))


def _ndcg(scores: FloatArray, wanted: np.ndarray[Any, np.dtype[np.bool_]], depth: int) -> float:
    """The sum over rows of nDCG at ``depth``."""
    items, _ = top_k(scores, depth)
    hits = np.take_along_axis(wanted, np.maximum(items, 0), axis=1) & (items >= 0)
    discount = 1 / np.log2(np.arange(2, depth + 2))
    ideal = np.cumsum(discount)[np.minimum(depth, wanted.sum(axis=1)) - 1]
    return float((hits @ discount / ideal).sum())
