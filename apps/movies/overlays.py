"""The ``my`` block of a film: what the signed-in caller has to do with it.

The catalogue does not know the library. The library registers here, once, which fields the block has and how to read
them for a whole page at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.fields import Field

if TYPE_CHECKING:
    from apps.authentication.models import User
    from apps.movies.models import Movie

Reader = Callable[[int, Sequence[int]], Mapping[int, Mapping[str, Any]]]

_fields: dict[str, Field[Any, Any, Any, Any]] = {}
_readers: list[Reader] = []


def register(fields: Mapping[str, Field[Any, Any, Any, Any]], read: Reader) -> None:
    """Add ``fields`` to the block; ``read(user_id, movie_pks)`` gives their values for every one of the films."""
    _fields.update(fields)
    _readers.append(read)


def my_fields() -> dict[str, Field[Any, Any, Any, Any]]:
    """Fresh copies: a field belongs to one serializer."""
    return deepcopy(_fields)


def attach_my(user: User | AnonymousUser, movies: Iterable[Movie]) -> None:
    """Fill ``my`` of every film; a fixed number of queries, none for an anonymous caller."""
    films = list(movies)
    if not films or user.pk is None:
        return
    blocks = _read(user.pk, [film.pk for film in films])
    for film in films:
        film.my = blocks[film.pk]


def attach_my_to_cards(user: User, cards: Sequence[dict[str, Any]]) -> None:
    """The same for films that were made JSON before anybody knew who would ask."""
    from apps.movies.models import Movie  # its serializers import this module

    ids = [card["tmdb_id"] for card in cards]
    pks = dict(Movie.objects.filter(tmdb_id__in=ids).values_list("tmdb_id", "pk"))
    blocks = _read(user.pk, list(pks.values())) if pks else {}
    fields = my_fields()
    for card in cards:
        if block := blocks.get(pks.get(card["tmdb_id"], 0)):
            card["my"] = {name: _as_json(fields[name], value) for name, value in block.items()}


def _read(user_id: int, movie_pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    blocks = [read(user_id, movie_pks) for read in _readers]
    return {pk: {name: value for block in blocks for name, value in block[pk].items()} for pk in movie_pks}


def _as_json(field: Field[Any, Any, Any, Any], value: Any) -> Any:
    return None if value is None else field.to_representation(value)
