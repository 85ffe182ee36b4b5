from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Case, Count, F, IntegerField, Prefetch, Q, Value, When

from utils.text import searchable

if TYPE_CHECKING:
    from apps.movies.models import Movie


@dataclass(frozen=True)
class GenreChoice:
    """TMDb genre ids, all of which (or any of which) a film must have."""

    tmdb_ids: tuple[int, ...]
    match_all: bool = True


@dataclass(frozen=True)
class MovieFilter:
    """What a caller narrows films by; an unset limit is None and filters nothing."""

    genres: GenreChoice | None = None
    without_genres: tuple[int, ...] = ()
    year_gte: int | None = None
    year_lte: int | None = None
    runtime_gte: int | None = None
    runtime_lte: int | None = None
    vote_gte: float | None = None
    languages: tuple[str, ...] = ()
    include_adult: bool = False


class MovieQuerySet(models.QuerySet["Movie"]):
    def for_cards(self) -> Self:
        """All that a movie card shows, in two queries whatever the page size."""
        return self.prefetch_related("genres")

    def for_detail(self, expand: Collection[str] = ()) -> Self:
        """A card and the parts asked for, one more query for each kind of part."""
        from apps.movies.models import Credit  # the models import this module

        parts: list[Any] = []
        if "credits" in expand:
            parts.append(Prefetch("credits", Credit.objects.select_related("person")))
        if "keywords" in expand:
            parts.append("keywords")
        return self.for_cards().prefetch_related(*parts)

    def matching(self, wanted: MovieFilter) -> Self:
        """The films that pass every set limit; a film whose value is unknown passes no limit on it."""
        films = self if wanted.include_adult else self.filter(adult=False)
        if wanted.genres:
            films = films._in_genres(wanted.genres)
        if wanted.without_genres:
            films = films.exclude(genres__tmdb_id__in=wanted.without_genres)
        if wanted.languages:
            films = films.filter(language__in=wanted.languages)
        limits = {
            "release_date__gte": wanted.year_gte and date(wanted.year_gte, 1, 1),
            "release_date__lte": wanted.year_lte and date(wanted.year_lte, 12, 31),
            "runtime__gte": wanted.runtime_gte,
            "runtime__lte": wanted.runtime_lte,
            "vote_average__gte": wanted.vote_gte,
        }
        return films.filter(**{limit: value for limit, value in limits.items() if value is not None})

    def _in_genres(self, genres: GenreChoice) -> Self:
        # Not a join for each genre: PostgreSQL took half a second to plan eight of them.
        links: models.QuerySet[Any, Any] = self.model.genres.through.objects.filter(genre__tmdb_id__in=genres.tmdb_ids)
        if genres.match_all:
            links = links.values("movie").annotate(found=Count("pk")).filter(found=len(set(genres.tmdb_ids)))
        return self.filter(pk__in=links.values("movie"))

    def search(self, text: str) -> Self:
        """Films whose titles hold every word, best first: the exact title, then its beginning, then the rest."""
        words = searchable(text)
        if not words:
            return self.none()
        found = self.filter(*(_has_word(word) for word in words.split()))
        is_title = Q(search_text=words) | Q(search_text__startswith=f"{words}|") | Q(search_text__endswith=f"|{words}")
        begins_title = Q(search_text__startswith=words) | Q(search_text__contains=f"|{words}")
        closeness = Case(
            When(is_title, then=Value(0)),
            When(begins_title, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        return found.order_by(closeness, F("popularity").desc(), "tmdb_id")

    def in_order(self, ordering: str) -> Self:
        """Ties by TMDb id. Databases differ on where a null comes: here an unknown release date is last either way."""
        by_release = {
            "release_date": F("release_date").asc(nulls_last=True),
            "-release_date": F("release_date").desc(nulls_last=True),
        }
        return self.order_by(by_release.get(ordering, ordering), "tmdb_id")

    def on_list(self, name: str) -> Self:
        """A named list, in its order."""
        return self.filter(list_entries__name=name).order_by("list_entries__position")


def _has_word(beginning: str) -> Q:
    """Whether a word of any title begins so."""
    starts = Q(search_text__startswith=beginning)
    return starts | Q(search_text__contains=f" {beginning}") | Q(search_text__contains=f"|{beginning}")
