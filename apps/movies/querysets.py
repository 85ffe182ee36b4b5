from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import (
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Prefetch,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.movies.titles import closeness, has_words
from utils.text import searchable

if TYPE_CHECKING:
    from apps.movies.models import Movie, SyncState


PRIOR_VOTES, PRIOR_VOTE = 25, 6.5  # what a film without votes is taken for


# What a part of a film's page is in our tables.
RELATED = {
    "keywords": "keywords",
    "videos": "videos",
    "release_dates": "releases",
    "providers": "availabilities__provider",
}


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
    region: str = ""
    certifications: tuple[str, ...] = ()  # in the region, one of these
    without_certifications: tuple[str, ...] = ()  # in the region, none of these
    providers: tuple[int, ...] = ()  # in the region, on one of these without paying for the film itself

    @property
    def limits_watching(self) -> bool:
        """Whether it asks for what a country says of a film, which may be another thing tomorrow."""
        return bool(self.certifications or self.without_certifications or self.providers)


class MovieQuerySet(models.QuerySet["Movie"]):
    def for_cards(self) -> Self:
        """All that a movie card shows, in two queries whatever the page size."""
        return self.prefetch_related("genres")

    def matching(self, wanted: MovieFilter) -> Self:
        """The films that pass every set limit; a film whose value is unknown passes no limit on it."""
        films = self.shown() if wanted.include_adult else self.shown().filter(adult=False)
        if wanted.genres:
            films = films._in_genres(wanted.genres)
        if wanted.without_genres:
            films = films.exclude(genres__tmdb_id__in=wanted.without_genres)
        if wanted.languages:
            films = films.filter(language__in=wanted.languages)
        films = films.watchable(wanted)
        limits = {
            "release_date__gte": wanted.year_gte and date(wanted.year_gte, 1, 1),
            "release_date__lte": wanted.year_lte and date(wanted.year_lte, 12, 31),
            "runtime__gte": wanted.runtime_gte,
            "runtime__lte": wanted.runtime_lte,
            "vote_average__gte": wanted.vote_gte,
        }
        return films.filter(**{limit: value for limit, value in limits.items() if value is not None})

    def watchable(self, wanted: MovieFilter) -> Self:
        """The films that pass the limits on ratings and offers, the part of ``matching`` that changes every day."""
        films = self
        if wanted.certifications:
            films = films.filter(pk__in=self._certified(wanted.region, wanted.certifications))
        if wanted.without_certifications:
            films = films.exclude(pk__in=self._certified(wanted.region, wanted.without_certifications))
        if wanted.providers:
            films = films.filter(pk__in=self._offered(wanted.region, wanted.providers))
        return films

    def _in_genres(self, genres: GenreChoice) -> Self:
        # Not a join for each genre: PostgreSQL took half a second to plan eight of them.
        links: models.QuerySet[Any, Any] = self.model.genres.through.objects.filter(genre__tmdb_id__in=genres.tmdb_ids)
        if genres.match_all and len(set(genres.tmdb_ids)) > 1:  # of one, counting kept PostgreSQL from using its index
            links = links.values("movie").annotate(found=Count("pk")).filter(found=len(set(genres.tmdb_ids)))
        return self.filter(pk__in=links.values("movie"))

    def _certified(self, country: str, certifications: Collection[str]) -> models.QuerySet[Any, Any]:
        releases = self.model._meta.get_field("releases").related_model._default_manager
        return releases.filter(country=country, certification__in=certifications).values("movie")

    def _offered(self, country: str, providers: Collection[int]) -> models.QuerySet[Any, Any]:
        offers = self.model._meta.get_field("availabilities").related_model._default_manager
        included = offers.filter(country=country, provider__tmdb_id__in=providers).exclude(kind__in=["rent", "buy"])
        return included.values("movie")

    def shown(self) -> Self:
        """Without films that TMDb has no more, or that we may not show."""
        return self.filter(gone_at=None)

    def by_weighted_vote(self) -> Self:
        """Best voted first, as if every film had ``PRIOR_VOTES`` votes of ``PRIOR_VOTE`` besides its own."""
        votes = F("vote_average") * F("vote_count") + Value(PRIOR_VOTE * PRIOR_VOTES)
        weighted = ExpressionWrapper(votes / (F("vote_count") + Value(PRIOR_VOTES)), output_field=FloatField())
        return self.order_by(weighted.desc(), "tmdb_id")

    def similar_to(self, movie: Movie) -> Self:
        """Films that share keywords, people or genres with this one, the most alike first."""
        shared = sum(
            (Value(weight) * _shared(links, column, movie) for links, column, weight in self._links()), Value(0.0)
        )
        alike = ExpressionWrapper(shared, output_field=FloatField())
        others = self.shown().filter(adult=False).exclude(pk=movie.pk)
        return others.annotate(alike=alike).filter(alike__gt=0).order_by("-alike", "-popularity", "tmdb_id")

    def _links(self) -> list[tuple[Any, str, float]]:
        return [
            (self.model.keywords.through, "keyword", 2.0),
            (self.model.people.through, "person", 3.0),
            (self.model.genres.through, "genre", 1.0),
        ]

    def search(self, text: str) -> Self:
        """Films whose titles hold every word, best first: the exact title, then its beginning, then the rest."""
        words = searchable(text)
        return self.filter(has_words(words)).order_by(closeness(words), "-popularity", "tmdb_id")

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


def detail_parts(expand: Collection[str]) -> list[Any]:
    """What to prefetch for a film's page: a query for the genres, and one or two for each part asked for."""
    from apps.movies.models import Credit  # the models import this module

    parts: list[Any] = ["genres", *(RELATED[part] for part in expand if part in RELATED)]
    if "credits" in expand:
        parts.append(Prefetch("credits", Credit.objects.select_related("person")))
    return parts


class SyncStateQuerySet(models.QuerySet["SyncState"]):
    def resume(self, name: str, *, within: timedelta) -> SyncState:
        """Where a run left off, if that was so lately that going on makes sense; else from the beginning."""
        state, _ = self.get_or_create(name=name)
        if state.cursor and timezone.now() - state.updated_at > within:
            state.cursor = {}
        return state


def _shared(links: Any, column: str, movie: Movie) -> Coalesce:
    """How many of a film's links of this kind another film has as well."""
    own = links.objects.filter(movie=movie).values(column)
    common = links.objects.filter(movie=OuterRef("pk"), **{f"{column}__in": own}).order_by().values("movie")
    return Coalesce(Subquery(common.annotate(n=Count(column, distinct=True)).values("n")), 0)
