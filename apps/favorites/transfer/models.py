from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.favorites.models import Part
from apps.favorites.transfer.querysets import ImportJobQuerySet, ImportRowQuerySet
from apps.movies.models import Movie


class ImportJob(models.Model):
    """A file that a user sent to be taken over into their library, and how far that is."""

    class Format(models.TextChoices):
        LETTERBOXD = "letterboxd", "Letterboxd"
        IMDB = "imdb", "IMDb"
        TRAKT = "trakt", "Trakt"
        MOVIELENS = "movielens", "MovieLens"
        MARQUEE = "marquee", "Marquee"

    class State(models.TextChoices):
        QUEUED = "queued", "waits for its turn"
        RUNNING = "running", "rows are being looked at"
        FINISHED = "finished", "every row has an outcome"
        UNDOING = "undoing", "what it did is being taken back"
        UNDONE = "undone", "what it did was taken back"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="imports")
    format = models.CharField(max_length=10, choices=Format.choices)
    file_name = models.CharField(max_length=200)
    dry_run = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    rows_total = models.PositiveIntegerField(default=0)
    ignored = models.JSONField(default=list, help_text="Files of the archive that hold nothing for a library.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    active_at = models.DateTimeField(default=timezone.now, help_text="When it last got on.")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="import_newest_first")]

    def __str__(self) -> str:
        return f"{self.file_name} of {self.user_id}"

    @property
    def is_busy(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING, self.State.UNDOING}


class ImportRow(models.Model):
    """What one row of the file says, what became of it, and what it takes to take that back."""

    class Outcome(models.TextChoices):
        PENDING = "pending", "not looked at yet"
        ADDED = "added", "new in the library"
        CHANGED = "changed", "changed what was in the library"
        EXISTING = "existing", "left the library as it was"
        UNMATCHED = "unmatched", "no film found: say which it is"
        AMBIGUOUS = "ambiguous", "several films found: say which it is"
        UNAVAILABLE = "unavailable", "TMDb could not be asked: apply the import again"
        SKIPPED = "skipped", "nothing for a library"
        UNDONE = "undone", "taken back"
        LEFT = "left", "not taken back, since it was changed after the import"

    class Reason(models.TextChoices):
        NOT_A_FILM = "not_a_film", "It is not about a film."
        NO_TITLE = "no_title", "It names no film."
        NO_RATING = "no_rating", "It has no rating."
        BAD_RATING = "bad_rating", "Its rating is not one of this format."
        BAD_DATE = "bad_date", "Its date cannot be read, or is in the future."
        BAD_VALUE = "bad_value", "A value in it cannot be read."
        BAD_PART = "bad_part", "It is of no part of a library."
        NO_FILM = "no_film", "No film of the catalogue has this id, or this title and year."
        SEVERAL_FILMS = "several_films", "Several films have this title."
        TMDB_AWAY = "tmdb_away", "TMDb could not be asked about this film just now."
        NEWER_HERE = "newer_here", "What the library says is newer, or the row has no date."
        SEEN_ALREADY = "seen_already", "The library knows a viewing of the film already."
        OTHER_FILM = "other_film", "The library has a viewing of another film under this client_id."

    number = models.PositiveIntegerField(help_text="In the order of the files, from 1.")
    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    file = models.CharField(max_length=200)
    line = models.PositiveIntegerField(help_text="Of a CSV file the line it ends on, of JSON the place in its list.")
    part = models.CharField(max_length=12, choices=Part.choices, blank=True)
    title = models.CharField(max_length=300, blank=True)
    year = models.PositiveSmallIntegerField(null=True)
    tmdb_id = models.PositiveIntegerField(null=True)
    imdb_id = models.CharField(max_length=12, blank=True)
    value = models.FloatField(null=True)
    at = models.DateTimeField(null=True, help_text="When the user said so.")
    watched_at = models.DateTimeField(null=True)
    progress = models.FloatField(default=1)
    client_id = models.CharField(max_length=64, blank=True)
    only_seen = models.BooleanField(default=False, help_text="Says that the film was seen, of no single viewing.")

    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.PENDING)
    reason = models.CharField(max_length=14, choices=Reason.choices, blank=True)
    confidence = models.FloatField(null=True)
    movie = models.ForeignKey(Movie, on_delete=models.SET_NULL, null=True, related_name="+")
    candidates = models.JSONField(default=list)
    item = models.PositiveBigIntegerField(null=True, help_text="The row of the library, its primary key.")
    version = models.PositiveBigIntegerField(default=0, help_text="Of that row, as the import left it.")
    before = models.FloatField(null=True, help_text="The value that the import changed.")

    objects = ImportRowQuerySet.as_manager()

    OPEN: ClassVar = [Outcome.UNMATCHED, Outcome.AMBIGUOUS, Outcome.UNAVAILABLE]
    DONE: ClassVar = [Outcome.ADDED, Outcome.CHANGED]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="import_row_once_a_number")]
        indexes = [
            models.Index(fields=["job", "outcome", "number"], name="import_row_by_outcome"),
            models.Index(fields=["job", "part", "movie"], name="import_row_by_film"),
        ]

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.title}"
