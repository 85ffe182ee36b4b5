from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request

from apps.recommendations.analytics.figures import analytics
from apps.recommendations.analytics.serializers import AnalyticsMetaSerializer, AnalyticsQuery, AnalyticsSerializer
from utils.rendering import ApiResponse
from utils.views import ApiView


@extend_schema(tags=["recommendations"])
class AnalyticsView(ApiView):
    permission_classes = [IsAdminUser]
    query_serializer_class = AnalyticsQuery
    meta_serializer_class = AnalyticsMetaSerializer
    errors = [403]

    @extend_schema(operation_id="recommendations_analytics", responses={200: AnalyticsSerializer})
    def get(self, request: Request) -> ApiResponse:
        """What came of the lists that were shown, by algorithm, scenario or model; for staff.

        A list counts on the day it was made, whenever somebody did something with it; the newest may yet be opened.
        """
        found = analytics(**AnalyticsQuery.wish_of(self.query))
        return ApiResponse(AnalyticsSerializer(found).data, meta=AnalyticsMetaSerializer(found).data)
