from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.authentication.devices import device_of
from apps.authentication.events import Kind, record
from apps.authentication.models import SecurityEvent, Session, User
from apps.authentication.sessions import session_end, sessions_doubt
from utils.admin import LookOnlyAdmin
from utils.throttling import Throttled, client_address, count, who_logs_in


class AdminLoginForm(AdminAuthenticationForm):
    """Throttled with the API's own logins, before any hash, and on the same trail."""

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        email, device = self.data.get("username", ""), device_of(self.request)
        try:
            count(who_logs_in(email, client_address(self.request)))
        except Throttled as exc:
            raise ValidationError(exc.message, code=exc.code) from exc
        try:
            cleaned = super().clean()
        except ValidationError:
            record(Kind.ADMIN_SIGN_IN_FAILED, User.objects.by_email(email), device)
            raise
        if isinstance(user := self.get_user(), User):  # None where a field was left empty
            record(Kind.ADMIN_SIGNED_IN, user, device)
        return cleaned


admin.site.login_form = AdminLoginForm


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    list_display = ["__str__", "kind", "display_name", "is_active", "is_staff", "date_joined"]
    list_filter = ["kind", "is_active", "is_staff"]
    search_fields = ["email_key", "alias", "display_name"]
    readonly_fields = ["kind", "email", "alias", "last_login", "date_joined"]
    exclude = ["password"]
    filter_horizontal = ["groups", "user_permissions"]

    def get_readonly_fields(self, request: object, obj: User | None = None) -> list[str]:
        stand_in = obj is not None and obj.kind != User.Kind.PERSON
        return [*self.readonly_fields, *(["is_active", "is_staff", "is_superuser"] if stand_in else [])]

    def has_add_permission(self, request: object) -> bool:
        return False  # people register; `manage.py createsuperuser` makes the first operator

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        sessions_doubt(obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        sessions_doubt(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            sessions_doubt(user)
        super().delete_queryset(request, queryset)


@admin.register(Session)
class SessionAdmin(LookOnlyAdmin):
    list_display = ["user", "device", "address", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    exclude = ["refresh_jti"]
    actions = ["end"]

    @admin.action(description="End the chosen sessions", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        for session in queryset.filter(revoked_at=None).select_related("user"):
            session_end(user=session.user, sid=session.pk, device=device_of(request))
        self.message_user(request, "Ended: their access and refresh tokens stop working at once.")

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("authentication.change_session")


@admin.register(SecurityEvent)
class SecurityEventAdmin(LookOnlyAdmin):
    list_display = ["created_at", "kind", "user", "address", "device", "request_id"]
    list_filter = ["kind"]
    list_select_related = ["user"]
    date_hierarchy = "created_at"
    search_fields = ["user__email_key", "request_id"]
    ordering = ["-created_at"]
