from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.favorites.models import RATING_VALUES, Entry, Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from apps.movies.serializers import MovieCardSerializer
from utils.bodies import BodySerializer
from utils.query_params import MAX_ID

ENTRY_FIELDS = ["movie", "created_at", "updated_at"]


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


class ViewingSerializer(serializers.ModelSerializer[ViewingHistory]):
    id = serializers.IntegerField(source="pk", help_text="Names this viewing in PATCH and DELETE.")
    movie = MovieCardSerializer()

    class Meta:
        model = ViewingHistory
        fields = ["id", "movie", "watched_at", "progress", "source", "client_id", "created_at"]


class ViewingChangeBody(BodySerializer):
    watched_at = serializers.DateTimeField(allow_null=True, help_text="Null where unknown; not in the future.")
    progress = serializers.FloatField(min_value=0, max_value=1, default=1, help_text="1: to the end.")

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
