"""The same answer as ``GET /recommendations/``, hydrated as is usual: prefetched models through nested serializers.

Who asks, what they did, the list, its keeping and the thoughts of the engine come from the application itself. What
differs is the way from the primary keys of a list to a body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rest_framework.request import Request

from apps.authentication.models import User
from apps.authentication.requests import signed_in
from apps.movies.models import Genre, Movie
from apps.movies.overlays import attach_my
from apps.recommendations import registry
from apps.recommendations.answers import Cut, Wish
from apps.recommendations.choosing import done_with, list_of, passing
from apps.recommendations.engines.contract import IntArray, Profiles, Reason, ReasonCode
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.lists import lists_keep, lists_kept
from apps.recommendations.models import RecommendationList, Scenario
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import relevance_of
from apps.recommendations.reasons import SpokenReason, films_named, in_words
from apps.recommendations.serializers import ProvenanceSerializer, RecommendationQuery, RecommendationSerializer
from apps.recommendations.services import model_of, name_of
from apps.recommendations.serving import Model
from utils.pagination import pagination_block
from utils.rendering import ApiResponse
from utils.views import ApiView


@dataclass(frozen=True)
class NestedRecommendation:
    movie: Movie
    score: float
    relevance: float
    reasons: list[SpokenReason]
    predicted_rating: float | None


class NestedRecommendationListView(ApiView):
    """Pages of lists by their question; a list is not asked for by its name here."""

    query_serializer_class = RecommendationQuery
    meta_serializer_class = ProvenanceSerializer

    def get(self, request: Request) -> ApiResponse:
        wish, cut = RecommendationQuery.wish_of(self.query), RecommendationQuery.cut_of(self.query)
        user = signed_in(request)
        made, items = recommend_nested(user, wish, cut)
        attach_my(user, [item.movie for item in items])
        return ApiResponse(
            RecommendationSerializer(items, many=True).data,
            pagination=pagination_block(page=cut.page, per_page=cut.per_page, total=len(made.movies)),
            meta=ProvenanceSerializer(provenance_of(made, cut, items)).data,
        )


def recommend_nested(user: User, wish: Wish, cut: Cut) -> tuple[RecommendationList, list[NestedRecommendation]]:
    """What ``recommend_for`` does, with models for cards."""
    caller = Caller.of(user)
    model = model_of(caller)
    assert model is not None  # the benchmark trains one
    question = f"{name_of(model)}:{caller.state}:{wish}"
    kept = lists_kept(user.pk, question)
    made = kept[0] if kept else list_of(model, caller, wish, scenario=Scenario.FOR_YOU)
    before = made.shown, len(made.movies)
    drop_unfit(made, caller, wish)
    items = page_of(made, cut, model, caller)
    made.shown = max(made.shown, min(cut.end, len(made.movies)))
    if not kept or before != (made.shown, len(made.movies)):
        lists_keep([made], "" if kept else question)
    return made, items


def drop_unfit(made: RecommendationList, caller: Caller, wish: Wish) -> None:
    """Leave out what may not be shown any more, by one query."""
    films = Movie.objects.filter(pk__in=made.movies)
    fit = set(passing(films, caller, wish).values_list("pk", flat=True)) - done_with(caller, wish)
    rest = [pair for pair in zip(made.movies, made.scores, strict=True) if pair[0] in fit]
    made.movies, made.scores = [film for film, _ in rest], [score for _, score in rest]


def page_of(made: RecommendationList, cut: Cut, model: Model, caller: Caller) -> list[NestedRecommendation]:
    """The films of a page as models with their genres, each with its reasons."""
    page = slice(cut.first, cut.end)
    films = Movie.objects.for_cards().in_bulk(made.movies[page])
    fill = set(made.told["fill"])
    profiles = caller.profiles(model.catalogue)
    places = model.catalogue.positions(np.array(made.movies[page], dtype=np.int64))
    own = sum(film not in fill for film in made.movies[page])  # the fill is the end of a list
    reasons = model.engines[made.algorithm].reasons(profiles, places[:own])
    reasons += model.engines[registry.POPULAR].reasons(profiles, places[own:])
    relevance = relevance_of(np.array(made.scores[page]), *made.told["between"])
    return [
        NestedRecommendation(films[film], score, 0.0 if film in fill else round(float(near), 4), why, stars)
        for film, score, near, why, stars in zip(
            made.movies[page],
            made.scores[page],
            relevance,
            spoken(reasons, model),
            predicted_ratings(model, profiles, places),
            strict=True,
        )
    ]


def spoken(reasons: Sequence[Sequence[Reason]], model: Model) -> list[list[SpokenReason]]:
    """Reasons in words; what they name is read from the tables, where they name anything."""
    catalogue = model.catalogue
    films = {int(catalogue.item_ids[place]): place for place in films_named(reasons)}
    refs = {ref for each in reasons for reason in each if reason.code == ReasonCode.GENRES for ref in reason.refs}
    genres = {int(catalogue.genre_ids[place]): place for place in refs}
    named = Movie.objects.filter(pk__in=films).values_list("pk", "tmdb_id", "title") if films else ()
    of_genres = Genre.objects.filter(tmdb_id__in=genres).values_list("tmdb_id", "name") if genres else ()
    film_names = {films[pk]: (tmdb_id, title) for pk, tmdb_id, title in named}
    genre_names = {genres[tmdb_id]: (tmdb_id, name) for tmdb_id, name in of_genres}
    return [in_words(each, film_names, genre_names) for each in reasons]


def predicted_ratings(model: Model, profiles: Profiles, places: IntArray) -> list[float | None]:
    rater = model.engines[MatrixFactorization.name]
    assert isinstance(rater, MatrixFactorization)  # the benchmark makes no fresh layer
    stars = rater.predicted_ratings(profiles, places)[0]
    return [None if np.isnan(rating) else round(float(rating), 1) for rating in stars]


def provenance_of(made: RecommendationList, cut: Cut, items: Sequence[NestedRecommendation]) -> dict[str, Any]:
    fill = set(made.told["fill"])
    return {
        "recommendation_id": made.pk,
        "made_at": made.created_at,
        "requested": made.requested or None,
        "served": made.algorithm,
        "fallback_reason": made.fallback_reason or None,
        "personalised": made.told["personalised"],
        "model_version": made.model_version or None,
        "trained_at": made.told["trained_at"],
        "learned_from": made.told["learned_from"],
        "filtered_out": made.told["filtered_out"],
        "filled": sum(item.movie.pk in fill for item in items),
        "exhausted": len(made.movies) <= cut.end,
    }
