from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from apps.favorites.serializers import TmdbIdField
from apps.movies.queries import IdsField, WatchFilterQuery
from apps.movies.serializers import MovieCardSerializer
from apps.recommendations import registry
from apps.recommendations.answers import FAILED, NO_SIGNAL, NOT_TRAINED, TMDB_TERMS, Cut, Wish
from apps.recommendations.engines.contract import ReasonCode, Tier
from apps.recommendations.models import Feedback
from utils.bodies import BodySerializer
from utils.query_params import ChoiceField, PageQuery, QuerySerializer, StrictIntegerField

ALGORITHMS = [(name, engine.description) for name, engine in registry.ENGINES.items()]
REASON_CODES = [(code.value, code.value) for code in ReasonCode]
TIERS = [(tier.value, tier.value) for tier in Tier]
WHY_NOT = [
    (NO_SIGNAL, "nothing liked yet that this engine could go by"),
    (NOT_TRAINED, "no trained model has it"),
    (TMDB_TERMS, "it reads what films are about, and this server is not to do that with what TMDb told it"),
    (FAILED, "it failed just now; the log says how"),
]


class ExcludedField(IdsField):
    """As many as a few screens hold."""

    pattern = r"^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9}){0,99}$"
    limit = 100


class WishQuery(WatchFilterQuery):
    """What may be asked of recommendations, wherever they are shown."""

    algorithm = ChoiceField(
        ALGORITHMS, default=None, help_text="Who is to answer; left out: the one that does best for you now."
    )
    engine = ChoiceField(TIERS, default=None, help_text="Only engines of this tier, the best of them.")
    exclude_ids = ExcludedField(default=(), help_text="TMDb ids of films to leave out, at most 100.")
    diversity = serializers.FloatField(
        min_value=0, max_value=1, default=0, help_text="How much the films at the top are to differ from each other."
    )
    min_relevance = serializers.FloatField(
        min_value=0, max_value=1, default=0, help_text="Films whose `relevance` is below this are left out."
    )
    include_watched = serializers.BooleanField(default=False, help_text="Also films that you have watched.")
    include_watchlisted = serializers.BooleanField(default=True, help_text="Also films on your watchlist.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        name, tier = attrs["algorithm"], attrs["engine"]
        if name and tier and registry.ENGINES[name].tier != tier:
            says = f"{name} is of the tier {registry.ENGINES[name].tier}."
            raise serializers.ValidationError({"engine": says}, code="another_tier")
        return attrs

    @classmethod
    def wish_of(cls, query: dict[str, Any]) -> Wish:
        own = {name: query[name] for name in Wish.__dataclass_fields__.keys() & query.keys()}
        return Wish(filter=cls.filter_of(query | {"include_adult": True}), tier=query["engine"], **own)


class RecommendationQuery(WishQuery, PageQuery):
    recommendation_id = serializers.UUIDField(
        default=None, help_text="A page of the list that `meta` called so; with `page` and `per_page` alone."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        sent = set(self.initial_data) - {"recommendation_id", "page", "per_page"}
        if attrs["recommendation_id"] and sent:
            says = "A list is what was asked for when it was made: leave this out, or ask for a new list."
            raise serializers.ValidationError(dict.fromkeys(sent, says), code="list_is_made")
        return attrs

    @staticmethod
    def cut_of(query: dict[str, Any]) -> Cut:
        return Cut(query["page"], query["per_page"], query["recommendation_id"])


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(REASON_CODES)
    weight = serializers.FloatField(help_text="What it added to the score, in the engine's own units.")
    refs = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="TMDb ids of films in your library; of genres where the code is `genres`.",
    )
    text = serializers.CharField()


class RecommendationSerializer(serializers.Serializer[Any]):
    movie = MovieCardSerializer()
    score = serializers.FloatField(help_text="In the engine's own units: compare within one answer only.")
    relevance = serializers.FloatField(
        help_text="0 to 1: where the score is between the engine's least and best of all films that you may be shown."
    )
    reasons = ReasonSerializer(many=True)
    predicted_rating = serializers.FloatField(
        allow_null=True, help_text="0.5 to 10, what you would rate it; null before your first rating. It ranks nothing."
    )


class FilteredOutSerializer(serializers.Serializer[Any]):
    library = serializers.IntegerField(help_text="Favorited, rated, hidden or watched.")
    preferences = serializers.IntegerField()
    filters = serializers.IntegerField()
    relevance = serializers.IntegerField(help_text="Below `min_relevance`.")


class UsersByKindSerializer(serializers.Serializer[Any]):
    person = serializers.IntegerField()
    pseudonymous = serializers.IntegerField(help_text="Imported ratings.")
    simulated = serializers.IntegerField(help_text="The demo community.")


@extend_schema_serializer(component_name="LearnedFrom")
class LearnedFromSerializer(serializers.Serializer[Any]):
    films = serializers.IntegerField()
    signals = serializers.IntegerField()
    users = UsersByKindSerializer()


class ProvenanceSerializer(serializers.Serializer[Any]):
    recommendation_id = serializers.UUIDField(help_text="Of the list: for its other pages, and for feedback on it.")
    made_at = serializers.DateTimeField(help_text="When the list was made.")
    requested = serializers.ChoiceField(ALGORITHMS, allow_null=True)
    served = serializers.ChoiceField(ALGORITHMS)
    fallback_reason = serializers.ChoiceField(
        WHY_NOT, allow_null=True, help_text="Why it is not the engine asked for, or not a trained one."
    )
    personalised = serializers.BooleanField()
    model_version = serializers.CharField(allow_null=True)
    trained_at = serializers.DateTimeField(allow_null=True)
    learned_from = LearnedFromSerializer(allow_null=True)
    filtered_out = FilteredOutSerializer(
        help_text="Films by the first ground that kept them out when the list was made."
    )
    filled = serializers.IntegerField(
        help_text="Films of this page that are popular ones, the engine having no opinion on more."
    )
    exhausted = serializers.BooleanField(help_text="The list has nothing after this page; it ends after 200 films.")


class MetricsSerializer(serializers.Serializer[Any]):
    """Measured on the newest fifth of the data, by an engine that had learned from the rest alone."""

    k = serializers.IntegerField()
    n_users = serializers.IntegerField()
    ndcg = serializers.FloatField()
    ndcg_error = serializers.FloatField(help_text="Standard error of ndcg.")
    recall = serializers.FloatField()
    hit_rate = serializers.FloatField()
    average_precision = serializers.FloatField()
    coverage = serializers.FloatField()
    novelty = serializers.FloatField()
    popularity = serializers.FloatField()
    told_apart = serializers.FloatField(
        allow_null=True,
        help_text="Of the films of one list, one opened and one passed over, the share of pairs that the engine has in "
        "this order; 0.5 is chance. Null where too few people were shown lists since.",
    )


class AlgorithmSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(ALGORITHMS)
    tier = serializers.ChoiceField(TIERS)
    description = serializers.CharField()
    usable = serializers.BooleanField(help_text="For this caller, now.")
    why_not = serializers.ChoiceField(WHY_NOT, allow_null=True)
    metrics = MetricsSerializer(allow_null=True)


class FeedbackBody(BodySerializer):
    recommendation_id = serializers.UUIDField(help_text="Of the list that showed the film.")
    tmdb_id = TmdbIdField()
    kind = serializers.ChoiceField(
        Feedback.Kind.choices,
        help_text="`liked` also makes the film a favorite, `dismissed` hides it, `watched` puts it into the history.",
    )


class FeedbackSerializer(serializers.Serializer[Any]):
    recommendation_id = serializers.UUIDField(source="list_id")
    tmdb_id = serializers.IntegerField(source="movie.tmdb_id")
    kind = serializers.ChoiceField(Feedback.Kind.choices)
    rank = serializers.IntegerField(help_text="The film's place in the list, from 1.")
    created_at = serializers.DateTimeField()


class HomeQuery(QuerySerializer):
    per_row = StrictIntegerField(min_value=1, max_value=20, default=10, help_text="Films a row.")


class RowSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="`for_you`, `because:603`, `genre:28`, `watchlist`, `new` or `trending`.")
    title = serializers.CharField()
    reason = serializers.CharField()
    items = RecommendationSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Where the row goes on; null where it does not.")
    meta = ProvenanceSerializer()


class HomeSerializer(serializers.Serializer[Any]):
    rows = RowSerializer(many=True)
