"""What may be asked of the analytics, and what they look like in JSON."""

from typing import Any

from rest_framework import serializers

from apps.recommendations.analytics.figures import GROUPINGS
from apps.recommendations.lists import KEPT_DAYS
from apps.recommendations.models import Scenario
from apps.recommendations.serializers import ALGORITHMS
from utils.query_params import ChoiceField, QuerySerializer, StrictIntegerField


class AnalyticsQuery(QuerySerializer):
    days = StrictIntegerField(min_value=1, max_value=KEPT_DAYS, default=30, help_text="The last so many, with today.")
    by = ChoiceField(list(GROUPINGS), default="algorithm", help_text="What the lists are grouped by.")
    algorithm = ChoiceField(ALGORITHMS, default=None, help_text="Only lists by this engine.")
    scenario = ChoiceField(Scenario.choices, default=None, help_text="Only lists that were shown there.")
    model = serializers.CharField(
        default=None, allow_blank=True, max_length=60, help_text="Only lists by this model; empty: those by none."
    )

    @classmethod
    def wish_of(cls, query: dict[str, Any]) -> dict[str, Any]:
        """As ``analytics`` takes it."""
        only = {name: query[name] for name in GROUPINGS if query[name] is not None}
        return {"days": query["days"], "by": query["by"], "only": only}


def _count(help_text: str | None = None) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, help_text=help_text)


def _share(help_text: str | None = None) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=1, help_text=help_text)


class RateWithIntervalSerializer(serializers.Serializer[Any]):
    """Low and high are the ends of the 95 % interval, with a list, not an impression, as what was sampled."""

    value = _share()
    low = _share()
    high = _share()


class LatencySerializer(serializers.Serializer[Any]):
    p50 = serializers.FloatField()
    p95 = serializers.FloatField()


class AnalyticsRowSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The algorithm, scenario or model; empty: no model, before the first one.")
    lists = _count("Made, shown or not.")
    impressions = _count("Films shown, each in each list.")
    opened = _count("Of the impressions.")
    liked = _count("Of the impressions.")
    dismissed = _count("Of the impressions.")
    watched = _count("Of the impressions.")
    click_rate = RateWithIntervalSerializer(allow_null=True, help_text="Opened of shown; null where nothing was.")
    like_rate = RateWithIntervalSerializer(allow_null=True, help_text="Liked of shown; null where nothing was.")
    coverage = _share("Of the films of the catalogue, those that were shown.")
    novelty = serializers.FloatField(
        min_value=0,
        allow_null=True,
        help_text="Bits: mean over what was shown of -log2 of the share of all the lists of this answer that showed "
        "the same film. 0 if all show the same films; compare within one answer only. Null where nothing was shown.",
    )
    latency_ms = LatencySerializer(help_text="Of making a list, without the cards of its films.")
    fallback_rate = _share("Of the lists, those by another engine than was asked for, or by an untrained one.")
    fallbacks = serializers.DictField(child=_count(), help_text="Such lists by their reason.")


class AnalyticsDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    impressions = _count()
    opened = _count("Of these impressions, whenever that was.")
    liked = _count("Of these impressions, whenever that was.")


class AnalyticsSerializer(serializers.Serializer[Any]):
    rows = AnalyticsRowSerializer(many=True, help_text="Most shown first.")
    days = AnalyticsDaySerializer(many=True, help_text="Every day, oldest first, of all rows together; days are UTC's.")


class AnalyticsMetaSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=KEPT_DAYS, source="n_days")
    films = _count("Of the catalogue; what coverage is a share of.")

    def get_fields(self) -> dict[str, Any]:
        """With ``from`` and ``to``, the first of which Python does not take for an attribute's name."""
        moments = {"from": serializers.DateTimeField(source="since"), "to": serializers.DateTimeField(source="until")}
        return moments | super().get_fields()
