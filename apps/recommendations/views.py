from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from apps.authentication.models import User
from apps.authentication.requests import signed_in
from apps.recommendations.answers import Cut, Recommendations
from apps.recommendations.feedback import feedback_give
from apps.recommendations.home import Row, home_for
from apps.recommendations.models import Feedback
from apps.recommendations.serializers import (
    AlgorithmSerializer,
    FeedbackBody,
    FeedbackSerializer,
    HomeQuery,
    HomeSerializer,
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
    errors = (404,)
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


@extend_schema(tags=["recommendations"])
class HomeView(ApiView):
    query_serializer_class = HomeQuery

    @extend_schema(operation_id="recommendations_home", responses={200: HomeSerializer})
    def get(self, request: Request) -> ApiResponse:
        """A home screen in one call: rows of films, each with title, reason and makers; no film comes twice."""
        per_row = self.query["per_row"]
        rows = home_for(signed_in(request), per_row=per_row)
        return ApiResponse({"rows": [_row(row, request.path.removesuffix("home/"), per_row) for row in rows]})


def _row(row: Row, lists: str, per_row: int) -> dict[str, Any]:
    meta = row.page.provenance
    more = f"{lists}?recommendation_id={meta.recommendation_id}&page=2&per_page={per_row}"
    return {
        "key": row.key,
        "title": row.title,
        "reason": row.reason,
        "items": [item.as_json() for item in row.page.items],
        "next": None if meta.exhausted else more,
        "meta": meta.as_json(),
    }


@extend_schema(tags=["recommendations"])
class FeedbackView(ApiView):
    permission_classes = [AllowAny]
    errors = (404,)

    @extend_schema(
        operation_id="recommendations_feedback",
        request=FeedbackBody,
        responses={200: FeedbackSerializer, 201: FeedbackSerializer},
    )
    def post(self, request: Request) -> ApiResponse:
        """Tell what became of a film that a list showed. Twice is the same as once: 201 the first time, 200 after.

        Feedback on the list of a session needs no account.
        """
        body = FeedbackBody(data=request.data)
        body.is_valid(raise_exception=True)
        told = body.validated_data
        feedback, is_new = feedback_give(
            user=request.user if isinstance(request.user, User) else None,
            list_id=told["recommendation_id"],
            tmdb_id=told["tmdb_id"],
            kind=Feedback.Kind(told["kind"]),
        )
        return ApiResponse(FeedbackSerializer(feedback).data, message="Saved.", status=201 if is_new else 200)
