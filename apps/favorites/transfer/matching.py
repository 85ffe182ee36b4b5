"""Which film a row means: by its ids, else by title and year. Several hundred rows cost as many queries as one.

confidence: 1 by an id; else by how much of title and year agrees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, Func, Q

from apps.favorites.transfer.asking import Asking
from apps.favorites.transfer.models import ImportRow
from apps.favorites.transfer.rows import Film
from apps.movies.models import Movie
from apps.movies.querysets import MovieQuerySet
from utils.text import searchable

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

BY_ID = 1.0
OWN_TITLE, OTHER_TITLE = 0.95, 0.9  # in the row's year
NEXT_YEAR = 0.15  # less where the years differ by one: festivals and cinemas begin a film in different ones
NO_YEAR = 0.3  # less where either has none
OTHER_ID = 0.25  # less where an id says that it is another film
LEAST = 0.6
CANDIDATES = 5  # named of several


@dataclass(frozen=True, slots=True)
class Match:
    """``movie`` where it is clear which; else the ``candidates`` there are."""

    movie: Movie | None = None
    confidence: float | None = None
    candidates: Sequence[Movie] = ()

    @property
    def is_nothing(self) -> bool:
        return self.movie is None and not self.candidates


class _Candidate(NamedTuple):
    movie: Movie
    own_titles: frozenset[str]


class AnyTitle(Func):
    """Whether any of a film's titles is one of these, of which PostgreSQL looks up each in its index on whole titles.

    Asked whether the two lists overlap, it thinks that most films have one of 500 titles, and reads them all: 250 ms
    for 45,000.
    """

    output_field = BooleanField()

    def __init__(self, titles: Collection[str]) -> None:
        super().__init__("pk")
        self.titles = sorted(titles)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        pk, params = compiler.compile(self.get_source_expressions()[0])
        table = connection.ops.quote_name(Movie._meta.db_table)
        found = f"SELECT film.id FROM unnest(%s::text[]) wanted JOIN {table} film"  # noqa: S608  # nosec B608  # a name of ours
        same = "string_to_array(film.search_text::text, '|') @> ARRAY[wanted]"
        return f"({pk} = ANY(ARRAY({found} ON {same})))", (*params, self.titles)


def film_of(row: ImportRow) -> Film:
    return Film(row.title, row.year, row.tmdb_id, row.imdb_id)


def matched(films: Iterable[Film], asking: Asking) -> dict[Film, Match]:
    """What each film is, TMDb being asked where the catalogue does not know; as many queries for few as for many."""
    wanted = list(dict.fromkeys(films))
    matches = by_ids(wanted)
    with_ids = [film for film in _rest(wanted, matches) if film.tmdb_id or film.imdb_id]
    if asking.about_ids(with_ids):
        matches |= by_ids(with_ids)
    matches |= by_titles(_rest(wanted, matches))
    for film in asking.away.intersection(matches):
        if (matches[film].confidence or 0) < OTHER_TITLE:
            matches[film] = Match()
    nameless = [film for film in wanted if matches[film].is_nothing and film.title and film not in with_ids]
    if asking.about_titles(nameless):
        matches |= by_titles(nameless)
    return matches


def _rest(films: Sequence[Film], matches: Mapping[Film, Match]) -> list[Film]:
    return [film for film in films if film not in matches]


def by_ids(films: Iterable[Film]) -> dict[Film, Match]:
    """Those whose ids the catalogue knows: TMDb's first, which a film keeps that TMDb has no more."""
    wanted = list(films)
    tmdb_ids = {film.tmdb_id for film in wanted if film.tmdb_id}
    known = {movie.tmdb_id: movie for movie in _cards(Q(tmdb_id__in=tmdb_ids))} if tmdb_ids else {}
    imdb_ids = {film.imdb_id for film in wanted if film.imdb_id and film.tmdb_id not in known}
    by_imdb: dict[str, list[Movie]] = defaultdict(list)
    for movie in _cards(Q(imdb_id__in=imdb_ids, gone_at=None)) if imdb_ids else ():
        by_imdb[movie.imdb_id].append(movie)
    matches = {}
    for film in wanted:
        if film.tmdb_id in known:
            matches[film] = Match(known[film.tmdb_id], BY_ID)
        elif film.imdb_id in by_imdb:
            matches[film] = _one_of(by_imdb[film.imdb_id], BY_ID)
    return matches


def by_titles(films: Sequence[Film]) -> dict[Film, Match]:
    titles = {film: searchable(film.title) for film in films}
    found = _titled(films, {name for name in titles.values() if name})
    return {film: _best(film, found.get(name, ())) for film, name in titles.items()}


def _titled(films: Sequence[Film], titles: Collection[str]) -> Mapping[str, Sequence[_Candidate]]:
    if not titles:
        return {}
    holding: dict[int, frozenset[str]] = {}
    texts = Movie.objects.filter(_narrowed(films, titles), gone_at=None).order_by()
    for pk, search_text in texts.values_list("pk", "search_text"):
        if theirs := frozenset(search_text.split("|")).intersection(titles):
            holding[pk] = theirs
    found: dict[str, list[_Candidate]] = defaultdict(list)
    for movie in _cards(Q(pk__in=holding)).order_by("-popularity", "tmdb_id"):
        own = frozenset({searchable(movie.title), searchable(movie.original_title)})
        for name in holding[movie.pk]:
            found[name].append(_Candidate(movie, own))
    return found


def _narrowed(films: Sequence[Film], titles: Collection[str]) -> Q:
    """SQLite, which has no such index, reads the titles of all films of the years in question: 0.2 s for 45,000."""
    if connection.vendor == "postgresql":
        return Q(AnyTitle(titles))
    years = [film.year for film in films if film.title]
    dated = [year for year in years if year]
    if len(dated) < len(years):
        return Q()
    return Q(release_date=None) | Q(release_date__range=(date(min(dated) - 1, 1, 1), date(max(dated) + 1, 12, 31)))


def _cards(which: Q) -> MovieQuerySet:
    return Movie.objects.filter(which).only("tmdb_id", "imdb_id", "title", "original_title", "release_date")


def _best(film: Film, candidates: Sequence[_Candidate]) -> Match:
    rated = [(candidate.movie, _confidence(film, candidate)) for candidate in candidates]
    likely = [(movie, confidence) for movie, confidence in rated if confidence >= LEAST]
    top = max((confidence for _, confidence in likely), default=0.0)
    return _one_of([movie for movie, confidence in likely if confidence == top], top)


def _confidence(film: Film, candidate: _Candidate) -> float:
    movie = candidate.movie
    sure = OWN_TITLE if searchable(film.title) in candidate.own_titles else OTHER_TITLE
    if not film.year or not movie.year:
        sure -= NO_YEAR
    elif film.year != movie.year:
        if abs(film.year - movie.year) > 1:
            return 0
        sure -= NEXT_YEAR
    # The catalogue knows the TMDb id of every film it has.
    if film.tmdb_id or (film.imdb_id and movie.imdb_id):
        sure -= OTHER_ID
    return round(sure, 2)


def _one_of(movies: Sequence[Movie], confidence: float) -> Match:
    if len(movies) == 1:
        return Match(movies[0], confidence)
    return Match(candidates=movies[:CANDIDATES])
