from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from apps.authentication.models import User
    from apps.preferences.models import UserPreference


class UserPreferenceQuerySet(models.QuerySet["UserPreference"]):
    def of(self, user: User) -> UserPreference:
        """What the user told us, in at most three queries; the defaults, unsaved, where that is nothing."""
        told = self.filter(user=user).prefetch_related("liked_genres", "muted_genres").first()
        return told or self.model(user=user)
