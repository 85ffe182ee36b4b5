from typing import Any

from django.contrib import admin

from apps.favorites.models import Favorite, HiddenMovie, LibraryState, Rating, ViewingHistory, WatchlistItem
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
