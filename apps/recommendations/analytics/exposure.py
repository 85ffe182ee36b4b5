"""Which films lists showed, and how often: read list by list, kept as counts."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TypeAlias

import numpy as np
import orjson
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast, Substr
from scipy.sparse import csr_matrix

from apps.movies.models import Movie
from apps.recommendations.engines.contract import IntArray
from apps.recommendations.models import RecommendationList

AT_ONCE = 2000  # lists, in memory with the films that they showed
ID_ROOM = len(f"{2**63}, ")  # characters that an id may take in JSON

Shown: TypeAlias = tuple[str, int, float, str]  # a key, how many films were shown, milliseconds, and those as JSON


def exposure_of(lists: QuerySet[RecommendationList], *, column: str) -> Exposure:
    """By a column of the lists, in two queries."""
    exposure = Exposure(_film_ids())
    for batch in _batches(lists, column):
        exposure.add(batch)
    return exposure


@dataclass
class Exposure:
    """What was shown by key. Films that left the catalogue are not in it.

    film_ids: (n_films,) primary keys, ascending.
    rows: the row of each key in ``counts``.
    counts: CSR (n_keys, n_films) int64, the lists that showed each film.
    latencies: milliseconds that each list took.
    """

    film_ids: IntArray
    rows: dict[str, int] = field(default_factory=dict)
    counts: csr_matrix = field(init=False)
    latencies: defaultdict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    n_shown: int = 0  # lists that showed anything

    def __post_init__(self) -> None:
        self.counts = csr_matrix((0, len(self.film_ids)), dtype=np.int64)

    @property
    def n_films(self) -> int:
        return len(self.film_ids)

    def add(self, batch: list[Shown]) -> None:
        for key, shown, latency, _ in batch:
            self.rows.setdefault(key, len(self.rows))
            self.latencies[key].append(latency)
            self.n_shown += shown > 0
        films = [_ids(films)[:shown] for _, shown, _, films in batch]
        rows = np.repeat([self.rows[key] for key, *_ in batch], [len(ids) for ids in films])
        ids = np.fromiter(chain.from_iterable(films), np.int64)
        items = np.searchsorted(self.film_ids, ids)
        known = np.append(self.film_ids, -1)[items] == ids
        shape = len(self.rows), self.n_films
        self.counts.resize(shape)
        self.counts += csr_matrix((np.ones(known.sum(), np.int64), (rows[known], items[known])), shape=shape)

    def coverage(self) -> dict[str, float]:
        """Share of the catalogue that each key's lists showed."""
        n_distinct = self.counts.getnnz(axis=1)
        return {key: float(n_distinct[row]) / max(1, self.n_films) for key, row in self.rows.items()}

    def novelty(self) -> dict[str, float | None]:
        """Mean over what each key's lists showed of -log2 of the share of all lists that showed it; None of nothing."""
        often = np.asarray(self.counts.sum(axis=0)).ravel()
        surprise = np.log2(max(1, self.n_shown) / np.maximum(often, 1))
        bits, shown = self.counts @ surprise, self.counts.sum(axis=1).A1
        return {key: float(bits[row] / shown[row]) if shown[row] else None for key, row in self.rows.items()}


def _film_ids() -> IntArray:
    films = Movie.objects.shown().order_by("pk").values_list("pk", flat=True)
    return np.fromiter(films.iterator(AT_ONCE), np.int64)


def _batches(lists: QuerySet[RecommendationList], column: str) -> Iterator[list[Shown]]:
    # Most of a list is never shown: reading all of it took four times as long (100,000 lists of 200 films).
    films = Substr(Cast("movies", TextField()), 1, 1 + (F("shown") + 1) * ID_ROOM)
    stream = lists.order_by().values_list(column, "shown", "latency_ms", films).iterator(AT_ONCE)
    while batch := list(islice(stream, AT_ONCE)):
        yield batch


def _ids(films: str) -> list[int]:
    """Of a JSON list that may have been cut after its first comma, the whole numbers."""
    return list(orjson.loads(films if films.endswith("]") else films[: films.rindex(",")] + "]"))
