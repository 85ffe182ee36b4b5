from django.contrib import admin

from apps.preferences.models import UserPreference
from utils.admin import LookOnlyAdmin


@admin.register(UserPreference)
class UserPreferenceAdmin(LookOnlyAdmin):
    list_display = ["user", "include_adult", "year_gte", "year_lte", "updated_at"]
    list_select_related = ["user"]
