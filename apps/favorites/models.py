from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.favorites.querysets import LibraryStateQuerySet, OwnedQuerySet, RemovalQuerySet
from apps.movies.models import Movie

RATING_VALUES = [half / 2 for half in range(1, 21)]
WATCHED_FROM = 0.9  # progress from which a film counts as watched: credits are long


class Part(models.TextChoices):
    """The parts of what a user keeps here, each with a last activity of its own."""

    FAVORITES = "favorites"
    RATINGS = "ratings"
    WATCHLIST = "watchlist"
    HIDDEN = "hidden"
    HISTORY = "history"
    PREFERENCES = "preferences"


class LibraryState(models.Model):
    """How often a user's library or preferences changed, and each part of them last: written with every such write."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="library_state"
    )
    version = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, blank=True)
    favorites_at = models.DateTimeField(null=True, blank=True)
    ratings_at = models.DateTimeField(null=True, blank=True)
    watchlist_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    history_at = models.DateTimeField(null=True, blank=True)
    preferences_at = models.DateTimeField(null=True, blank=True)

    objects = LibraryStateQuerySet.as_manager()

    def __str__(self) -> str:
        return f"library of {self.user_id} at version {self.version}"


class Entry(models.Model):
    """A film on one of a user's shelves, at most once on each."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="%(class)ss")
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="%(class)ss")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=0, help_text="The library's, as of the last change of this row.")

    part: ClassVar[Part]

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "movie"], name="%(class)s_once_a_user")]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at", "-id"], name="%(class)s_newest_first"),
            models.Index(fields=["user", "updated_at"], name="%(class)s_by_change"),
        ]

    def __str__(self) -> str:
        return f"{type(self).__name__} of {self.user_id}: {self.movie_id}"


class Favorite(Entry):
    """Liked."""

    part = Part.FAVORITES


class Rating(Entry):
    """Rated from 0.5 to 10, in halves."""

    value = models.FloatField()

    part = Part.RATINGS

    class Meta(Entry.Meta):
        constraints: ClassVar = [
            *Entry.Meta.constraints,
            models.CheckConstraint(name="rating_value_in_halves", condition=Q(value__in=RATING_VALUES)),
        ]


class WatchlistItem(Entry):
    """Wants to see, in the user's own order."""

    position = models.PositiveIntegerField()

    part = Part.WATCHLIST


class HiddenMovie(Entry):
    """Not interested: never to be recommended, and a sign against films like it."""

    part = Part.HIDDEN


class ViewingHistory(models.Model):
    """One viewing; seeing a film again is another row."""

    class Source(models.TextChoices):
        API = "api", "the user, through the API"
        IMPORT = "import", "a file the user imported"
        SIMULATED = "simulated", "simulated (demo community)"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="viewings")
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="viewings")
    watched_at = models.DateTimeField(null=True, blank=True, db_index=True)  # unknown where the user does not remember
    progress = models.FloatField(default=1)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.API)
    client_id = models.CharField(max_length=64, blank=True)  # the client's own id, so that a replay adds nothing
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=0, help_text="The library's, as of the last change of this row.")

    part = Part.HISTORY

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="viewing_progress_is_0_to_1", condition=Q(progress__gte=0, progress__lte=1)),
            models.UniqueConstraint(
                fields=["user", "client_id"], condition=~Q(client_id=""), name="viewing_once_a_client_id"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="viewing_newest_first"),
            models.Index(fields=["user", "updated_at"], name="viewing_by_change"),
            models.Index(fields=["user", "watched_at"], name="viewing_by_date"),
        ]
        verbose_name_plural = "viewing history"

    def __str__(self) -> str:
        return f"{self.user_id} watched {self.movie_id}"


class Removal(models.Model):
    """What is no longer in a part of the library, so that a client that was away hears of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="removals")
    part = models.CharField(max_length=12, choices=Part.choices)
    item = models.PositiveBigIntegerField(help_text="A film's TMDb id; in the history the viewing's own id.")
    removed_at = models.DateTimeField()
    version = models.PositiveBigIntegerField()

    objects = RemovalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "part", "item"], name="removal_once_an_item")]
        indexes = [models.Index(fields=["user", "part", "removed_at"], name="removal_by_time")]

    def __str__(self) -> str:
        return f"{self.item} off the {self.part} of {self.user_id}"


class IdempotencyKey(models.Model):
    """An answer under the key that a client gave the request, to be given again should it come again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="idempotency_keys")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="Of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True, help_text="Null while the request is being worked on.")
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_a_user")]

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"


from apps.favorites.transfer.models import ImportJob, ImportRow  # noqa: E402, F401  # Django finds models here alone
