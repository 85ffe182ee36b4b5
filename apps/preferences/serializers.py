from typing import Any

from rest_framework import serializers

from apps.movies.models import Genre
from apps.movies.queries import MINUTES, YEARS, refuse_empty_ranges
from apps.preferences.models import UserPreference
from utils.bodies import ShortListField, StrictBody
from utils.query_params import MAX_ID


class GenreIdsField(ShortListField):
    """TMDb genre ids, looked up in one query however many they are."""

    child = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    default_error_messages = {"does_not_exist": "There is no genre with the id {ids}."}

    def to_internal_value(self, data: Any) -> list[Genre]:
        ids = dict.fromkeys(super().to_internal_value(data))
        genres = {genre.tmdb_id: genre for genre in Genre.objects.all()}
        if unknown := sorted(ids - genres.keys())[:10]:
            self.fail("does_not_exist", ids=", ".join(map(str, unknown)))
        return [genres[tmdb_id] for tmdb_id in ids]

    def to_representation(self, genres: Any) -> list[int]:
        return [genre.tmdb_id for genre in genres.all()]


def _limit(bounds: dict[str, Any], help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(**bounds, allow_null=True, default=None, help_text=f"{help_text}; null: no limit.")


class PreferenceSerializer(StrictBody, serializers.ModelSerializer[UserPreference]):
    """PUT replaces all of it, what is left out going back to its default; PATCH changes what it names."""

    liked_genres = GenreIdsField(max_length=100, default=[], help_text="TMDb genre ids.")
    muted_genres = GenreIdsField(max_length=100, default=[], help_text="TMDb genre ids.")
    languages = ShortListField(
        child=serializers.RegexField(r"^[a-z]{2,3}\Z"), max_length=20, default=[], help_text="Empty: any language."
    )
    year_gte = _limit(YEARS, "Released in or after")
    year_lte = _limit(YEARS, "Released in or before")
    runtime_gte = _limit(MINUTES, "Minutes at least")
    runtime_lte = _limit(MINUTES, "Minutes at most")
    vote_gte = serializers.FloatField(min_value=0, max_value=10, allow_null=True, default=None)
    include_adult = serializers.BooleanField(default=False)

    class Meta:
        model = UserPreference
        fields = [
            "liked_genres",
            "muted_genres",
            "languages",
            "year_gte",
            "year_lte",
            "runtime_gte",
            "runtime_lte",
            "vote_gte",
            "include_adult",
            "updated_at",
        ]
        read_only_fields = ["updated_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        limits = {name: self._value(attrs, name) for name in ("year_gte", "year_lte", "runtime_gte", "runtime_lte")}
        refuse_empty_ranges(limits, sent=attrs)
        both = set(self._value(attrs, "liked_genres")) & set(self._value(attrs, "muted_genres"))
        if both:
            names = ", ".join(sorted(genre.name for genre in both))
            raise serializers.ValidationError({"muted_genres": f"Liked as well: {names}."}, code="liked_and_muted")
        return attrs

    def _value(self, attrs: dict[str, Any], name: str) -> Any:
        """What the field will be after this change."""
        if name in attrs:
            return attrs[name]
        current = getattr(self.instance, name)
        return current.all() if name.endswith("_genres") else current
