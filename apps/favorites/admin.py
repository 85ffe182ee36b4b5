from typing import Any

from django.contrib import admin

from apps.favorites.models import (
    Favorite,
    HiddenMovie,
    IdempotencyKey,
    LibraryState,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.favorites.transfer.models import ImportJob
from utils.admin import LookOnlyAdmin


@admin.register(Favorite, HiddenMovie)
class EntryAdmin(LookOnlyAdmin):
    list_display: Any = ["user", "movie", "created_at"]
    list_select_related = ["user", "movie"]


@admin.register(Rating)
class RatingAdmin(EntryAdmin):
    list_display = ["user", "movie", "value", "updated_at"]


@admin.register(WatchlistItem)
class WatchlistItemAdmin(EntryAdmin):
    list_display = ["user", "position", "movie", "created_at"]


@admin.register(ViewingHistory)
class ViewingHistoryAdmin(EntryAdmin):
    list_display = ["user", "movie", "watched_at", "progress", "source"]
    list_filter = ["source"]


@admin.register(LibraryState)
class LibraryStateAdmin(EntryAdmin):
    list_display = ["user", "version"]
    list_select_related = ["user"]


@admin.register(Removal)
class RemovalAdmin(EntryAdmin):
    list_display = ["user", "part", "item", "removed_at", "version"]
    list_select_related = ["user"]
    list_filter = ["part"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(EntryAdmin):
    list_display = ["user", "key", "status", "created_at"]
    list_select_related = ["user"]
    exclude = ["body"]


@admin.register(ImportJob)
class ImportJobAdmin(EntryAdmin):
    list_display = ["user", "file_name", "format", "state", "dry_run", "rows_total", "created_at"]
    list_select_related = ["user"]
    list_filter = ["state", "format"]
