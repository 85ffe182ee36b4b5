"""What this server says of itself."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

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


DOCS = {
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "connect-src": [SELF],  # the schema, and what is tried out
}
REDOC = DOCS | {
    "style-src": [
        SELF,
        "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # of nothing: most styles start empty
        "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",  # of its scroll bars; a new ReDoc may have others
    ],
    "worker-src": ["blob:"],  # its search
}


@method_decorator(csp_replace(DOCS), name="dispatch")
class SwaggerView(SpectacularSwaggerView):
    """spectacular's own page has its script inline, and adds a CSRF token of the admin to every call and curl line."""

    template_name = "swagger.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # not annotated there
        del page["Cross-Origin-Opener-Policy"]  # opened for the windows of OAuth, of which we have none
        return page


@method_decorator(csp_replace(REDOC), name="dispatch")
class RedocView(SpectacularRedocView):
    """spectacular's own page loads its fonts from Google."""

    template_name = "redoc.html"
