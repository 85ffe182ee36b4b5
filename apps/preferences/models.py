from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.movies.models import Genre
from apps.movies.querysets import MovieFilter
from apps.preferences.querysets import UserPreferenceQuerySet


class UserPreference(models.Model):
    """What a user told us of taste and limits; a user without a row told us nothing, which is the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    liked_genres = models.ManyToManyField(Genre, related_name="liked_by", blank=True)
    muted_genres = models.ManyToManyField(Genre, related_name="muted_by", blank=True)
    languages = models.JSONField(default=list, blank=True, help_text="Original languages, any of; empty: all.")
    year_gte = models.PositiveSmallIntegerField(null=True, blank=True)
    year_lte = models.PositiveSmallIntegerField(null=True, blank=True)
    runtime_gte = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Minutes.")
    runtime_lte = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Minutes.")
    vote_gte = models.FloatField(null=True, blank=True)
    include_adult = models.BooleanField(default=False)
    updated_at = models.DateTimeField(null=True, blank=True)  # null as long as nothing was told

    objects = UserPreferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="preference_years_in_order", condition=~Q(year_gte__gt=F("year_lte"))),
            models.CheckConstraint(name="preference_runtimes_in_order", condition=~Q(runtime_gte__gt=F("runtime_lte"))),
            models.CheckConstraint(
                name="preference_vote_is_0_to_10", condition=Q(vote_gte=None) | Q(vote_gte__gte=0, vote_gte__lte=10)
            ),
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"

    @property
    def limits(self) -> MovieFilter:
        """What these preferences let pass."""
        return MovieFilter(
            without_genres=tuple(genre.tmdb_id for genre in self.muted_genres.all()),
            year_gte=self.year_gte,
            year_lte=self.year_lte,
            runtime_gte=self.runtime_gte,
            runtime_lte=self.runtime_lte,
            vote_gte=self.vote_gte,
            languages=tuple(self.languages),
            include_adult=self.include_adult,
        )
