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
    blocks = [read(user.pk, [film.pk for film in films]) for read in _readers]
    for film in films:
        film.my = {name: value for block in blocks for name, value in block[film.pk].items()}
