from django.contrib import admin

from apps.preferences.models import UserPreference


@admin.register(UserPreference)
class UserPreferenceAdmin(admin.ModelAdmin[UserPreference]):
    """To look at: a change here would pass the library's version by."""

    list_display = ["user", "include_adult", "year_gte", "year_lte", "updated_at"]
    list_select_related = ["user"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False
