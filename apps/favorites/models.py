from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.favorites.querysets import LibraryStateQuerySet, OwnedQuerySet
from apps.movies.models import Movie

RATING_VALUES = [half / 2 for half in range(1, 21)]
WATCHED_FROM = 0.9  # progress from which a film counts as watched: credits are long


class LibraryState(models.Model):
    """How often a user's library or preferences changed: bumped in the same transaction as every such write."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="library_state"
    )
    version = models.PositiveBigIntegerField(default=0)

    objects = LibraryStateQuerySet.as_manager()

    def __str__(self) -> str:
        return f"library of {self.user_id} at version {self.version}"


class Entry(models.Model):
    """A film on one of a user's shelves, at most once on each."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="%(class)ss")
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="%(class)ss")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "movie"], name="%(class)s_once_a_user")]
        indexes: ClassVar = [models.Index(fields=["user", "-created_at", "-id"], name="%(class)s_newest_first")]

    def __str__(self) -> str:
        return f"{type(self).__name__} of {self.user_id}: {self.movie_id}"


class Favorite(Entry):
    """Liked."""


class Rating(Entry):
    """Rated from 0.5 to 10, in halves."""

    value = models.FloatField()

    class Meta(Entry.Meta):
        constraints: ClassVar = [
            *Entry.Meta.constraints,
            models.CheckConstraint(name="rating_value_in_halves", condition=Q(value__in=RATING_VALUES)),
        ]


class WatchlistItem(Entry):
    """Wants to see, in the user's own order."""

    position = models.PositiveIntegerField()


class HiddenMovie(Entry):
    """Not interested: never to be recommended, and a sign against films like it."""


class ViewingHistory(models.Model):
    """One viewing; seeing a film again is another row."""

    class Source(models.TextChoices):
        API = "api", "the user, through the API"
        SIMULATED = "simulated", "simulated (demo community)"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="viewings")
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="viewings")
    watched_at = models.DateTimeField(null=True, blank=True, db_index=True)  # unknown where the user does not remember
    progress = models.FloatField(default=1)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.API)
    client_id = models.CharField(max_length=64, blank=True)  # the client's own id, so that a replay adds nothing
    created_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="viewing_progress_is_0_to_1", condition=Q(progress__gte=0, progress__lte=1)),
            models.UniqueConstraint(
                fields=["user", "client_id"], condition=~Q(client_id=""), name="viewing_once_a_client_id"
            ),
        ]
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="viewing_newest_first")]
        verbose_name_plural = "viewing history"

    def __str__(self) -> str:
        return f"{self.user_id} watched {self.movie_id}"
