"""TMDb asked about films that the catalogue lacks, for as long as an import may wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from apps.favorites.transfer.rows import Film
from apps.movies.services import CatalogueUnavailable, MovieNotFound, movie_detailed, movies_for_tmdb_ids
from apps.movies.tmdb_store import summaries_store
from utils.text import searchable
from utils.tmdb_client import TMDbClient, TMDbError, TMDbGone, TMDbRefused, tmdb_for_jobs

PATIENCE = 600  # seconds of one run: at 20 requests a second some 12,000 films


class _Away(Exception):
    """TMDb cannot be asked any more in this run."""


@dataclass
class Asking:
    """What TMDb knows of the films it is asked about is in the catalogue afterwards.

    away: films about which it could not be asked, so that nobody knows whether there are any.
    """

    ends_at: float = field(default_factory=lambda: time.monotonic() + PATIENCE)
    away: set[Film] = field(default_factory=set)
    _asked: set[Film] = field(default_factory=set)

    def about_ids(self, films: Collection[Film]) -> bool:
        """Whether any of them could be asked about that never was."""
        client, wanted = tmdb_for_jobs(), self._new(films)
        if client is None or not wanted:
            return False
        self._by_tmdb_id([film for film in wanted if film.tmdb_id])
        self._one_by_one([film for film in wanted if not film.tmdb_id], lambda film: _find(client, film))
        return True

    def about_titles(self, films: Collection[Film]) -> bool:
        client, wanted = tmdb_for_jobs(), self._new(films)
        if client is None or not wanted:
            return False
        self._one_by_one(wanted, lambda film: _search(client, film))
        return True

    def _new(self, films: Collection[Film]) -> list[Film]:
        new = [film for film in films if film not in self._asked]
        self._asked.update(new)
        return new

    def _by_tmdb_id(self, films: list[Film]) -> None:
        missing = {film.tmdb_id for film in films if film.tmdb_id}
        while missing:
            found = movies_for_tmdb_ids(sorted(missing))
            stuck = len(found.unasked) == len(missing)
            missing = set(found.unasked)
            if stuck or time.monotonic() > self.ends_at:
                break
        self.away.update(film for film in films if film.tmdb_id in missing)

    def _one_by_one(self, films: list[Film], ask: Callable[[Film], object]) -> None:
        for place, film in enumerate(films):
            try:
                if time.monotonic() > self.ends_at:
                    raise _Away
                ask(film)
            except _Away:
                self.away.update(films[place:])
                break


def _find(client: TMDbClient, film: Film) -> None:
    try:
        found = client.find_imdb(film.imdb_id)
        if found:
            movie_detailed(found.tmdb_id)  # in full: a summary has no IMDb id
    except (TMDbGone, TMDbRefused, MovieNotFound):
        return
    except (TMDbError, CatalogueUnavailable) as exc:
        raise _Away from exc


def _search(client: TMDbClient, film: Film) -> None:
    name = searchable(film.title)
    try:
        results = client.search(film.title).results
    except (TMDbGone, TMDbRefused):
        return
    except TMDbError as exc:
        raise _Away from exc
    summaries_store(film for film in results if name in {searchable(film.title), searchable(film.original_title)})
