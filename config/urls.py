from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import cache_page
from drf_spectacular.views import SpectacularAPIView

from utils.service import RedocView, ServiceMetaView, SwaggerView

api: list[URLPattern | URLResolver] = [
    path("auth/", include("apps.authentication.urls")),
    path("movies/", include("apps.movies.urls")),
    path("", include("apps.favorites.urls")),
    path("", include("apps.preferences.urls")),
    path("recommendations/", include("apps.recommendations.urls")),
    path("meta/", ServiceMetaView.as_view()),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("api/schema/", cache_page(300, cache="process")(SpectacularAPIView.as_view()), name="schema"),
    path("api/docs/", SwaggerView.as_view(url_name="schema")),
    path("api/redoc/", RedocView.as_view(url_name="schema")),
    path("admin/", admin.site.urls),
]

handler400 = "utils.exceptions.bad_request"
handler403 = "utils.exceptions.permission_denied"
handler404 = "utils.exceptions.not_found"
handler500 = "utils.exceptions.server_error"
