"""Admin pages of what was shown and what came of it."""

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from rest_framework.exceptions import ValidationError

from apps.recommendations.analytics.page import page_of
from apps.recommendations.analytics.serializers import AnalyticsQuery
from apps.recommendations.models import Feedback, RecommendationList
from utils.admin import LookOnlyAdmin


@admin.register(RecommendationList)
class RecommendationListAdmin(LookOnlyAdmin):
    list_display = ["id", "scenario", "algorithm", "fallback_reason", "model_version", "shown", "user", "created_at"]
    list_filter = ["scenario", "algorithm", "fallback_reason"]
    list_select_related = ["user"]
    ordering = ["-created_at"]
    show_full_result_count = False  # of rows by the hundred thousand

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.analytics_view)
        return [path("analytics/", view, name="recommendations_analytics"), *super().get_urls()]

    def analytics_view(self, request: HttpRequest) -> TemplateResponse:
        """How each algorithm, scenario or model does, in figures and charts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            query = AnalyticsQuery.parse(request.GET)
        except ValidationError as error:
            raise BadRequest(str(error)) from error
        context = {
            **self.admin_site.each_context(request),
            "title": "Analytics",
            "opts": self.opts,
            **page_of(AnalyticsQuery.wish_of(query)),
        }
        return TemplateResponse(request, "admin/recommendations/analytics.html", context)


@admin.register(Feedback)
class FeedbackAdmin(LookOnlyAdmin):
    list_display = ["kind", "movie", "rank", "list", "user", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["movie", "list", "user"]
    ordering = ["-created_at"]
    show_full_result_count = False
