from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from apps.operations.models import ApiUsage, JobRecord
from apps.operations.status import status
from utils.admin import LookOnlyAdmin


@admin.register(JobRecord)
class JobRecordAdmin(LookOnlyAdmin):
    list_display = ["name", "runs", "failures", "last_started_at", "last_success_at", "last_failure_at"]
    search_fields = ["name"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.status_view)
        return [path("status/", view, name="operations_status"), *super().get_urls()]

    def status_view(self, request: HttpRequest) -> HttpResponse:
        """Service status."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Service status",
            "opts": self.opts,
            "status": status(),
        }
        return TemplateResponse(request, "admin/operations/status.html", context)


@admin.register(ApiUsage)
class ApiUsageAdmin(LookOnlyAdmin):
    list_display = ["hour", "route", "method", "status", "client", "is_signed_in", "requests", "milliseconds"]
    list_filter = ["client", "is_signed_in", "method", "status"]
    date_hierarchy = "hour"
    search_fields = ["route"]

    @admin.display(description="ms on average")
    def milliseconds(self, usage: ApiUsage) -> str:
        return f"{1000 * usage.seconds / usage.requests:.1f}"
