from django.contrib import admin, messages
from django.http import HttpRequest

from apps.recommendations.jobs import train_models
from apps.recommendations.models import ModelVersion
from utils.jobs import enqueue


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin[ModelVersion]):
    """Training runs; to train on the newest data now, choose the action on any of them."""

    list_display = ["name", "status", "trained_at", "learned_from"]
    list_filter = ["status"]
    readonly_fields = ["name", "status", "trained_at", "fingerprint", "learned_from", "metrics"]
    actions = ["train_now"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.action(description="Train a new version on the newest data", permissions=["change"])
    def train_now(self, request: HttpRequest, queryset: object) -> None:
        enqueue(train_models)
        self.message_user(request, "Training has been queued.", messages.SUCCESS)
