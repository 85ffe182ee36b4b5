"""What tells films apart besides their genres: keywords, crew and leads, by our ids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from django.db.models import CharField, Value

from apps.movies.models import Credit, Movie
from apps.recommendations.engines.contract import IntArray

LEADS = 5  # billed cast that tells films apart; beyond it come people who are in everything
KEYWORD = "keyword"


class Tags(NamedTuple):
    """(film, tag) pairs of each kind, int64 (n, 2)."""

    keywords: IntArray
    crew: IntArray
    leads: IntArray


def tags_of_films(*, after: int = 0) -> Tags:
    """Those of the films whose key is above ``after``, in one query."""
    keywords = Movie.keywords.through.objects.filter(movie_id__gt=after)
    told = Credit.objects.filter(kind=Credit.Kind.CREW) | Credit.objects.filter(order__lt=LEADS)
    people = told.filter(movie_id__gt=after).order_by().values_list("kind", "movie_id", "person_id")
    named = keywords.order_by().values_list(Value(KEYWORD, CharField()), "movie_id", "keyword_id")
    rows = list(people.union(named, all=True))
    return Tags(*(_pairs(rows, kind) for kind in (KEYWORD, Credit.Kind.CREW, Credit.Kind.CAST)))


def _pairs(rows: list[tuple[str, int, int]], wanted: str) -> IntArray:
    return np.array([(film, tag) for kind, film, tag in rows if kind == wanted], dtype=np.int64).reshape(-1, 2)
