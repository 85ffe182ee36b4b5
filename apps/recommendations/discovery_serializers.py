from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers

from apps.favorites.serializers import TmdbIdField
from apps.movies.serializers import MovieCardSerializer
from apps.recommendations import registry
from apps.recommendations.answers import Cut
from apps.recommendations.grounds import Ground
from apps.recommendations.onboarding import Answer, ChosenBy
from apps.recommendations.serializers import (
    ALGORITHMS,
    WHY_NOT,
    ProvenanceSerializer,
    ReasonSerializer,
    RecommendationQuery,
    RecommendationSerializer,
    WishQuery,
)
from apps.recommendations.similar import BY_ONE_FILM
from utils.bodies import BodySerializer, ShortListField, StrictBody
from utils.query_params import ChoiceField, CommaSeparatedField, PageQuery, QuerySerializer, StrictIntegerField

MOST_PICKED = 100
MOST_ANSWERS = 30
GROUNDS = [(ground.value, ground.value) for ground in Ground]
ANSWERS = [(answer.value, answer.value) for answer in Answer]
CHOSEN_BY = [(chosen.value, chosen.value) for chosen in ChosenBy]
TEXTS = (CommaSeparatedField, serializers.UUIDField)  # fields that read nothing but text


class PickedField(ShortListField):
    """Films in the order in which they were picked."""

    default_error_messages = {"repeated": "Name each film once; {tmdb_id} comes again."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=TmdbIdField(), max_length=MOST_PICKED, **kwargs)

    def to_internal_value(self, data: Any) -> list[int]:
        tmdb_ids: list[int] = super().to_internal_value(data)
        if again := next((tmdb_id for tmdb_id in tmdb_ids if tmdb_ids.count(tmdb_id) > 1), None):
            self.fail("repeated", tmdb_id=again)
        return tmdb_ids


class SessionBody(StrictBody, WishQuery, PageQuery):
    tmdb_ids = PickedField(
        min_length=1, help_text="The films picked so far, TMDb ids in the order in which they were picked."
    )
    session_id = serializers.UUIDField(
        default=None, allow_null=True, help_text="Of `meta` of the first answer; null or left out: a new session."
    )
    recommendation_id = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="A page of the list that `meta` called so; with `session_id`, `tmdb_ids`, `page` and `per_page`.",
    )
    # Not of somebody without a library; None is REST framework's way to drop a field.
    include_watched = None  # type: ignore[assignment]
    include_watchlisted = None  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["recommendation_id"] and not attrs["session_id"]:
            raise serializers.ValidationError({"session_id": "Say whose list it is."}, code="required")
        goes_on = {"tmdb_ids", "session_id", "recommendation_id", "page", "per_page"}
        if attrs["recommendation_id"] and (sent := set(self.initial_data) - goes_on):
            says = "A list is what was asked for when it was made: leave this out, or ask for a new list."
            raise serializers.ValidationError(dict.fromkeys(sent, says), code="list_is_made")
        return attrs

    @staticmethod
    def cut_of(body: Mapping[str, Any]) -> Cut:
        return Cut(body["page"], body["per_page"], body["recommendation_id"])

    def _complaints(self, data: Mapping[str, Any]) -> Iterator[tuple[str, list[serializers.ErrorDetail]]]:
        yield from super()._complaints(data)
        for name, value in data.items():
            if isinstance(self.fields.get(name), TEXTS) and value is not None and not isinstance(value, str):
                yield name, [serializers.ErrorDetail("Not of the right JSON type.", code="wrong_type")]


class SessionMetaSerializer(ProvenanceSerializer):
    session_id = serializers.UUIDField(help_text="To be sent along from now on, and when signing up.")
    unknown = serializers.IntegerField(help_text="How many of the films picked are not in the catalogue.")


class MergeBody(BodySerializer):
    tmdb_ids = PickedField(help_text="What was picked without an account, in this order; may be empty.")
    session_id = serializers.UUIDField(default=None, allow_null=True)


class _IdsSerializer(serializers.ListField):
    child = serializers.IntegerField()


class MergedSerializer(serializers.Serializer[Any]):
    added = _IdsSerializer(help_text="TMDb ids of the films that are favorites now.")
    existing = _IdsSerializer(help_text="Those that were before.")
    not_found = _IdsSerializer(help_text="There are no such films.")
    unavailable = _IdsSerializer(help_text="TMDb could not be asked about these; try again.")


class OnboardingQuery(QuerySerializer):
    n = StrictIntegerField(min_value=5, max_value=MOST_ANSWERS, default=10, help_text="How many films to ask about.")


class OnboardingMetaSerializer(serializers.Serializer[Any]):
    chosen_by = serializers.ChoiceField(
        CHOSEN_BY,
        help_text="`information`: by how much an answer would tell the model of a taste; `genres`: by their variety.",
    )
    model_version = serializers.CharField(allow_null=True)


class AnswerBody(BodySerializer):
    tmdb_id = TmdbIdField()
    answer = serializers.ChoiceField(
        ANSWERS, help_text="`liked` makes the film a favorite, `disliked` hides it, `unseen` does nothing."
    )


class OnboardingBody(BodySerializer):
    answers = ShortListField(child=AnswerBody(), min_length=1, max_length=MOST_ANSWERS)

    def validate_answers(self, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({each["tmdb_id"] for each in answers}) < len(answers):
            raise serializers.ValidationError("Name each film once.", code="repeated")
        return answers


class OnboardedSerializer(serializers.Serializer[Any]):
    liked = _IdsSerializer(help_text="TMDb ids of the films that are favorites now.")
    disliked = _IdsSerializer(help_text="Those that are hidden now.")
    unseen = _IdsSerializer()
    not_found = _IdsSerializer(help_text="Films that are not known here; nothing was kept of them.")
    recommendations = RecommendationSerializer(many=True, help_text="The first page; `meta` tells of its list.")


class SimilarQuery(RecommendationQuery):
    algorithm = ChoiceField(
        [(name, registry.ENGINES[name].description) for name in BY_ONE_FILM],
        default=None,
        help_text="Who is to answer, going by this film alone; left out: the first of these that can.",
    )


class ExplainQuery(WishQuery):
    diversity = None  # type: ignore[assignment]  # dropped: it moves films about, and keeps none out


class HeldBackSerializer(serializers.Serializer[Any]):
    ground = serializers.ChoiceField(GROUNDS)
    detail = serializers.CharField(
        help_text="The shelf, preference or parameter that it is about, like `hidden` or `year_lte`; else a word."
    )
    text = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    movie = MovieCardSerializer()
    would_show = serializers.BooleanField(help_text="Whether a list for this question has the film, on whatever page.")
    rank = serializers.IntegerField(
        allow_null=True,
        help_text="Its place, from 1, among all films that may be shown and itself: where it is, or would be if "
        "nothing held it back. Null where the model does not know the film.",
    )
    of = serializers.IntegerField(help_text="How many films that is.")
    score = serializers.FloatField(allow_null=True, help_text="Null where the engine has no opinion.")
    relevance = serializers.FloatField(help_text="As in a list; 0 where the engine has no opinion.")
    reasons = ReasonSerializer(many=True)
    predicted_rating = serializers.FloatField(allow_null=True)
    held_back = HeldBackSerializer(
        many=True,
        help_text="All that is in its way; `no_opinion` alone leaves it a place at the end, after the others.",
    )


class ExplanationMetaSerializer(serializers.Serializer[Any]):
    requested = serializers.ChoiceField(ALGORITHMS, allow_null=True)
    served = serializers.ChoiceField(ALGORITHMS)
    fallback_reason = serializers.ChoiceField(WHY_NOT, allow_null=True)
    model_version = serializers.CharField(allow_null=True)
    trained_at = serializers.DateTimeField(allow_null=True)
