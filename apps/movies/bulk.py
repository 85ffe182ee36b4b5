"""Many rows at once, by TMDb id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import models

from apps.movies.models import Keyword, Person

T = TypeVar("T")


def batches(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def link(through: Any, column: str, told: Mapping[int, Iterable[int]], pks: Mapping[Any, int]) -> None:
    """Make the links of these films be those told, writing only what differs."""
    wanted = {(movie, pks[tmdb_id]) for movie, tmdb_ids in told.items() for tmdb_id in tmdb_ids}
    present = {
        (movie, other): pk
        for pk, movie, other in through.objects.filter(movie__in=told).values_list("pk", "movie_id", column)
    }
    through.objects.filter(pk__in=[pk for link, pk in present.items() if link not in wanted]).delete()
    missing = sorted(wanted - present.keys())
    through.objects.bulk_create([through(**{"movie_id": m, column: o}) for m, o in missing], ignore_conflicts=True)


def adopt(model: type[Keyword] | type[Person], names: Mapping[int, str]) -> None:
    """Rows that the demo knows by name alone become the ones that TMDb has under this name."""
    nameless = dict(model.objects.filter(tmdb_id=None, name__in=names.values()).values_list("name", "pk"))
    if not nameless:
        return
    known = set(model.objects.filter(tmdb_id__in=names).values_list("tmdb_id", flat=True))
    for tmdb_id, name in sorted(names.items()):
        if name in nameless and tmdb_id not in known:
            model.objects.filter(pk=nameless.pop(name), tmdb_id=None).update(tmdb_id=tmdb_id)


def upsert(model: type[models.Model], rows: Sequence[models.Model], columns: list[str]) -> None:
    """By TMDb id, in its order: two upserts of the same rows in different orders would wait for each other forever."""
    by_id = {row.tmdb_id: row for row in rows}  # type: ignore[attr-defined]  # two of our ids may be one film of TMDb's now
    model._default_manager.bulk_create(
        [by_id[tmdb_id] for tmdb_id in sorted(by_id)],
        update_conflicts=True,
        unique_fields=["tmdb_id"],
        update_fields=columns,
        batch_size=500,
    )
