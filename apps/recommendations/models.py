from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.recommendations.querysets import ModelVersionQuerySet


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
    fingerprint = models.CharField(max_length=64, help_text="Of the data that it learned from.")
    learned_from = models.JSONField(default=dict, help_text="Films, events, and users by kind.")
    metrics = models.JSONField(default=dict, help_text="By engine, on the newest fifth of the data.")

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-trained_at"]
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="active"), name="model_one_active"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"
