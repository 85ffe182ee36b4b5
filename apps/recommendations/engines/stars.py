"""Predicted stars: how somebody would rate a film. A head beside the rankers, never one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import FloatArray, IntArray, Profiles

FloatArray64 = NDArray[np.float64]

ROWS = 4096  # sampled at once: 7 MiB of normal matrices at 20 factors
CELLS = 2**17  # ratings whose error is taken at once
BURN_IN = 4  # one sweep in so many, the first ones, is thrown away
CENTRE_WEIGHT = 2.0  # how many rows the prior mean of zero counts for


@dataclass(frozen=True)
class Stars:
    """Biased matrix factorization, Bayesian by Gibbs sampling (Salakhutdinov & Mnih, 2008).

    A rating, less the mean of all and over their deviation, is ``p . q + b + c`` and normal noise: p and b a person's
    factors and bias, q and c a film's. Person (p, b) and film (q, c) are each drawn from one normal distribution, whose
    mean and precision have a Gauss-Wishart prior. Single samples of the posterior predict badly and their mean well.
    Kept is what a new profile needs: given the films of one sample, a person's mean is one small solve, and the
    prediction is the mean over samples. With K factors and S samples:

    items: float32 (S, n_items, K + 1), factors and bias of each film, the mean of films where nobody rated it.
    centres: float32 (S, K + 1), the mean of people.
    ridges: float32 (S, K + 1, K + 1), their precision over that of the noise.
    scale: float32 (4,), mean and deviation of all ratings, the lowest and the highest.

    All are empty where there was nothing to learn from.
    """

    items: FloatArray
    centres: FloatArray
    ridges: FloatArray
    scale: FloatArray

    @classmethod
    def unknown(cls) -> Self:
        """Nobody has rated anything."""
        arrays = [np.zeros(shape, dtype=np.float32) for shape in ((0, 0, 0), (0, 0), (0, 0, 0), (0,))]
        return cls(*arrays)

    @classmethod
    def learn(cls, profiles: Profiles, *, n_factors: int, n_sweeps: int, n_samples: int, random_state: int) -> Self:
        """Sample ``n_sweeps`` times and keep ``n_samples``, evenly spread over all but the first quarter."""
        cells = _ratings(profiles)
        if not cells.nnz:
            return cls.unknown()
        mean, deviation = cells.data.mean(dtype=np.float64), cells.data.std(dtype=np.float64) or 1.0
        scale = np.array([mean, deviation, cells.data.min(), cells.data.max()], dtype=np.float32)
        cells.data = (cells.data - scale[0]) / scale[1]
        raters, rated = np.flatnonzero(np.diff(cells.indptr)), np.unique(cells.indices)
        sampler = _Sampler(cells[raters][:, rated], n_factors, np.random.default_rng(random_state))
        wanted = np.linspace(n_sweeps // BURN_IN, n_sweeps - 1, n_samples).round().astype(int)
        kept = []
        for sweep in range(n_sweeps):
            sample = sampler.sweep()
            if sweep in wanted:
                kept.append(sample)
        films, film_centres, centres, ridges = (
            np.array(arrays, dtype=np.float32) for arrays in zip(*kept, strict=True)
        )
        items = np.repeat(film_centres[:, None], cells.shape[1], axis=1)
        items[:, rated] = films
        return cls(items, centres, ridges, scale)

    def predict(self, profiles: Profiles, items: IntArray) -> FloatArray:
        """(n_profiles, len(items)) float32 stars, on the scale of the ratings and within those that were learned from.

        NaN for a profile without a rating, and for all where nothing was learned. A film that nobody had rated gets
        what this person gives to the mean film.
        """
        stars = np.full((len(profiles), len(items)), np.nan, dtype=np.float32)
        if not len(self.items):
            return stars
        mean, deviation, lowest, highest = self.scale
        cells = _ratings(profiles)
        cells.data = (cells.data - mean) / deviation
        rows = np.flatnonzero(np.diff(cells.indptr))
        people = self._fold_in(cells, rows)
        total = np.zeros((len(rows), len(items)), dtype=np.float32)
        for person, films in zip(people, self.items, strict=True):
            asked = films[items]
            total += person[:, :-1] @ asked[:, :-1].T + person[:, -1:] + asked[:, -1]
        stars[rows] = np.clip(mean + deviation * total / len(self.items), lowest, highest)
        return stars

    def _fold_in(self, cells: csr_matrix, rows: IntArray) -> FloatArray:
        """(S, n_rows, K + 1) float32: in each sample the mean of a person who rated so."""
        people = np.empty((len(self.items), len(rows), self.items.shape[2]), dtype=np.float32)
        pulls = self.ridges @ self.centres[:, :, None]
        for place, row in enumerate(rows):
            mine = slice(cells.indptr[row], cells.indptr[row + 1])
            films = self.items[:, cells.indices[mine]]
            left = cells.data[mine] - films[:, :, -1]
            films[:, :, -1] = 1
            normals = self.ridges + films.transpose(0, 2, 1) @ films
            people[:, place] = np.linalg.solve(normals, pulls + films.transpose(0, 2, 1) @ left[:, :, None])[:, :, 0]
        return people


class _Sampler:
    """The Gibbs chain over one set of standardized ratings, users down."""

    def __init__(self, cells: csr_matrix, n_factors: int, rng: Generator) -> None:
        self.rng = rng
        self.by_user, self.by_item = cells, cells.T.tocsr()
        self.rows = np.repeat(np.arange(cells.shape[0]), np.diff(cells.indptr))
        self.users, self.items = (
            np.float32(0.1) * rng.standard_normal((size, n_factors + 1), dtype=np.float32) for size in cells.shape
        )
        self.item_centre = np.zeros(n_factors + 1)
        self.noise = 1.0  # its precision

    def sweep(self) -> tuple[FloatArray, FloatArray64, FloatArray64, FloatArray64]:
        """Draw all anew. Returns the films that people were drawn for and their mean, the mean and ridge of people."""
        films, film_centre = self.items, self.item_centre
        centre, precision = _draw_prior(self.rng, self.users)
        ridge = precision / self.noise
        self.users = self._draw(self.by_user, films, centre, ridge)
        self.item_centre, item_precision = _draw_prior(self.rng, self.items)
        self.items = self._draw(self.by_item, self.users, self.item_centre, item_precision / self.noise)
        self.noise = self.rng.gamma((1 + self.by_user.nnz) / 2, 2 / (1 + self._squared_error()))
        return films, film_centre, centre, ridge

    def _draw(self, cells: csr_matrix, others: FloatArray, centre: FloatArray64, ridge: FloatArray64) -> FloatArray:
        """One side's factors and biases (n_rows, K + 1), the other side being given."""
        drawn = np.empty((cells.shape[0], others.shape[1]), dtype=np.float32)
        features = others.copy()
        features[:, -1] = 1
        left = csr_matrix((cells.data - others[cells.indices, -1], cells.indices, cells.indptr), shape=cells.shape)
        seen = csr_matrix((np.ones_like(cells.data), cells.indices, cells.indptr), shape=cells.shape)
        upper = np.triu_indices(len(ridge))
        products = features[:, upper[0]] * features[:, upper[1]]  # a row's normal matrix is the sum over its cells
        for start in range(0, len(drawn), ROWS):
            rows = slice(start, start + ROWS)
            sums = seen[rows] @ products + ridge[upper].astype(np.float32)
            normals = np.empty((len(sums), *ridge.shape), dtype=np.float32)
            normals[:, upper[0], upper[1]] = sums
            normals[:, upper[1], upper[0]] = sums
            roots = np.linalg.cholesky(normals)
            targets = left[rows] @ features + (ridge @ centre).astype(np.float32)
            halfway = np.linalg.solve(roots, targets[:, :, None])
            halfway += self.rng.standard_normal(halfway.shape, dtype=np.float32) / np.float32(np.sqrt(self.noise))
            drawn[rows] = np.linalg.solve(roots.transpose(0, 2, 1), halfway)[:, :, 0]
        return drawn

    def _squared_error(self) -> float:
        """Summed over all ratings."""
        total = 0.0
        for start in range(0, self.by_user.nnz, CELLS):
            part = slice(start, start + CELLS)
            users, items = self.users[self.rows[part]], self.items[self.by_user.indices[part]]
            fitted = np.einsum("nk,nk->n", users[:, :-1], items[:, :-1]) + users[:, -1] + items[:, -1]
            total += float(np.square(self.by_user.data[part] - fitted, dtype=np.float64).sum())
        return total


def _ratings(profiles: Profiles) -> csr_matrix:
    """CSR (n_profiles, n_items) float32: the stars given."""
    only = profiles.only(~np.isnan(profiles.ratings))
    cells = only.interactions
    return csr_matrix((only.ratings, cells.indices, cells.indptr), shape=cells.shape)


def _draw_prior(rng: Generator, factors: FloatArray) -> tuple[FloatArray64, FloatArray64]:
    """Mean and precision of the normal distribution that these rows came from, drawn given the rows."""
    n_rows, size = factors.shape
    mean = factors.mean(axis=0, dtype=np.float64)
    spread = np.cov(factors.T.astype(np.float64), bias=True).reshape(size, size) * n_rows
    pull = CENTRE_WEIGHT * n_rows / (CENTRE_WEIGHT + n_rows)
    scale = np.linalg.inv(np.eye(size) + spread + pull * np.outer(mean, mean))
    precision = _draw_wishart(rng, (scale + scale.T) / 2, size + n_rows)
    root = np.linalg.cholesky((CENTRE_WEIGHT + n_rows) * precision)
    centre = n_rows * mean / (CENTRE_WEIGHT + n_rows) + np.linalg.solve(root.T, rng.standard_normal(size))
    return centre, precision


def _draw_wishart(rng: Generator, scale: FloatArray64, freedom: int) -> FloatArray64:
    """A precision matrix of mean ``freedom * scale``, by Bartlett's decomposition."""
    size = len(scale)
    triangle = np.tril(rng.standard_normal((size, size)), -1)
    triangle[np.diag_indices(size)] = np.sqrt(rng.chisquare(freedom - np.arange(size)))
    root = np.linalg.cholesky(scale) @ triangle
    return np.asarray(root @ root.T)
