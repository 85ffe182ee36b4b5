from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.favorites.bulk import Outcome, Told
from apps.favorites.models import (
    RATING_VALUES,
    Entry,
    Favorite,
    HiddenMovie,
    LibraryState,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.movies.serializers import MovieCardSerializer
from utils.bodies import BodySerializer, ShortListField
from utils.query_params import MAX_ID

ENTRY_FIELDS = ["movie", "created_at", "updated_at", "version"]
MOST = 500  # films in one bulk request


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_ID, "example": 603})
class TmdbIdField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class EntrySerializer(serializers.ModelSerializer[Entry]):
    movie = MovieCardSerializer()


class FavoriteSerializer(EntrySerializer):
    class Meta:
        model = Favorite
        fields = ENTRY_FIELDS


class HiddenMovieSerializer(EntrySerializer):
    class Meta:
        model = HiddenMovie
        fields = ENTRY_FIELDS


class WatchlistItemSerializer(EntrySerializer):
    class Meta:
        model = WatchlistItem
        fields = [*ENTRY_FIELDS, "position"]


class RatingSerializer(EntrySerializer):
    class Meta:
        model = Rating
        fields = [*ENTRY_FIELDS, "value"]


class NoValuesBody(BodySerializer):
    """For shelves where a film is or is not."""


class EntryBody(BodySerializer):
    tmdb_id = TmdbIdField()


@extend_schema_field({"type": "number", "minimum": 0.5, "maximum": 10, "multipleOf": 0.5, "example": 8.5})
class RatingField(serializers.FloatField):
    """0.5 to 10, in halves."""

    default_error_messages = {"not_a_half": "Give a value from 0.5 to 10 in steps of 0.5."}

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if value not in RATING_VALUES:
            self.fail("not_a_half")
        return value


class RatingValueBody(BodySerializer):
    value = RatingField()


class RatingBody(EntryBody, RatingValueBody):
    pass


class PlaceBody(BodySerializer):
    place = serializers.IntegerField(
        min_value=1, max_value=MAX_ID, help_text="Where in the list, from 1; past the end is the end."
    )


class BulkBody(BodySerializer):
    """Items are judged one by one: one that is wrong keeps none of the others out."""

    add = ShortListField(child=serializers.JSONField(allow_null=True), max_length=MOST, default=[])
    remove = ShortListField(
        child=serializers.JSONField(allow_null=True), max_length=MOST, default=[], help_text="TMDb ids."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not 1 <= len(attrs["add"]) + len(attrs["remove"]) <= MOST:
            raise serializers.ValidationError(f"Give 1 to {MOST} films in all.", code="max_length")
        return attrs


class EntryBulkBody(BodySerializer):
    """What BulkBody looks for, as the API describes it."""

    add = EntryBody(many=True, required=False)
    remove = serializers.ListField(child=TmdbIdField(), required=False)


class RatingBulkBody(EntryBulkBody):
    add = RatingBody(many=True, required=False)


class ToldSerializer(serializers.Serializer[Told]):
    tmdb_id = serializers.IntegerField(allow_null=True, help_text="Null where the item names no film.")
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    version = serializers.IntegerField(allow_null=True, help_text="Of the row or its removal; null where neither is.")
    message = serializers.CharField()


class BulkSerializer(serializers.Serializer[Any]):
    add = ToldSerializer(many=True, help_text="In the order of the request.")
    remove = ToldSerializer(many=True)


class CheckSerializer(serializers.Serializer[Any]):
    present = serializers.ListField(child=serializers.IntegerField(), help_text="TMDb ids.")
    absent = serializers.ListField(child=serializers.IntegerField(), help_text="TMDb ids.")


class RemovalSerializer(serializers.ModelSerializer[Removal]):
    item = serializers.IntegerField(help_text="The film's TMDb id; in the history the viewing's `id`.")

    class Meta:
        model = Removal
        fields = ["item", "removed_at", "version"]


class SinceSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField(
        allow_null=True,
        help_text="What to send as `updated_since` next time. Null without `updated_since`, past the first page, and "
        "where nothing was ever kept.",
    )
    removed = RemovalSerializer(many=True, help_text="Empty but on the first page of a request with `updated_since`.")


class ClearBody(BodySerializer):
    before = serializers.DateTimeField(default=None, allow_null=True, help_text="Only what was recorded before.")


class ClearedSerializer(serializers.Serializer[Any]):
    removed = serializers.IntegerField(help_text="How many viewings.")


class LastActivitiesSerializer(serializers.ModelSerializer[LibraryState]):
    """When each part last changed; null where it never did."""

    class Meta:
        model = LibraryState
        fields = [
            "version",
            "changed_at",
            "favorites_at",
            "ratings_at",
            "watchlist_at",
            "hidden_at",
            "history_at",
            "preferences_at",
        ]


class ViewingSerializer(serializers.ModelSerializer[ViewingHistory]):
    id = serializers.IntegerField(source="pk", help_text="Names this viewing in PATCH and DELETE.")
    movie = MovieCardSerializer()

    class Meta:
        model = ViewingHistory
        fields = [
            "id",
            "movie",
            "watched_at",
            "progress",
            "source",
            "client_id",
            "created_at",
            "updated_at",
            "version",
        ]


class ViewingChangeBody(BodySerializer):
    watched_at = serializers.DateTimeField(allow_null=True, help_text="Null where unknown; not in the future.")
    progress = serializers.FloatField(min_value=0, max_value=1, default=1, help_text="1: to the end.")

    def validate_progress(self, value: float) -> float:
        return value + 0.0  # -0.0 is 0

    def validate_watched_at(self, value: Any) -> Any:
        if value and value > timezone.now():
            raise serializers.ValidationError("A viewing cannot be in the future.", code="in_the_future")
        return value


class ViewingBody(EntryBody, ViewingChangeBody):
    watched_at = serializers.DateTimeField(
        allow_null=True, default=timezone.now, help_text="Now where left out, null where unknown."
    )
    client_id = serializers.CharField(
        max_length=64, default="", allow_blank=True, help_text="Your own id: sending it again records nothing twice."
    )
