"""Which questions tell most of somebody's taste. Arrays in, positions out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.recommendations.engines.contract import FloatArray, IntArray


def most_informative(
    vectors: FloatArray, chances: NDArray[Any], *, normal: NDArray[Any], wanted: NDArray[Any]
) -> IntArray:
    """All rows of ``vectors`` (n, n_factors), each next the one whose answer is expected to tell most after the others.

    A taste is estimated from its normal matrix A, ``normal`` (n_factors, n_factors) before the first answer. Only a
    like tells anything: by its chance p, (n,), v is expected to make of A a matrix A + p v v'. The next row is the one
    that lowers most the variance of the scores that matter, tr(A^-1 M), M being ``wanted`` (n_factors, n_factors): the
    transductive design of Yu, Bi & Tresp (2006), taken greedily. Ties go to the earlier row.
    """
    rows, chances = np.asarray(vectors, dtype=np.float64), np.asarray(chances, dtype=np.float64)
    inverse = np.linalg.inv(np.asarray(normal, dtype=np.float64))
    left, order = np.ones(len(rows), dtype=bool), []
    for _ in range(len(rows)):
        solved = rows @ inverse
        own = chances * np.einsum("nf,nf->n", solved, rows)
        lowered = chances * np.einsum("nf,nf->n", solved @ wanted, solved) / (1 + own)  # Sherman & Morrison
        best = int(np.argmax(np.where(left, lowered, -np.inf)))
        order.append(best)
        left[best] = False
        inverse -= chances[best] / (1 + own[best]) * np.outer(solved[best], solved[best])
    return np.array(order, dtype=np.int64)


def most_varied(item_genres: FloatArray) -> IntArray:
    """All rows of ``item_genres`` (n, n_genres), each next the one after which genres are spread most evenly.

    That is by the entropy of how often each genre has come; rows without a genre come last, ties to the earlier row.
    """
    told = item_genres.sum(axis=1) > 0
    left, order = told.copy(), []
    counts = np.zeros(item_genres.shape[1])
    for _ in range(int(told.sum())):
        totals = counts + item_genres
        shares = totals / np.maximum(totals.sum(axis=1, keepdims=True), 1)
        entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
        best = int(np.argmax(np.where(left, entropy.round(9), -np.inf)))
        order.append(best)
        left[best] = False
        counts = totals[best]
    return np.concatenate((np.array(order, dtype=np.int64), np.flatnonzero(~told)))
