from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.movies.models import Genre
from apps.movies.querysets import MovieFilter
from apps.movies.tmdb_facts import CERTIFICATIONS, up_to
from apps.preferences.querysets import UserPreferenceQuerySet


def first_region() -> str:
    return str(settings.TMDB_REGIONS[0])


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
    watch_region = models.CharField(max_length=2, default=first_region, help_text="Whose ratings and offers count.")
    certification_lte = models.CharField(max_length=20, blank=True, help_text="A rating of the region; empty: any.")
    providers = models.JSONField(default=list, blank=True, help_text="TMDb ids, any of; empty: any or none.")
    updated_at = models.DateTimeField(null=True, blank=True)  # null as long as nothing was told

    objects = UserPreferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="preference_years_in_order", condition=~Q(year_gte__gt=F("year_lte"))),
            models.CheckConstraint(name="preference_runtimes_in_order", condition=~Q(runtime_gte__gt=F("runtime_lte"))),
            models.CheckConstraint(
                name="preference_vote_is_0_to_10", condition=Q(vote_gte=None) | Q(vote_gte__gte=0, vote_gte__lte=10)
            ),
            models.CheckConstraint(name="preference_has_a_watch_region", condition=~Q(watch_region="")),
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"

    @property
    def limits(self) -> MovieFilter:
        """What these preferences let pass."""
        return self.limits_without(genre.tmdb_id for genre in self.muted_genres.all())

    def limits_without(self, genres: Iterable[int]) -> MovieFilter:
        """The same for who has read the muted genres already, by TMDb id."""
        fitting, stricter = self._ratings()
        return MovieFilter(
            without_genres=tuple(genres),
            year_gte=self.year_gte,
            year_lte=self.year_lte,
            runtime_gte=self.runtime_gte,
            runtime_lte=self.runtime_lte,
            vote_gte=self.vote_gte,
            languages=tuple(self.languages),
            include_adult=self.include_adult,
            region=self.watch_region,
            certifications=fitting,
            without_certifications=stricter,
            providers=tuple(self.providers),
        )

    def _ratings(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ratings of which a film needs one, and those of which it may have none.

        A film that was released with several is taken by its strictest, an unrated one is taken for too strict: who
        sets a limit may be a parent. A rating that the region has no more is kept to by letting pass that one alone.
        """
        if not self.certification_lte:
            return (), ()
        fitting = up_to(self.watch_region, self.certification_lte) or (self.certification_lte,)
        stricter = (rating for rating in CERTIFICATIONS.get(self.watch_region, ()) if rating not in fitting)
        return fitting, tuple(stricter)
