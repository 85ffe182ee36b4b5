from collections.abc import Callable
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator

PAGES = csp_replace(
    {
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],  # what autocomplete fields ask
        "form-action": [SELF],
    }
)


@method_decorator(PAGES, name="login")  # the one page that admin_view does not wrap
class AdminSite(admin.AdminSite):
    """Django's, whose pages may load and send what a Content-Security-Policy would else forbid."""

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        return PAGES(super().admin_view(view, cacheable))


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
