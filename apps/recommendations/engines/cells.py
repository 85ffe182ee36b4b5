"""What is done to the cells of a CSR matrix that an engine has learned, always to a copy."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import BoolArray


def largest(cells: csr_matrix, n_cells: int) -> csr_matrix:
    """Of each row the ``n_cells`` largest, ties by column. Columns must be in order, and stay so."""
    kept = np.ones(cells.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(cells.indptr) > n_cells):
        start, stop = cells.indptr[row], cells.indptr[row + 1]
        best_first = np.argsort(-cells.data[start:stop], kind="stable")
        kept[start + best_first[n_cells:]] = False
    return only(cells, kept)


def only(cells: csr_matrix, kept: BoolArray) -> csr_matrix:
    """Those of the cells: ``kept`` is (nnz,), in storage order."""
    kept_before = np.concatenate(([0], np.cumsum(kept)))
    return csr_matrix((cells.data[kept], cells.indices[kept], kept_before[cells.indptr]), shape=cells.shape)


def among(cells: csr_matrix, items: BoolArray) -> csr_matrix:
    """Those of the cells (n_items, n_items) that are between two of these items, which are given as (n_items,)."""
    of_row = np.repeat(items, np.diff(cells.indptr))
    return only(cells, of_row & items[cells.indices])


def widened(cells: csr_matrix, n_rows: int, n_columns: int) -> csr_matrix:
    """The same cells in a matrix with empty rows below and empty columns to the right."""
    more_rows = np.full(n_rows - cells.shape[0], cells.nnz, dtype=cells.indptr.dtype)
    indptr = np.concatenate((cells.indptr, more_rows))
    return csr_matrix((cells.data, cells.indices, indptr), shape=(n_rows, n_columns))
