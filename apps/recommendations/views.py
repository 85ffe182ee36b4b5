from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from apps.movies.overlays import attach_my
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


@extend_schema(tags=["recommendations"])
class RecommendationListView(ApiView):
    query_serializer_class = RecommendationQuery
    meta_serializer_class = ProvenanceSerializer

    @extend_schema(operation_id="recommendations", responses={200: RecommendationSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """What to watch next, who says so, and why. A write to the library shows in the very next answer."""
        wish = RecommendationQuery.wish_of(self.query)
        answer = recommend_for(request.user, wish)
        attach_my(request.user, [item.movie for item in answer.items])
        return ApiResponse(
            RecommendationSerializer(answer.items, many=True).data,
            pagination=pagination_block(page=wish.page, per_page=wish.per_page, total=answer.total),
            meta=ProvenanceSerializer(answer.provenance).data,
        )


@extend_schema(tags=["recommendations"])
class AlgorithmListView(ApiView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="recommendations_algorithms", responses={200: AlgorithmSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """The engines: what each does, how good it is, and whether it can answer you now."""
        return ApiResponse(AlgorithmSerializer(algorithms_for(request.user), many=True).data)
