"""Preferences as personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps.authentication import personal_data
from apps.authentication.models import User
from apps.favorites.models import LibraryState
from apps.preferences.models import UserPreference

FIELDS = [
    "languages",
    "year_gte",
    "year_lte",
    "runtime_gte",
    "runtime_lte",
    "vote_gte",
    "include_adult",
    "watch_region",
    "certification_lte",
    "providers",
    "updated_at",
]


def register_personal_data() -> None:
    personal_data.register("preferences", export=export_preferences, erase=erase_preferences)


def export_preferences(user: User) -> Mapping[str, personal_data.Rows]:
    return {"preferences": _rows(user)}


def _rows(user: User) -> Iterator[dict[str, Any]]:
    """One row, or none of a user who told us nothing."""
    preference = UserPreference.objects.of(user)
    if not preference._state.adding:
        genres = {
            "liked_genres": _names(preference.liked_genres.all()),
            "muted_genres": _names(preference.muted_genres.all()),
        }
        yield genres | {name: getattr(preference, name) for name in FIELDS}


def _names(genres: Any) -> list[dict[str, Any]]:
    return [{"tmdb_id": genre.tmdb_id, "name": genre.name} for genre in sorted(genres, key=lambda genre: genre.tmdb_id)]


def erase_preferences(user: User) -> None:
    LibraryState.objects.lock(user)  # first, as whoever changes them does; the library's own part erases it
    UserPreference.objects.filter(user=user).delete()
