from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from utils.database import one_at_a_time

if TYPE_CHECKING:
    from apps.recommendations.models import Feedback, ModelVersion, RecommendationList


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def active(self) -> ModelVersion | None:
        return self.filter(status="active").first()

    def that_answered(self) -> Self:
        """Those to go back to, the one that answered last first."""
        return self.filter(status="retired").order_by(F("activated_at").desc(nulls_last=True), "-trained_at")

    def activate(self, version: ModelVersion) -> None:
        """Make one version the one that answers; the one before it retires."""
        with transaction.atomic():
            one_at_a_time("activate a model")
            self.filter(status="active").exclude(pk=version.pk).update(status="retired")
            version.status = version.Status.ACTIVE
            version.activated_at = timezone.now()
            version.save(update_fields=["status", "activated_at"])


class RecommendationListQuerySet(models.QuerySet["RecommendationList"]):
    def since(self, at: datetime) -> Self:
        return self.filter(created_at__gte=at)


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def since(self, at: datetime) -> Self:
        return self.filter(created_at__gte=at)
