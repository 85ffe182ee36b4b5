from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.movies.models import Movie
from apps.recommendations.querysets import FeedbackQuerySet, ModelVersionQuerySet, RecommendationListQuerySet


class ModelVersion(models.Model):
    """One training run: what it learned from, how good each engine was, and where its arrays are."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate"
        ACTIVE = "active"
        REJECTED = "rejected"
        RETIRED = "retired"

    name = models.CharField(max_length=60, unique=True, help_text="Of the artifact's directory.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.CANDIDATE)
    trained_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True, blank=True, help_text="When it last became the active one.")
    fingerprint = models.CharField(max_length=64, help_text="Of the data that it learned from.")
    learned_from = models.JSONField(default=dict, help_text="Films, events, and users by kind.")
    metrics = models.JSONField(default=dict, help_text="By engine, on the newest fifth of the data.")
    card = models.JSONField(default=dict, help_text="The model card: data, baselines, segments, and the verdict.")
    fresh = models.PositiveIntegerField(default=0, help_text="Number of its newest fresh layer; 0: none yet.")
    fresh_at = models.DateTimeField(null=True, blank=True, help_text="Up to when that layer has read the library.")

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-trained_at"]
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="active"), name="model_one_active"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"


class Scenario(models.TextChoices):
    """Where a list is shown."""

    FOR_YOU = "for_you", "recommendations"
    HOME_FOR_YOU = "home_for_you", "home: for you"
    HOME_BECAUSE = "home_because", "home: because you liked a film"
    HOME_GENRE = "home_genre", "home: a genre that you lean to"
    HOME_WATCHLIST = "home_watchlist", "home: from your watchlist"
    HOME_TRENDING = "home_trending", "home: trending"
    HOME_NEW = "home_new", "home: new for you"
    SESSION = "session", "a session without an account"
    ONBOARDING = "onboarding", "after the first questions"
    SIMILAR = "similar", "similar to a film"


class RecommendationList(models.Model):
    """One answer: what pages are cut from, and which of it was shown. It belongs to a user, a session, or nobody."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="recommendation_lists"
    )
    session = models.UUIDField(null=True, db_index=True)
    scenario = models.CharField(max_length=20, choices=Scenario.choices)
    requested = models.CharField(max_length=30, blank=True, help_text="The engine asked for; empty: the best one.")
    algorithm = models.CharField(max_length=30, help_text="The engine that answered.")
    fallback_reason = models.CharField(max_length=20, blank=True)
    model_version = models.CharField(max_length=60, blank=True, help_text="Empty: before the first training.")
    movies = models.JSONField(default=list, help_text="Our ids, best first.")
    scores = models.JSONField(default=list, help_text="Of the same films, in the engine's own units.")
    shown = models.PositiveIntegerField(default=0, help_text="How many of them have been shown: the first so many.")
    told = models.JSONField(default=dict, help_text="What else its pages say, and what they were asked.")
    latency_ms = models.FloatField(default=0, help_text="Of making the list, without the cards of its films.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = RecommendationListQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["algorithm", "scenario", "created_at"], name="list_by_algorithm")]

    def __str__(self) -> str:
        return f"{self.scenario} by {self.algorithm}: {self.id}"


class Feedback(models.Model):
    """What somebody did with a film that a list had shown them."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        LIKED = "liked"
        DISMISSED = "dismissed"
        WATCHED = "watched"

    list = models.ForeignKey(RecommendationList, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="recommendation_feedback"
    )
    movie = models.ForeignKey(Movie, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveIntegerField(help_text="The film's place in the list, from 1.")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "movie", "kind"], name="feedback_once_a_kind")]
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"{self.kind} at rank {self.rank} of {self.list_id}"
