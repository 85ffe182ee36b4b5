"""What this server says of itself."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from utils.rendering import ApiResponse
from utils.views import ApiView

# TMDb's API Terms of Use ask for this sentence, word for word.
ATTRIBUTION = "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."

PROVIDERS_ATTRIBUTION = "Where films can be watched is data of JustWatch, through TMDB."  # TMDb asks for the credit


class ServiceMetaSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()
    commit = serializers.CharField()
    attribution = serializers.CharField()
    providers_attribution = serializers.CharField(help_text="To be shown wherever `providers` of a film are.")


@extend_schema(tags=["service"])
class ServiceMetaView(ApiView):
    permission_classes = [AllowAny]
    authentication_classes = []
    public_seconds = 60

    @extend_schema(operation_id="meta", responses={200: ServiceMetaSerializer})
    def get(self, request: Request) -> ApiResponse:
        """Version of the API, and whose data it shows."""
        about = {
            "name": "Marquee",
            "version": settings.VERSION,
            "commit": settings.COMMIT,
            "attribution": ATTRIBUTION,
            "providers_attribution": PROVIDERS_ATTRIBUTION,
        }
        return ApiResponse(ServiceMetaSerializer(about).data)


class RedocView(SpectacularRedocView):
    """spectacular's own page loads its fonts from Google."""

    template_name = "redoc.html"
