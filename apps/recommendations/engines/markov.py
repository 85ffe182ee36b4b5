"""A Markov chain over histories that looks further back than one step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from apps.recommendations.engines.cells import only
from apps.recommendations.engines.contract import FloatArray, IntArray
from apps.recommendations.engines.histories import Histories

DUST = 1e-3  # what float32 may leave where counts cancel out; where there is an order, a like adds a hundred times that


@dataclass(frozen=True)
class Counting:
    """How a chain counts and forgets; see ``Sequential`` for what the numbers mean."""

    window: int
    gap_exponent: float
    count_exponent: float
    source_exponent: float
    target_exponent: float
    memory: int
    age_exponent: float


def followed(histories: Histories, n_items: int, counting: Counting) -> csr_matrix:
    """How often each film follows each other one, as CSR (n_items, n_items) float32.

    A film liked g steps after another, g at most ``window``, counts ``g ** -gap_exponent`` for the pair. A history
    without order counts each of its pairs as the average over all orders would.
    """
    counts = csr_matrix(_counts(histories, n_items, counting) + _unordered_counts(histories, n_items, counting))
    counts.setdiag(0)
    counts.eliminate_zeros()
    counts.sort_indices()
    return counts


def transitions(counts: csr_matrix, likes: IntArray, counting: Counting) -> csr_matrix:
    """What follows each film, as CSR (n_items, n_items) float32, of ``followed`` and the number of likes of each film.

    Cell (j, i) is ``counts ** count_exponent / (likes_j ** source_exponent * likes_i ** target_exponent)``.
    """
    damped = counts.copy()
    damped.data **= np.float32(counting.count_exponent)
    damped.data *= _damping(damped, likes, counting)
    return damped


def undamped(chain: csr_matrix, likes: IntArray, counting: Counting) -> csr_matrix:
    """The ``followed`` that these ``transitions`` were made of, to the precision of float32.

    With a ``count_exponent`` of zero they are not in there: each is taken for one.
    """
    counts = (chain.data / _damping(chain, likes, counting)) ** np.float32(1 / (counting.count_exponent or 1))
    return csr_matrix((counts, chain.indices, chain.indptr), shape=chain.shape)


def moved(before: Histories, after: Histories, counts: csr_matrix, counting: Counting) -> csr_matrix:
    """``counts`` of ``followed`` with some histories as they are ``after`` in place of what they were ``before``."""
    n_items = counts.shape[0]
    sums = csr_matrix(counts + (followed(after, n_items, counting) - followed(before, n_items, counting)))
    sums.sort_indices()
    return only(sums, sums.data > DUST)


def _damping(cells: csr_matrix, likes: IntArray, counting: Counting) -> FloatArray:
    """(nnz,) float32: what popularity leaves of each cell."""
    known = np.maximum(likes, 1.0)
    of_source = np.repeat((known**-counting.source_exponent).astype(np.float32), np.diff(cells.indptr))
    return np.asarray(of_source * (known**-counting.target_exponent).astype(np.float32)[cells.indices])


def recency(histories: Histories, n_items: int, counting: Counting) -> csr_matrix:
    """The state of the chain, CSR (n_profiles, n_items) float32: how much each of the newest ``memory`` likes weighs.

    The like at age a, 0 the newest, weighs ``(1 + a) ** -age_exponent``. In a history without order all weigh the same:
    what each would on average over all orders.
    """
    ages, owners = histories.ages, histories.owners
    weights = np.where(ages < counting.memory, (1.0 + ages) ** -counting.age_exponent, 0.0)
    sums = np.bincount(owners, weights=weights, minlength=len(histories))
    alike = ~histories.ordered[owners]
    weights[alike] = (sums / np.maximum(histories.lengths, 1))[owners[alike]]
    kept = weights > 0
    bounds = np.concatenate(([0], np.cumsum(np.bincount(owners[kept], minlength=len(histories)))))
    triple = weights[kept].astype(np.float32), histories.items[kept], bounds
    return csr_matrix(triple, shape=(len(histories), n_items))


def _counts(histories: Histories, n_items: int, counting: Counting) -> csr_matrix:
    """Discounted counts of the histories that have an order."""
    ordered = histories.ordered[histories.owners]
    items, owners = histories.items[ordered], histories.owners[ordered]
    gaps = np.arange(1, counting.window + 1)
    ahead = np.arange(len(items))[:, None] + gaps
    inside = ahead < len(items)
    ahead[~inside] = 0
    inside &= owners[ahead] == owners[:, None]
    discounts = np.broadcast_to((gaps**-counting.gap_exponent).astype(np.float32), ahead.shape)
    bounds = np.concatenate(([0], np.cumsum(inside.sum(axis=1))))
    next_ones = csr_matrix((discounts[inside], items[ahead[inside]], bounds), shape=(len(items), n_items))
    return csr_matrix(_incidence(items, np.arange(len(items)), (n_items, len(items))) @ next_ones)


def _unordered_counts(histories: Histories, n_items: int, counting: Counting) -> csr_matrix:
    """What the others would count on average over all orders of their likes."""
    alike = ~histories.ordered[histories.owners]
    liked = _incidence(histories.owners[alike], histories.items[alike], (len(histories), n_items))
    lengths = histories.lengths.astype(np.float64)
    gaps = np.arange(1, counting.window + 1)
    total = np.maximum(lengths[:, None] - gaps, 0) @ gaps**-counting.gap_exponent
    share = np.divide(total, lengths * (lengths - 1), out=np.zeros_like(total), where=lengths > 1)
    return csr_matrix(liked.T @ (diags_array(share) @ liked), dtype=np.float32)


def _incidence(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> csr_matrix:
    ones: FloatArray = np.ones(len(rows), dtype=np.float32)
    return csr_matrix((ones, (rows, columns)), shape=shape)
