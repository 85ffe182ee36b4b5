from django.contrib import admin

from apps.authentication.models import Session, User


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


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin[Session]):
    list_display = ["user", "device", "address", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    readonly_fields = [
        "user",
        "refresh_jti",
        "device",
        "address",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]

    def has_add_permission(self, request: object) -> bool:
        return False
