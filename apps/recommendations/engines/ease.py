"""The weights between films that best rebuild everybody's likes from each other, in closed form."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_matrix, diags_array

from apps.recommendations.engines.contract import FloatArray, IntArray
from apps.recommendations.engines.neighbours import strongest


def ease(
    user_items: csr_matrix,
    *,
    regularization: float,
    user_damping: float,
    target_damping: float,
    max_dense: int,
    n_neighbours: int,
    dust: float,
) -> csr_matrix:
    """EASE (Steck, 2019): what a like of film j adds to the score of film i, as CSR (n_items, n_items) float32.

    Minimizes, over matrices B with an empty diagonal, x_u the likes of a user with n_u of them, g_j what film j gathers

        sum over users of (n_u / mean n) ^ -user_damping * |x_u - x_u B|^2
            + sum over films of regularization * sqrt(g_j) * |row j of B|^2

    Users who like everything say little of each film, hence the weights; the chance in a count grows as its root, hence
    the root. A column is then divided by ``g_i ** target_damping``, which moves the scores away from popular films.

    Only the ``max_dense`` most liked films take part, the rows and columns of the others are empty. Of a row are kept
    the ``n_neighbours`` cells that are largest in size, as they were before the columns were divided, and not below
    ``dust``.
    """
    films = _most_liked(user_items, max_dense)
    gram = _gram(user_items[:, films], user_damping)
    gathered = gram.diagonal().copy()
    gram.flat[:: len(gram) + 1] += regularization * np.sqrt(gathered)
    inverse = _inverse(gram)
    inverse /= -inverse.diagonal()
    np.fill_diagonal(inverse, 0)
    kept = strongest(inverse, n_neighbours, floor=dust)
    kept.data *= gathered[kept.indices] ** np.float32(-target_damping)
    return _spread(kept, films, user_items.shape[1])


def _most_liked(user_items: csr_matrix, limit: int) -> IntArray:
    """Positions of the films that anybody likes, in ascending order, the ``limit`` with most likes."""
    counts = user_items.getnnz(axis=0)
    best = np.argsort(-counts, kind="stable")[: min(limit, np.count_nonzero(counts))]
    return np.sort(best).astype(np.int64)


def _gram(user_items: csr_matrix, user_damping: float) -> FloatArray:
    """Likes that two films share, (n_films, n_films) float32, each user weighing (likes / mean likes) ^ -damping."""
    likes = np.diff(user_items.indptr)
    mean = max(1.0, likes.mean()) if len(likes) else 1.0
    weights = (np.maximum(likes, 1) / mean) ** (-user_damping / 2)
    weighted = csr_matrix(diags_array(weights) @ user_items, dtype=np.float32)
    gram: FloatArray = (weighted.T @ weighted).toarray(order="F")
    return gram


def _inverse(matrix: FloatArray) -> FloatArray:
    """Of a symmetric positive definite matrix, which is overwritten: Cholesky, half the work of a general inverse.

    Raises LinAlgError where the matrix is not positive definite.
    """
    if not len(matrix):
        return matrix
    factor, failed = spotrf(matrix, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("The likes that films share are singular: regularization must be above zero.")
    half, _ = spotri(factor, overwrite_c=True)
    return np.asarray(np.triu(half) + np.triu(half, 1).T)


def _spread(cells: csr_matrix, films: IntArray, n_items: int) -> csr_matrix:
    """Cells among some films as cells (n_items, n_items) among all of them."""
    counts = np.zeros(n_items, dtype=np.int64)
    counts[films] = np.diff(cells.indptr)
    indptr = np.concatenate(([0], np.cumsum(counts)))
    return csr_matrix((cells.data, films[cells.indices], indptr), shape=(n_items, n_items))
