"""What was recommended, and what came of it, as personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from django.db import transaction

from apps.authentication import personal_data
from apps.authentication.models import User
from apps.favorites.models import LibraryState
from apps.movies.models import Movie
from apps.recommendations.lists import lists_flush, lists_forget
from apps.recommendations.models import Feedback, RecommendationList

LISTS_AT_ONCE = 200


def register_personal_data() -> None:
    personal_data.register("recommendations", export=export_recommendations, erase=erase_recommendations)


def export_recommendations(user: User) -> Mapping[str, personal_data.Rows]:
    lists_flush()
    feedback = Feedback.objects.filter(user=user).order_by("created_at", "pk")
    return {
        "recommendations": _lists(user),
        "recommendation_feedback": feedback.values("movie__tmdb_id", "kind", "rank", "created_at").iterator(),
    }


def _lists(user: User) -> Iterator[dict[str, Any]]:
    """The films of each list that were shown, by TMDb id; those that we have no more are left out."""
    columns = ("created_at", "scenario", "algorithm", "model_version", "movies", "shown")
    rows = RecommendationList.objects.filter(user=user).order_by("created_at", "pk").values(*columns).iterator()
    while some := list(islice(rows, LISTS_AT_ONCE)):
        shown = [row.pop("movies")[: row.pop("shown")] for row in some]
        pks = {pk for films in shown for pk in films}
        tmdb_ids = dict(Movie.objects.filter(pk__in=pks).values_list("pk", "tmdb_id"))
        for row, films in zip(some, shown, strict=True):
            yield row | {"films": [tmdb_ids[pk] for pk in films if pk in tmdb_ids]}


def erase_recommendations(user: User) -> None:
    LibraryState.objects.lock(user)  # first, as whoever gives feedback does; the library's own part erases it
    RecommendationList.objects.filter(user=user).delete()
    Feedback.objects.filter(user=user).delete()
    transaction.on_commit(partial(lists_forget, user.pk))
