"""What the rest of the house asks of the catalogue."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

from django.conf import settings

from apps.movies.caches import is_old
from apps.movies.models import Movie, Person
from apps.movies.tmdb_store import details_store, mark_gone, person_store
from utils.exceptions import ApplicationError
from utils.tmdb_client import TMDbError, TMDbGone, TMDbUnavailable, tmdb


class MovieNotFound(ApplicationError):
    status = 404
    code = "movie_not_found"
    message = "There is no film with this TMDb id in the catalogue."


class PersonNotFound(ApplicationError):
    status = 404
    code = "person_not_found"
    message = "There is no person with this TMDb id in the catalogue."


class CatalogueUnavailable(ApplicationError):
    """TMDb does not answer, and we have nothing to say in its place."""

    status = 503
    code = "catalogue_unavailable"
    message = "TMDb does not answer just now, and this is not kept here; try again in a little while."

    def __init__(self, failure: TMDbError) -> None:
        wait = failure.retry_after if isinstance(failure, TMDbUnavailable) else 60
        super().__init__(headers={"Retry-After": str(max(1, ceil(wait)))})


def movie_for_tmdb_id(tmdb_id: int) -> Movie:
    """The film, asked of TMDb where we lack it. Raises MovieNotFound or CatalogueUnavailable."""
    movie = Movie.objects.filter(tmdb_id=tmdb_id).first()
    return movie or movie_detailed(tmdb_id)


@dataclass(frozen=True)
class Films:
    """``known`` by TMDb id; ``unasked``: ids of which TMDb could not be asked now, so that nobody knows."""

    known: dict[int, Movie]
    unasked: frozenset[int]


def movies_for_tmdb_ids(tmdb_ids: Collection[int]) -> Films:
    """The films, TMDb being asked for some of those that we lack, for as long as somebody may wait."""
    known = {movie.tmdb_id: movie for movie in Movie.objects.filter(tmdb_id__in=tmdb_ids)}
    missing = [tmdb_id for tmdb_id in tmdb_ids if tmdb_id not in known]
    if tmdb() is None:
        return Films(known, frozenset())
    until = time.monotonic() + settings.TMDB_DEADLINE
    for place, tmdb_id in enumerate(missing):
        if time.monotonic() > until:
            return Films(known, frozenset(missing[place:]))
        try:
            known[tmdb_id] = movie_detailed(tmdb_id)
        except MovieNotFound:
            continue
        except CatalogueUnavailable:
            return Films(known, frozenset(missing[place:]))
    return Films(known, frozenset())


def movie_detailed(tmdb_id: int) -> Movie:
    """The film in full: as we have it where that is of late, else as TMDb tells now.

    Where TMDb does not answer, as we have it, however old. Raises MovieNotFound or CatalogueUnavailable.
    """
    movie = Movie.objects.filter(tmdb_id=tmdb_id).first()
    client = tmdb()
    if client and (movie is None or is_old(movie.told_at, "details")):
        try:
            details_store([client.details(tmdb_id)])
        except TMDbGone:
            mark_gone(tmdb_id)
        except TMDbError as failure:
            if movie is None or movie.is_blank:
                raise CatalogueUnavailable(failure) from failure
        movie = Movie.objects.filter(tmdb_id=tmdb_id).first()
    if movie is None or movie.gone_at:
        raise MovieNotFound
    return movie


def person_detailed(tmdb_id: int) -> Person:
    """The person in full, by the same rules. Raises PersonNotFound or CatalogueUnavailable."""
    person = Person.objects.filter(tmdb_id=tmdb_id).first()
    client = tmdb()
    if client and (person is None or is_old(person.detailed_at, "people")):
        try:
            return person_store(client.person(tmdb_id))
        except TMDbGone:
            pass
        except TMDbError as failure:
            if person is None:
                raise CatalogueUnavailable(failure) from failure
    if person is None:
        raise PersonNotFound
    return person
