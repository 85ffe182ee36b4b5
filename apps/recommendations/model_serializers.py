"""Trained models as staff see them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.recommendations.model_card import RANDOM, best_engine
from apps.recommendations.models import ModelVersion
from apps.recommendations.promotion import Reason
from apps.recommendations.serializers import ALGORITHMS, MetricsSerializer, UsersByKindSerializer

REASONS = [(reason.value, reason.value) for reason in Reason]
FIGURES = [
    ("told_apart", "of films opened and passed over in a list, how many it has in this order"),
    ("ndcg", "what people came to like, in lists of ten"),
]
JUDGED = [*ALGORITHMS, (RANDOM, "Chance, seeded; a baseline and no engine.")]


class VerdictSerializer(serializers.Serializer[Any]):
    promoted = serializers.BooleanField()
    reason = serializers.ChoiceField(REASONS)
    sentence = serializers.CharField()
    engine = serializers.ChoiceField(ALGORITHMS, allow_null=True, help_text="The best; null where nothing was judged.")
    judged_by = serializers.ChoiceField(FIGURES, allow_null=True, help_text="The figure that decided.")
    ndcg = serializers.FloatField(allow_null=True, help_text="Of that engine, at 10.")
    popular = serializers.FloatField(allow_null=True, help_text="ndcg of popular films.")
    random = serializers.FloatField(allow_null=True, help_text="ndcg of chance.")
    told_apart = serializers.FloatField(allow_null=True, help_text="Of that engine; of chance it is 0.5.")
    popular_told_apart = serializers.FloatField(allow_null=True, help_text="Of popular films.")
    difference = serializers.FloatField(
        allow_null=True, help_text="Mean of what it gains over popular films in the figure that decided, by user."
    )
    error = serializers.FloatField(allow_null=True, help_text="Standard error of the difference.")
    margin = serializers.FloatField(allow_null=True, help_text="What the difference has to exceed.")
    interval = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True, help_text="95 % of the difference."
    )
    lift = serializers.FloatField(
        allow_null=True, help_text="Its ndcg over that of popular films; null where that did not decide."
    )
    active_lift = serializers.FloatField(allow_null=True, help_text="The same of the version before.")


class FiguresSerializer(MetricsSerializer):
    name = serializers.ChoiceField(JUDGED)


class CardDataSerializer(serializers.Serializer[Any]):
    films = serializers.IntegerField()
    signals = serializers.IntegerField()
    users = UsersByKindSerializer()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class CardSplitSerializer(serializers.Serializer[Any]):
    cut = serializers.DateTimeField(help_text="What was done before it was learned from, the rest foretold.")
    judged = serializers.IntegerField(help_text="Users.")
    shown = serializers.IntegerField(
        default=0, help_text="Of all users, those whose lists `told_apart` is of; 0 where they were too few."
    )


class CardSegmentSerializer(serializers.Serializer[Any]):
    """Judged users by the number of films that they were known to like."""

    to = serializers.IntegerField(allow_null=True)
    users = serializers.IntegerField()
    ndcg = serializers.DictField(child=serializers.FloatField(), help_text="By engine; empty without users.")
    best = serializers.ChoiceField(ALGORITHMS, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.IntegerField(), **super().get_fields()}  # which Python has as a keyword


class CardEngineSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(ALGORITHMS)
    fit_seconds = serializers.FloatField()
    params = serializers.DictField()


class CardSerializer(serializers.Serializer[Any]):
    data = CardDataSerializer()  # type: ignore[assignment]  # a field of that name
    split = CardSplitSerializer()
    figures = FiguresSerializer(many=True)
    segments = CardSegmentSerializer(many=True)
    engines = CardEngineSerializer(many=True)
    use = serializers.CharField()
    limits = serializers.CharField()
    verdict = VerdictSerializer()


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    best = serializers.SerializerMethodField()
    verdict = VerdictSerializer(source="card.verdict", allow_null=True, read_only=True)

    class Meta:
        model = ModelVersion
        fields = ["name", "status", "trained_at", "activated_at", "best", "verdict"]

    @extend_schema_field(FiguresSerializer(allow_null=True))
    def get_best(self, version: ModelVersion) -> dict[str, Any] | None:
        name = best_engine(version.metrics)
        return {"name": name, **version.metrics[name]} if name else None


class ModelCardSerializer(ModelVersionSerializer):
    card = serializers.SerializerMethodField(help_text="Null for a version of a release that wrote none.")

    class Meta(ModelVersionSerializer.Meta):
        fields = [*ModelVersionSerializer.Meta.fields, "card"]

    @extend_schema_field(CardSerializer(allow_null=True))
    def get_card(self, version: ModelVersion) -> dict[str, Any] | None:
        return version.card or None
