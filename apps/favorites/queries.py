"""The query parameters of the library's endpoints."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from apps.favorites.serializers import RatingField
from apps.movies.queries import IdsField, MovieFilterQuery
from apps.movies.querysets import MovieFilter
from utils.query_params import MAX_ID, ChoiceField, PageQuery, QuerySerializer, StrictIntegerField

ORDERINGS = {
    "-created_at": "added last first",
    "created_at": "added first first",
    "-updated_at": "changed last first",
    "updated_at": "changed first first",
    "title": "by title, A to Z",
    "-title": "by title, Z to A",
    "-release_date": "newest film first",
    "release_date": "oldest film first",
    "-vote_average": "best voted film first",
    "-popularity": "most popular film first",
}


class LibraryQuery(MovieFilterQuery, PageQuery):
    """What every list of a library knows."""

    updated_since = serializers.DateTimeField(
        default=None,
        help_text="Only rows changed at or after this moment, and in `meta.removed` what went since. The first time "
        "send 1970-01-01T00:00:00Z, then `meta.as_of` of the first page of the last such answer.",
    )
    ordering = ChoiceField(list(ORDERINGS.items()), default="-created_at")

    @staticmethod
    def filter_of(query: Mapping[str, Any]) -> MovieFilter:
        return replace(MovieFilterQuery.filter_of(query), include_adult=True)  # it is their own list


class RatingsQuery(LibraryQuery):
    value_gte = RatingField(default=None, help_text="Rated so or better.")
    value_lte = RatingField(default=None, help_text="Rated so or worse.")
    ordering = ChoiceField(
        [*ORDERINGS.items(), ("-value", "rated best first"), ("value", "rated worst first")], default="-created_at"
    )


class WatchlistQuery(LibraryQuery):
    ordering = ChoiceField([("position", "in your own order"), *ORDERINGS.items()], default="position")


class HistoryQuery(LibraryQuery):
    tmdb_id = StrictIntegerField(min_value=1, max_value=MAX_ID, default=None, help_text="Viewings of this film.")
    watched_gte = serializers.DateTimeField(default=None, help_text="Watched then or later.")
    watched_lte = serializers.DateTimeField(default=None, help_text="Watched then or earlier.")
    ordering = ChoiceField(
        [
            *ORDERINGS.items(),
            ("-watched_at", "watched last first, unknown dates last"),
            ("watched_at", "watched first first, unknown dates last"),
        ],
        default="-created_at",
    )


class ManyIdsField(IdsField):
    pattern = r"^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9}){0,99}$"
    limit = 100


class CheckQuery(QuerySerializer):
    ids = ManyIdsField(help_text="TMDb ids, at most 100: `603,11`.")
