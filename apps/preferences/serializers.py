from typing import Any

from rest_framework import serializers

from apps.movies.models import Genre
from apps.movies.queries import MINUTES, YEARS, RegionField, ratings_up_to, refuse_empty_ranges
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
    watch_region = RegionField(help_text="The country whose ratings and offers count.")
    certification_lte = serializers.CharField(
        max_length=20,
        allow_blank=True,
        default="",
        help_text=(
            "Rated no stricter in `watch_region`, like `PG-13`: of several ratings the strictest counts, and unrated "
            "films are left out; empty: no limit."
        ),
    )
    providers = ShortListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        max_length=20,
        default=[],
        help_text=(
            "TMDb's provider ids, any of; without paying for the film itself, in `watch_region`; empty: wherever it is."
        ),
    )

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
            "watch_region",
            "certification_lte",
            "providers",
            "updated_at",
        ]
        read_only_fields = ["updated_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        limits = {name: self._value(attrs, name) for name in ("year_gte", "year_lte", "runtime_gte", "runtime_lte")}
        refuse_empty_ranges(limits, sent=attrs)
        self._refuse_unknown_rating(attrs)
        both = set(self._value(attrs, "liked_genres")) & set(self._value(attrs, "muted_genres"))
        if both:
            names = ", ".join(sorted(genre.name for genre in both))
            raise serializers.ValidationError({"muted_genres": f"Liked as well: {names}."}, code="liked_and_muted")
        return attrs

    def _refuse_unknown_rating(self, attrs: dict[str, Any]) -> None:
        sent = [name for name in ("certification_lte", "watch_region") if name in attrs]
        rating = self._value(attrs, "certification_lte")
        if sent and rating:
            ratings_up_to(self._value(attrs, "watch_region"), rating, at=sent[0])

    def _value(self, attrs: dict[str, Any], name: str) -> Any:
        """What the field will be after this change."""
        if name in attrs:
            return attrs[name]
        current = getattr(self.instance, name)
        return current.all() if name.endswith("_genres") else current
