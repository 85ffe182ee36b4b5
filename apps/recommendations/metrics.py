"""How good ranked lists are: functions of arrays that know nothing of who ranked.

`ranked` is int64 (n_users, width) of item positions, best first, padded with -1; `relevant` is CSR (n_users, n_items),
relevant where a cell is above zero. A metric at k needs lists at least k wide. Accuracy is one float64 a user, users
with nothing relevant left out, so that two engines can be compared user by user; the figure one quotes is the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import IntArray

Values = NDArray[np.float64]


def ndcg_at_k(ranked: IntArray, relevant: csr_matrix, k: int) -> Values:
    """Gain of the hits, each 1 / log2(place + 1), over that of the best list there could be."""
    hits, n_relevant = _hits(ranked, relevant, k)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal: Values = np.cumsum(discount)[np.minimum(k, n_relevant) - 1]
    return hits @ discount / ideal


def recall_at_k(ranked: IntArray, relevant: csr_matrix, k: int, *, capped: bool = True) -> Values:
    """Share of the relevant items that are listed; capped, of as many as a list of k can hold (Liang et al., 2018)."""
    hits, n_relevant = _hits(ranked, relevant, k)
    found: Values = hits.sum(axis=1)
    return found / (np.minimum(k, n_relevant) if capped else n_relevant)


def precision_at_k(ranked: IntArray, relevant: csr_matrix, k: int) -> Values:
    """Share of the list that is relevant."""
    hits, _ = _hits(ranked, relevant, k)
    share: Values = hits.mean(axis=1)
    return share


def hit_rate_at_k(ranked: IntArray, relevant: csr_matrix, k: int) -> Values:
    """1 where anything listed is relevant, else 0."""
    hits, _ = _hits(ranked, relevant, k)
    best: Values = hits.max(axis=1)
    return best


def reciprocal_rank(ranked: IntArray, relevant: csr_matrix, k: int) -> Values:
    """1 / place of the first hit, 0 without one."""
    hits, _ = _hits(ranked, relevant, k)
    return np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)


def average_precision(ranked: IntArray, relevant: csr_matrix, k: int, *, capped: bool = False) -> Values:
    """Precision at each hit, summed, over the number of relevant items; capped, over no more than k."""
    hits, n_relevant = _hits(ranked, relevant, k)
    precision = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    total: Values = (precision * hits).sum(axis=1)
    return total / (np.minimum(k, n_relevant) if capped else n_relevant)


def catalog_coverage(ranked: IntArray, n_items: int) -> float:
    """Share of the catalogue that is shown to anybody."""
    return len(np.unique(ranked[ranked >= 0])) / n_items if n_items else 0.0


def mean_popularity(ranked: IntArray, user_items: csr_matrix) -> float:
    """Mean over what is shown of the share of users who have it."""
    shares = _shares(user_items)[ranked[ranked >= 0]]
    return float(shares.mean()) if len(shares) else 0.0


def novelty(ranked: IntArray, user_items: csr_matrix) -> float:
    """Mean over what is shown of -log2 of the share of users who have it, nobody counting as half a user."""
    shares = _shares(user_items)[ranked[ranked >= 0]]
    return float(-np.log2(np.maximum(shares, 0.5 / user_items.shape[0])).mean()) if len(shares) else 0.0


def gini(ranked: IntArray, n_items: int) -> float:
    """How unevenly the catalogue is shown: 0 when every item is as often, towards 1 when one item is always."""
    shown = np.sort(np.bincount(ranked[ranked >= 0], minlength=n_items))
    places = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float(places @ shown / (n_items * shown.sum())) if shown.any() else 0.0


def _hits(ranked: IntArray, relevant: csr_matrix, k: int) -> tuple[Values, IntArray]:
    """(n, k), 1 where the item at that place is relevant, else 0, and (n,) how many are; n users with any."""
    if not 1 <= k <= ranked.shape[1]:
        raise ValueError(f"A metric at {k} needs lists at least that wide; these hold {ranked.shape[1]}.")
    is_relevant = csr_matrix(relevant > 0)
    n_relevant = is_relevant.getnnz(axis=1)
    judged = np.flatnonzero(n_relevant)
    top = ranked[judged, :k]
    hits = is_relevant[judged[:, None], top].toarray() & (top >= 0)
    return hits.astype(np.float64), n_relevant[judged].astype(np.int64)


def _shares(user_items: csr_matrix) -> Values:
    """(n_items,): the share of users who have each item."""
    n_users: int = max(1, user_items.shape[0])
    return np.bincount(user_items.indices[user_items.data > 0], minlength=user_items.shape[1]) / n_users
