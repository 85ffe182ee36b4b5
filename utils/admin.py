from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class LookOnlyAdmin(admin.ModelAdmin[Any]):
    """Pages to look at: a write here would pass the services by. Rows still go when what they belong to is deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        page = request.resolver_match and request.resolver_match.url_name
        own_pages = f"{self.opts.app_label}_{self.opts.model_name}_"
        return not str(page).startswith(own_pages) and super().has_delete_permission(request, obj)
