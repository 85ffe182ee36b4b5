from collections.abc import Mapping

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from apps.movies.models import Credit, Genre, Keyword, ListEntry, Movie, Person
from apps.movies.status import JOBS, cache_flush, job_start, status


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

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.status_view)
        return [path("status/", view, name="movies_status"), *super().get_urls()]

    def status_view(self, request: HttpRequest) -> HttpResponseBase:
        """Catalogue status; its buttons are for those who may change films."""
        may_change = self.has_change_permission(request)
        if not (may_change or (request.method == "GET" and self.has_view_permission(request))):
            raise PermissionDenied
        if request.method == "POST":
            self.message_user(request, _pressed(request.POST), messages.SUCCESS)
            return redirect("admin:movies_status")
        context = {
            **self.admin_site.each_context(request),
            "title": "Catalogue status",
            "opts": self.opts,
            "status": status(),
            "jobs": {name: title for name, (_, title) in JOBS.items()},
            "may_change": may_change,
        }
        return TemplateResponse(request, "admin/movies/status.html", context)


def _pressed(form: Mapping[str, str]) -> str:
    """Do what a button of the page asks for; what was done, in words."""
    try:
        return cache_flush(form["flush"]) if "flush" in form else job_start(form["start"])
    except KeyError:
        raise Http404("The page has no such button.") from None


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
