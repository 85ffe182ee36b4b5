from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.authentication.requests import signed_in
from apps.favorites.models import WATCHED_FROM
from apps.movies.overlays import attach_my
from apps.movies.queries import YEARS
from apps.preferences.statistics import EVERYONE, statistics_of
from apps.preferences.statistics_serializers import (
    StatisticsMetaSerializer,
    StatisticsSerializer,
    YearInReviewSerializer,
    YearMetaSerializer,
)
from apps.preferences.year_in_review import year_in_review
from utils.exceptions import ApplicationError
from utils.rendering import ApiResponse
from utils.views import ApiView

RULES = {"timezone": "UTC", "watched_from": WATCHED_FROM}
YEAR = OpenApiParameter(
    "year", {"type": "integer", "minimum": YEARS["min_value"], "maximum": YEARS["max_value"]}, OpenApiParameter.PATH
)


class NoSuchYear(ApplicationError):
    status = 404
    code = "no_such_year"
    message = f"Years go from {YEARS['min_value']} to {YEARS['max_value']}."


@extend_schema(tags=["preferences"])
class StatisticsView(ApiView):
    meta_serializer_class = StatisticsMetaSerializer

    @extend_schema(operation_id="statistics", responses={200: StatisticsSerializer})
    def get(self, request: Request) -> ApiResponse:
        """What your library says of you: how much you watched, when, of what kinds, and how you rate."""
        statistics = statistics_of(signed_in(request))
        meta = RULES | {"everyone": [kind.value for kind in EVERYONE]}
        return ApiResponse(StatisticsSerializer(statistics).data, meta=meta)


@extend_schema(tags=["preferences"])
class YearInReviewView(ApiView):
    meta_serializer_class = YearMetaSerializer

    @extend_schema(operation_id="statistics_year", parameters=[YEAR], responses={200: YearInReviewSerializer})
    def get(self, request: Request, year: int) -> ApiResponse:
        """Your year with films. A year without viewings has every part of it, empty."""
        if not YEARS["min_value"] <= year <= YEARS["max_value"]:
            raise NoSuchYear
        user = signed_in(request)
        review = year_in_review(user, year)
        attach_my(user, review.movies)
        return ApiResponse(YearInReviewSerializer(review).data, meta=RULES)
