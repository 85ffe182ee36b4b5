"""Films as counted and weighted terms: words out of texts, labels out of what is known of a film."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from apps.recommendations.engines.contract import FloatArray, IntArray

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
SHORTEST = 2  # letters; a number may have one digit, since it tells a sequel from its first part
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        about after all also an and any are as at be been before being between both but by can could did do does
        during each for from get gets had has have he her here him himself his how if in into is it its itself just
        more most must no not now of off on one only or other out over own she so some such than that the their them
        then there these they this those through to too two under until up very was we were what when where which
        while who whom whose why will with would you your la le les el los der die das un une
        """,
    )
)


def words(text: str) -> list[str]:
    """The words of a text in their order, case folded: "The Thing 2" has three."""
    return [word.replace("\u2019", "'").removesuffix("'s") for word in WORD.findall(text.casefold())]


def telling_words(text: str) -> list[str]:
    """Its words without those that say nothing in a long text; in a title they do: It, Her, M."""
    return [word for word in words(text) if word not in STOP_WORDS and (len(word) >= SHORTEST or word.isdigit())]


def count_terms(documents: Iterable[Sequence[str]], *, min_films: int = 1) -> csr_matrix:
    """Terms of each film as CSR (n_items, n_terms) float32 counts, terms in alphabetical order.

    Terms that fewer than ``min_films`` films have are left out.
    """
    return named_terms(documents, min_films=min_films)[1]


def named_terms(documents: Iterable[Sequence[str]], *, min_films: int = 1) -> tuple[list[str], csr_matrix]:
    """The terms that ``count_terms`` counts, and the counts."""
    documents = list(documents)
    rows = np.repeat(np.arange(len(documents)), [len(document) for document in documents])
    names, columns = np.unique([term for document in documents for term in document], return_inverse=True)
    ones = np.ones(len(columns), dtype=np.float32)
    counts = csr_matrix((ones, (rows, columns)), shape=(len(documents), len(names)))  # adds up what is there twice
    kept = counts.getnnz(axis=0) >= min_films
    return [str(name) for name in names[kept]], counts[:, kept]


def count_known(documents: Iterable[Sequence[str]], names: Sequence[str]) -> csr_matrix:
    """How often each of these terms is in each document, CSR (n_items, n_terms) float32; others are passed over."""
    documents, places = list(documents), {name: place for place, name in enumerate(names)}
    cells = [(row, places[term]) for row, document in enumerate(documents) for term in document if term in places]
    rows, columns = np.array(cells, dtype=np.int64).reshape(-1, 2).T
    ones = np.ones(len(cells), dtype=np.float32)
    return csr_matrix((ones, (rows, columns)), shape=(len(documents), len(names)))


def pairs(flags: csr_matrix) -> csr_matrix:
    """Which two columns a row has together, CSR (n_items, n_pairs) float32, 0 or 1; pairs nobody has are left out."""
    return count_terms(paired(flags))


def paired(flags: csr_matrix) -> list[list[str]]:
    """The same as terms: "3 7" for the columns 3 and 7."""
    rows = zip(flags.indptr[:-1], flags.indptr[1:], strict=True)
    held = (sorted(flags.indices[start:stop].tolist()) for start, stop in rows)
    return [[f"{first} {second}" for first, second in combinations(columns, 2)] for columns in held]


def decades(years: IntArray) -> csr_matrix:
    """The two spans of ten years that each film is of, CSR (n_items, n_spans) float32, 0 or 1."""
    return count_terms(spans(years))


def spans(years: IntArray) -> list[list[str]]:
    """The same as terms, each span by the year that it begins in.

    1999 is of the nineties and of 1995 to 2004, so that films a few years apart share something wherever decades meet.
    An unknown year (below zero) is of none.
    """
    return [[f"{year // 10}0", f"{(year + 5) // 10 - 1}5"] if year >= 0 else [] for year in years.tolist()]


def rarity(counts: csr_matrix) -> FloatArray:
    """(n_terms,) float32: 1 + log((1 + n_items) / (1 + films with the term))."""
    return np.asarray(1 + np.log((1 + counts.shape[0]) / (1 + counts.getnnz(axis=0))), dtype=np.float32)


def tf_idf(counts: csr_matrix, rarity: FloatArray) -> csr_matrix:
    """CSR (n_items, n_terms) float32: (1 + log count) * rarity."""
    told = csr_matrix((1 + np.log(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    return csr_matrix(told @ diags_array(rarity), dtype=np.float32)
