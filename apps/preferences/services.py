from __future__ import annotations

from typing import Any

from apps.authentication.models import User
from apps.favorites.changes import library_change
from apps.favorites.models import Part
from apps.preferences.models import UserPreference


def preference_set(*, user: User, liked_genres: Any = None, muted_genres: Any = None, **values: Any) -> UserPreference:
    """Change what is given, leave the rest; the library's version rises, since recommendations follow.

    What is given was checked against what is there under the library's lock, which the caller still holds.
    """
    with library_change(user, Part.PREFERENCES) as change:
        change.made = True
        preference, _ = UserPreference.objects.update_or_create(user=user, defaults=values | {"updated_at": change.at})
        if liked_genres is not None:
            preference.liked_genres.set(liked_genres)
        if muted_genres is not None:
            preference.muted_genres.set(muted_genres)
    return UserPreference.objects.of(user)


def preference_reset(*, user: User) -> UserPreference:
    """Forget what the user told us. The defaults are no row; the library's version rises where there was one."""
    with library_change(user, Part.PREFERENCES) as change:
        deleted, _ = UserPreference.objects.filter(user=user).delete()
        change.made = deleted > 0
    return UserPreference(user=user)
