from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.movies.querysets import MovieQuerySet, SyncStateQuerySet
from apps.movies.titles import LONGEST
from utils.text import searchable


class Source(models.TextChoices):
    """Who told us of a film; TMDb's terms ask us to know."""

    TMDB = "tmdb", "TMDb"
    DEMO = "demo", "demo catalogue"
    MOVIELENS = "movielens", "MovieLens"


class Genre(models.Model):
    tmdb_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=40)  # TMDb may rename one to what another was

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Keyword(models.Model):
    tmdb_id = models.PositiveIntegerField(unique=True, null=True, blank=True)  # null until TMDb has told us
    name = models.CharField(max_length=120, db_index=True)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    tmdb_id = models.PositiveIntegerField(unique=True, null=True, blank=True)  # null until TMDb has told us
    name = models.CharField(max_length=200, db_index=True)
    biography = models.TextField(blank=True)
    birthday = models.DateField(null=True, blank=True)
    deathday = models.DateField(null=True, blank=True)
    place_of_birth = models.CharField(max_length=200, blank=True)
    known_for = models.CharField(max_length=60, blank=True, help_text='A department: "Acting".')
    profile_path = models.CharField(max_length=100, blank=True)
    detailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name

    @property
    def filmography(self) -> models.QuerySet[Credit]:
        """Parts in the hundred most popular films, with the films' cards."""
        parts = self.credits.filter(movie__gone_at=None, movie__adult=False)
        best = parts.order_by("-movie__popularity", "movie__tmdb_id", "kind", "role")
        return best.select_related("movie").prefetch_related("movie__genres")[:100]


class Movie(models.Model):
    """A film of the catalogue. ``tmdb_id`` is what the API speaks; the primary key stays inside."""

    tmdb_id = models.PositiveIntegerField(unique=True)
    imdb_id = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=300)
    original_title = models.CharField(max_length=300, blank=True)
    other_titles = models.JSONField(default=list, blank=True, help_text="Found by the search; shown nowhere.")
    overview = models.TextField(blank=True)
    release_date = models.DateField(null=True, blank=True)
    only_year_known = models.BooleanField(
        default=False, help_text="The release date is January 1st for want of better."
    )
    runtime = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes.")
    language = models.CharField(max_length=8, blank=True)  # not always ISO 639-1: TMDb has "cn", "xx", "sh"
    countries = models.JSONField(default=list, blank=True, help_text="ISO 3166-1 codes.")
    popularity = models.FloatField(default=0)
    vote_average = models.FloatField(default=0)
    vote_count = models.PositiveIntegerField(default=0)
    adult = models.BooleanField(default=False)
    poster_path = models.CharField(max_length=100, blank=True)
    backdrop_path = models.CharField(max_length=100, blank=True)
    tagline = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=30, blank=True, help_text='In TMDb\'s words: "Released", "Rumored".')
    collection = models.CharField(max_length=300, blank=True, help_text="The series that the film belongs to.")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.TMDB)
    fetched_at = models.DateTimeField(null=True, blank=True, help_text="When TMDb last told us of the film at all.")
    detailed_at = models.DateTimeField(null=True, blank=True, help_text="When TMDb last told us all; null: never.")
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When TMDb was last seen to have changed it.")
    missing_since = models.DateField(null=True, blank=True, help_text="The first daily id file without the film.")
    gone_at = models.DateTimeField(
        null=True, blank=True, help_text="TMDb has it no more, or we may not keep what it told us. Lists leave it out."
    )
    search_text = models.CharField(max_length=LONGEST, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    genres = models.ManyToManyField(Genre, related_name="movies", blank=True)
    keywords = models.ManyToManyField(Keyword, related_name="movies", blank=True)
    people = models.ManyToManyField(Person, through="Credit", related_name="movies")

    objects = MovieQuerySet.as_manager()

    my: dict[str, Any] | None = None  # the signed-in caller's relation to this film; see overlays.attach_my

    class Meta:
        indexes = [
            models.Index(fields=["-popularity", "tmdb_id"], name="movie_by_popularity"),
            models.Index(fields=["-vote_average", "tmdb_id"], name="movie_by_vote"),
            models.Index(fields=["-release_date", "tmdb_id"], name="movie_by_release"),
            models.Index(fields=["title", "tmdb_id"], name="movie_by_title"),
            models.Index(fields=["source", "detailed_at"], name="movie_by_detail"),
            models.Index(fields=["imdb_id"], name="movie_by_imdb_id"),
        ]
        constraints = [
            models.CheckConstraint(
                name="movie_vote_average_is_0_to_10", condition=Q(vote_average__gte=0, vote_average__lte=10)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.set_search_text()
        super().save(*args, **kwargs)

    @property
    def year(self) -> int | None:
        return self.release_date.year if self.release_date else None

    @property
    def is_from_tmdb(self) -> bool:
        return self.source == Source.TMDB

    @property
    def told_at(self) -> datetime | None:
        """Since when what we know of the film in full is right: None where it was never told, or changed since."""
        changed = self.detailed_at and self.changed_at and self.changed_at > self.detailed_at
        return None if changed else self.detailed_at

    @property
    def is_blank(self) -> bool:
        """Whether what TMDb told of it had to be forgotten."""
        return bool(self.gone_at) and self.fetched_at is None

    @property
    def known_release_date(self) -> date | None:
        return None if self.only_year_known else self.release_date

    def set_search_text(self) -> None:
        """All titles with a bar between them. Bulk writes call this themselves: they pass ``save`` by."""
        titles = dict.fromkeys(map(searchable, (self.title, self.original_title, *self.other_titles)))
        self.search_text = "|".join(filter(None, titles))[:LONGEST]


class Credit(models.Model):
    """A person's part in a film."""

    class Kind(models.TextChoices):
        CAST = "cast"
        CREW = "crew"

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="credits")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="credits")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    role = models.CharField(max_length=300, blank=True, help_text="The character, or the job.")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["kind", "order"]
        constraints = [
            models.UniqueConstraint(fields=["movie", "person", "kind", "role"], name="credit_is_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.movie_id} as {self.role}"


class Video(models.Model):
    """A trailer or clip of a film, where it is hosted."""

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="videos")
    site = models.CharField(max_length=30)
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=30, blank=True, help_text='"Trailer", "Teaser", "Clip".')
    official = models.BooleanField(default=False)
    language = models.CharField(max_length=8, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-official", "published_at", "id"]
        constraints = [models.UniqueConstraint(fields=["movie", "site", "key"], name="video_is_told_once")]

    def __str__(self) -> str:
        return f"{self.site} {self.key}"


class Release(models.Model):
    """A film's release in one of the countries of ``TMDB_REGIONS``, and from what age on it was for."""

    class Kind(models.IntegerChoices):
        PREMIERE = 1
        LIMITED = 2
        THEATRICAL = 3
        DIGITAL = 4
        PHYSICAL = 5
        TV = 6

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="releases")
    country = models.CharField(max_length=2)
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    date = models.DateField(null=True, blank=True)
    certification = models.CharField(max_length=20, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["country", "date", "id"]
        indexes: ClassVar = [models.Index(fields=["country", "certification", "movie"], name="release_by_rating")]

    def __str__(self) -> str:
        return f"{self.country} {self.date}"

    @property
    def kind_name(self) -> str:
        return self.Kind(self.kind).name.lower()


class Provider(models.Model):
    """A service that streams, rents or sells films."""

    tmdb_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=200)
    logo_path = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return self.name


class Availability(models.Model):
    """Where a film can be had in one of the countries of ``TMDB_REGIONS``; TMDb has it from JustWatch."""

    class Kind(models.TextChoices):
        FLATRATE = "flatrate", "in a subscription"
        FREE = "free", "free of charge"
        ADS = "ads", "free, with advertisements"
        RENT = "rent", "for rent"
        BUY = "buy", "for sale"

    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="availabilities")
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="availabilities")
    country = models.CharField(max_length=2)
    kind = models.CharField(max_length=8, choices=Kind.choices)

    class Meta:
        ordering: ClassVar = ["country", "kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["movie", "provider", "country", "kind"], name="offer_is_told_once"),
        ]
        indexes = [models.Index(fields=["provider", "country", "kind", "movie"], name="offer_by_provider")]
        verbose_name_plural = "availabilities"

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind} {self.country}"


class ListEntry(models.Model):
    """One place of a named list of films, such as what is trending this week; a list is always swapped whole."""

    class Name(models.TextChoices):
        TRENDING_DAY = "trending_day", "trending today"
        TRENDING_WEEK = "trending_week", "trending this week"
        POPULAR = "popular"
        TOP_RATED = "top_rated"
        NOW_PLAYING = "now_playing"
        UPCOMING = "upcoming"

    name = models.CharField(max_length=20, choices=Name.choices)
    position = models.PositiveIntegerField()
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="list_entries")
    source = models.CharField(max_length=10, choices=[("tmdb", "TMDb"), ("local", "our own people")], default="local")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "position"], name="list_place_is_taken_once"),
            models.UniqueConstraint(fields=["name", "movie"], name="list_has_a_movie_once"),
        ]
        verbose_name_plural = "list entries"

    def __str__(self) -> str:
        return f"{self.name} {self.position}"


class SyncState(models.Model):
    """How far a synchronization with TMDb has come: written as it goes, so that a killed one resumes."""

    name = models.CharField(max_length=40, primary_key=True)
    cursor = models.JSONField(default=dict, blank=True, help_text="Where an unfinished run goes on; empty elsewhere.")
    summary = models.JSONField(default=dict, blank=True, help_text="What the last finished run did.")
    finished_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SyncStateQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def advance(self, **cursor: Any) -> None:
        self.cursor = cursor
        self.save()

    def finish(self, summary: Mapping[str, Any], *, next_cursor: Mapping[str, Any] | None = None) -> None:
        """The run is done; ``next_cursor`` is for the one after."""
        self.cursor, self.summary, self.finished_at = dict(next_cursor or {}), dict(summary), timezone.now()
        self.save()
