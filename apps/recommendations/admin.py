from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

import apps.recommendations.analytics.admin  # noqa: F401  # registers lists, feedback and their analytics
from apps.recommendations.jobs import train_models
from apps.recommendations.model_card import bars, by_segment
from apps.recommendations.models import ModelVersion
from apps.recommendations.promotion import model_activate, model_roll_back
from apps.recommendations.querysets import ModelVersionQuerySet
from utils.exceptions import ApplicationError
from utils.jobs import enqueue


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin[ModelVersion]):
    """Training runs; to train on the newest data now, or to roll back, choose the action on any of them."""

    list_display = ["name", "status", "trained_at", "activated_at", "verdict", "model_card"]
    list_filter = ["status"]
    readonly_fields = [
        *("name", "status", "verdict", "model_card", "trained_at", "activated_at"),
        *("fingerprint", "learned_from", "metrics", "fresh", "fresh_at"),
    ]
    exclude = ["card"]
    actions = ["train_now", "activate", "roll_back"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.card_view)
        return [path("<int:pk>/card/", view, name="recommendations_model_card"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.display(description="verdict")
    def verdict(self, version: ModelVersion) -> str:
        return str(version.card.get("verdict", {}).get("sentence", "-"))

    @admin.display(description="model card")
    def model_card(self, version: ModelVersion) -> str:
        url = reverse("admin:recommendations_model_card", args=[version.pk])
        return format_html('<a href="{}">Figures</a>', url) if version.card else "-"

    def card_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A version's card as a page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = ModelVersion.objects.filter(pk=pk).first()
        if version is None or not version.card:
            raise Http404("There is no card of such a model.")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Model card: {version.name}",
            "opts": self.opts,
            "version": version,
            "card": version.card,
            "bars": bars(version.card),
            "by_segment": by_segment(version.card),
        }
        return TemplateResponse(request, "admin/recommendations/model_card.html", context)

    @admin.action(description="Train a new version on the newest data", permissions=["change"])
    def train_now(self, request: HttpRequest, queryset: object) -> None:
        enqueue(train_models)
        self.message_user(request, "Training has been queued.", messages.SUCCESS)

    @admin.action(description="Let this version answer", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: ModelVersionQuerySet) -> None:
        if len(queryset) != 1:
            self.message_user(request, "Choose one version to answer.", messages.ERROR)
            return
        try:
            model_activate(queryset[0])
        except ApplicationError as exc:
            self.message_user(request, exc.message, messages.ERROR)
        else:
            self.message_user(request, f"{queryset[0].name} answers now.", messages.SUCCESS)

    @admin.action(description="Roll back to the version that answered before", permissions=["change"])
    def roll_back(self, request: HttpRequest, queryset: object) -> None:
        try:
            version = model_roll_back()
        except ApplicationError as exc:
            self.message_user(request, exc.message, messages.ERROR)
        else:
            self.message_user(request, f"{version.name} answers again.", messages.SUCCESS)
