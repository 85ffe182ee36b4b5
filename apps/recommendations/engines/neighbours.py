"""What the engines share that score a film by the films that somebody likes."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import (
    NO_OPINION,
    BoolArray,
    FloatArray,
    IntArray,
    top_k,
)

BLOCK = 2**23  # cells of a dense block of similarities: 32 MiB of float32


def nearest_items(
    user_items: csr_matrix,
    *,
    source_norms: FloatArray,
    target_norms: FloatArray,
    shrinkage: float,
    n_neighbours: int,
) -> csr_matrix:
    """The ``n_neighbours`` items most similar to each, as CSR (n_items, n_items) float32, never the item itself.

    Cell (j, i) is ``x_j . x_i / (source_norms[j] * target_norms[i] + shrinkage)``, x the columns of ``user_items``.
    """
    item_users = user_items.T.tocsr()
    n_items = item_users.shape[0]
    rows_a_block = max(1, BLOCK // max(1, n_items))
    blocks = []
    for start in range(0, n_items, rows_a_block):
        rows = np.arange(start, min(start + rows_a_block, n_items))
        together = (item_users[rows] @ user_items).toarray()
        alike = together / np.maximum(np.outer(source_norms[rows], target_norms) + shrinkage, np.float32(1e-12))
        alike[alike <= 0] = NO_OPINION
        alike[rows - start, rows] = NO_OPINION
        blocks.append(top_k(alike, n_neighbours))
    return _as_rows([items for items, _ in blocks], [values for _, values in blocks], (n_items, n_items))


def strongest(cells: FloatArray, n_cells: int, *, floor: float) -> csr_matrix:
    """Of each row of an array the ``n_cells`` largest in size, none below ``floor``, as CSR of the same shape."""
    rows_a_block = max(1, BLOCK // max(1, cells.shape[1]))
    blocks = []
    for start in range(0, len(cells), rows_a_block):
        block = cells[start : start + rows_a_block]
        sizes = np.abs(block)
        sizes[sizes < floor] = NO_OPINION
        items, _ = top_k(sizes, n_cells)
        blocks.append((items, np.take_along_axis(block, items, axis=1)))
    return _as_rows([items for items, _ in blocks], [values for _, values in blocks], cells.shape)


def _as_rows(items: list[IntArray], values: list[FloatArray], shape: tuple[int, ...]) -> csr_matrix:
    """Blocks of top-k lists as the rows of one sorted CSR of this shape."""
    if not items:
        return csr_matrix(shape, dtype=np.float32)
    found = np.concatenate(items) >= 0
    indptr = np.concatenate(([0], np.cumsum(found.sum(axis=1))))
    rows = csr_matrix((np.concatenate(values)[found], np.concatenate(items)[found], indptr), shape=shape)
    rows.sort_indices()
    return rows


def opinions(evidence: csr_matrix, can_score: BoolArray) -> FloatArray:
    """Summed evidence (n_profiles, n_items) as scores: NO_OPINION where none speaks for a film, or nothing is liked.

    What speaks against a film outweighing what speaks for it is no reason to show it before one that is only popular.
    """
    scores: FloatArray = evidence.toarray()
    scores[scores <= 0] = NO_OPINION
    scores[~can_score] = NO_OPINION
    return scores


def contributions(neighbours: csr_matrix, likes: csr_matrix, items: IntArray) -> FloatArray:
    """(n_items, n_likes) float32: what each like, of the one row given, adds to the score of each of ``items``."""
    return np.asarray(neighbours[likes.indices][:, items].multiply(likes.data[:, None]).toarray().T)
