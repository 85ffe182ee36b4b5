from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.models import LibraryState
from apps.preferences.models import UserPreference


def preference_set(*, user: User, liked_genres: Any = None, muted_genres: Any = None, **values: Any) -> UserPreference:
    """Change what is given, leave the rest; the library's version rises, since recommendations follow.

    What is given was checked against what is there under the library's lock, which the caller still holds.
    """
    with transaction.atomic():
        preference, _ = UserPreference.objects.update_or_create(
            user=user, defaults=values | {"updated_at": timezone.now()}
        )
        if liked_genres is not None:
            preference.liked_genres.set(liked_genres)
        if muted_genres is not None:
            preference.muted_genres.set(muted_genres)
        LibraryState.objects.bump(user)
    return UserPreference.objects.of(user)
