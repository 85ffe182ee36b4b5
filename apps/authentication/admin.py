from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.authentication.devices import UNKNOWN_DEVICE, device_of
from apps.authentication.events import Kind, record
from apps.authentication.models import EmailLink, SecurityEvent, Session, User
from apps.authentication.services import LastSuperuser, user_erase
from apps.authentication.sessions import SessionGone, session_end, sessions_doubt, sessions_end
from utils.admin import LookOnlyAdmin
from utils.throttling import Throttled, client_address, count, who_logs_in


class AdminLoginForm(AdminAuthenticationForm):
    """Throttled with the API's own logins, before any hash, and on the same trail."""

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        email, device = self.cleaned_data.get("username") or "", device_of(self.request)
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
        """Writes what was changed here alone: a password may have been changed since the row was read."""
        columns = {field.name for field in User._meta.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])
        sessions_doubt(obj)
        if not obj.is_active:
            sessions_end(user=obj)
            EmailLink.objects.of(obj).delete()

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        try:
            with transaction.atomic():
                user_erase(obj)
        except LastSuperuser as exc:
            self.message_user(request, exc.message, messages.ERROR)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.delete_model(request, user)


@admin.register(Session)
class SessionAdmin(LookOnlyAdmin):
    list_display = ["user", "device", "address", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    exclude = ["refresh_jti"]
    actions = ["end"]

    @admin.action(description="End the chosen sessions", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        for session in Session.objects.open().filter(pk__in=queryset).select_related("user"):
            with suppress(SessionGone):  # it has ended by itself meanwhile
                session_end(user=session.user, sid=session.pk, device=UNKNOWN_DEVICE)
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
