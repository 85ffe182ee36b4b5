from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from apps.authentication.requests import signed_in
from apps.recommendations.answers import Cut, Recommendations
from apps.recommendations.serializers import (
    AlgorithmSerializer,
    ProvenanceSerializer,
    RecommendationQuery,
    RecommendationSerializer,
)
from apps.recommendations.services import algorithms_for, recommend_for
from utils.pagination import pagination_block
from utils.rendering import ApiResponse
from utils.views import ApiView


def page_response(answer: Recommendations, cut: Cut) -> ApiResponse:
    return ApiResponse(
        [item.as_json() for item in answer.items],
        pagination=pagination_block(page=cut.page, per_page=cut.per_page, total=answer.total),
        meta=answer.provenance.as_json(),
    )


@extend_schema(tags=["recommendations"])
class RecommendationListView(ApiView):
    query_serializer_class = RecommendationQuery
    meta_serializer_class = ProvenanceSerializer

    @extend_schema(operation_id="recommendations", responses={200: RecommendationSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """What to watch next, who says so, and why. A write to the library shows in the very next answer.

        Pages are cut from a list that stays as it is while you page: send its `recommendation_id` along, and no film
        comes twice or is missed, whatever happens between two pages.
        """
        wish, cut = RecommendationQuery.wish_of(self.query), RecommendationQuery.cut_of(self.query)
        return page_response(recommend_for(signed_in(request), wish, cut), cut)


@extend_schema(tags=["recommendations"])
class AlgorithmListView(ApiView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="recommendations_algorithms", responses={200: AlgorithmSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """The engines: what each does, how good it is, and whether it can answer you now."""
        return ApiResponse(AlgorithmSerializer(algorithms_for(request.user), many=True).data)
