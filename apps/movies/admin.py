from django.contrib import admin

from apps.movies.models import Credit, Genre, Keyword, ListEntry, Movie, Person


class CreditInline(admin.TabularInline[Credit, Movie]):
    model = Credit
    extra = 0
    autocomplete_fields = ["person"]


@admin.register(Movie)
class MovieAdmin(admin.ModelAdmin[Movie]):
    list_display = ["title", "tmdb_id", "release_date", "language", "vote_average", "vote_count", "source"]
    list_filter = ["source", "adult", "genres"]
    search_fields = ["search_text", "tmdb_id", "imdb_id"]
    autocomplete_fields = ["keywords"]
    filter_horizontal = ["genres"]
    inlines = [CreditInline]


@admin.register(Genre)
class GenreAdmin(admin.ModelAdmin[Genre]):
    list_display = ["name", "tmdb_id"]


@admin.register(Keyword)
class KeywordAdmin(admin.ModelAdmin[Keyword]):
    list_display = ["name", "tmdb_id"]
    search_fields = ["name"]


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin[Person]):
    list_display = ["name", "tmdb_id"]
    search_fields = ["name"]


@admin.register(ListEntry)
class ListEntryAdmin(admin.ModelAdmin[ListEntry]):
    list_display = ["name", "position", "movie", "created_at"]
    list_filter = ["name"]
    list_select_related = ["movie"]
    autocomplete_fields = ["movie"]
