"""What the rest of the house asks of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from apps.movies.models import ListEntry, Movie
from utils.database import one_at_a_time
from utils.exceptions import ApplicationError


class MovieNotFound(ApplicationError):
    status = 404
    code = "movie_not_found"
    message = "There is no film with this TMDb id in the catalogue."


def movie_for_tmdb_id(tmdb_id: int) -> Movie:
    """The film, or MovieNotFound."""
    try:
        return Movie.objects.get(tmdb_id=tmdb_id)
    except Movie.DoesNotExist as exc:
        raise MovieNotFound from exc


def list_swap(name: ListEntry.Name, movie_pks: Sequence[int]) -> None:
    """Replace a named list by these films, in this order."""
    entries = [ListEntry(name=name, position=place, movie_id=pk) for place, pk in enumerate(movie_pks, start=1)]
    with transaction.atomic():
        one_at_a_time(f"list {name}")
        ListEntry.objects.filter(name=name).delete()
        ListEntry.objects.bulk_create(entries)
