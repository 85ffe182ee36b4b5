from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.movies.querysets import MovieQuerySet
from utils.text import searchable


class Source(models.TextChoices):
    """Who told us of a film; TMDb's terms ask us to know."""

    TMDB = "tmdb", "TMDb"
    DEMO = "demo", "demo catalogue"
    MOVIELENS = "movielens", "MovieLens"


class Genre(models.Model):
    tmdb_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=40, unique=True)

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

    class Meta:
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name


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
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.TMDB)
    search_text = models.CharField(max_length=620, editable=False)
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
    def known_release_date(self) -> date | None:
        return None if self.only_year_known else self.release_date

    def set_search_text(self) -> None:
        """All titles with a bar between them. Bulk writes call this themselves: they pass ``save`` by."""
        titles = dict.fromkeys(map(searchable, (self.title, self.original_title, *self.other_titles)))
        self.search_text = "|".join(filter(None, titles))[:620]


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


class ListEntry(models.Model):
    """One place of a named list of films, such as what is trending this week; a list is always swapped whole."""

    class Name(models.TextChoices):
        TRENDING_DAY = "trending_day", "trending today"
        TRENDING_WEEK = "trending_week", "trending this week"

    name = models.CharField(max_length=20, choices=Name.choices)
    position = models.PositiveIntegerField()
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="list_entries")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "position"], name="list_place_is_taken_once"),
            models.UniqueConstraint(fields=["name", "movie"], name="list_has_a_movie_once"),
        ]
        verbose_name_plural = "list entries"

    def __str__(self) -> str:
        return f"{self.name} {self.position}"
