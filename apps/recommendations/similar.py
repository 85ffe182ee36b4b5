"""Films like one film, for anybody: ranked by that film alone, within the limits and the library of who asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.events import Event, EventKind
from apps.movies.models import Movie
from apps.movies.services import MovieNotFound
from apps.recommendations import registry
from apps.recommendations.answers import FAILED, NO_SIGNAL, NOT_TRAINED, Cut, Recommendations, Wish
from apps.recommendations.catalogue import UNKNOWN, Catalogue
from apps.recommendations.choosing import LENGTH, done_with, engines_barred, list_of, passing, why_not
from apps.recommendations.engines.contract import Profiles, ReasonCode
from apps.recommendations.engines.similar import Similar
from apps.recommendations.lists import ListGone, list_found, lists_kept
from apps.recommendations.models import RecommendationList, Scenario
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import relevance_of
from apps.recommendations.reasons import SENTENCES, SpokenReason
from apps.recommendations.services import NEW, model_of, name_of, page_shown
from apps.recommendations.serving import Model

# Engines that can go by one film; left to us, the first that can answer does.
BY_ONE_FILM = (
    *("content_based", "similar", "knn", "co_favorited", "matrix_factorization"),
    *("neural_cf", "sequential", "ensemble", "hybrid"),
)
TRIED = 3  # engines that are asked at most, until one has an opinion on any film


@dataclass(frozen=True)
class Seeker(Caller):
    """A caller who is taken to like one film and nothing else; their limits and what they are done with hold."""

    film: int = 0

    def profiles(self, catalogue: Catalogue) -> Profiles:
        liked = Event(0, self.film, EventKind.FAVORITE, 1.0, timezone.now())
        return Caller(events=(liked,)).profiles(catalogue)

    def done_with(self, *, include_watched: bool, include_watchlisted: bool) -> set[int]:
        done = super().done_with(include_watched=include_watched, include_watchlisted=include_watchlisted)
        return done | {self.film}


def similar_for(user: User | AnonymousUser, tmdb_id: int, wish: Wish, cut: Cut = NEW) -> Recommendations:
    """A page of films like this one: fewer than asked for, rather than such as are not. Raises MovieNotFound."""
    movie = Movie.objects.shown().filter(tmdb_id=tmdb_id).first()
    if movie is None:
        raise MovieNotFound
    seeker = Seeker(**vars(Caller.of(user)), film=movie.pk)
    model = model_of(seeker)
    question = f"similar:{movie.pk}:{name_of(model)}:{seeker.state}:{wish}"
    if cut.list_id:
        made, question = _list_about(movie, cut.list_id, seeker), ""
    elif kept := lists_kept(user.pk, question):
        made, question = kept[0], ""
    else:
        made = _list_of(movie, model, seeker, wish)
    page = page_shown(made, cut, model, seeker, question=question)
    return page if made.model_version else _with_reason(page, movie)


def _list_about(movie: Movie, list_id: UUID, seeker: Seeker) -> RecommendationList:
    made = list_found(list_id, owner=seeker.user.pk if seeker.user else None)
    if made.told.get("about") != movie.pk:
        raise ListGone
    return made


def _list_of(movie: Movie, model: Model | None, seeker: Seeker, wish: Wish) -> RecommendationList:
    if model and model.catalogue.positions(np.array([movie.pk]))[0] != UNKNOWN:
        made = _list_of_model(model, seeker, wish)
    else:
        made = _list_of_tables(movie, seeker, wish)
    made.requested = wish.algorithm or ""
    made.told |= {"about": movie.pk, "wish": wish.as_told(), "personalised": False}  # by the film, not by the caller
    return made


def _list_of_model(model: Model, seeker: Seeker, wish: Wish) -> RecommendationList:
    barred = engines_barred()
    profiles = seeker.profiles(model.catalogue)
    reasons = {name: why_not(model, profiles, name, barred) for name in BY_ONE_FILM}
    names = [name for name in _in_order(wish) if reasons[name] is None][:TRIED]
    for asked in [replace(wish, algorithm=name, tier=None) for name in names] or [wish]:
        made = _without_fill(list_of(model, seeker, asked, scenario=Scenario.SIMILAR))
        if made.movies and made.fallback_reason != FAILED:
            break
    if not _answers(made, wish):
        made.fallback_reason = reasons[_in_order(wish)[0]] or made.fallback_reason or NO_SIGNAL
    return made


def _in_order(wish: Wish) -> list[str]:
    """The engine asked for, those of the tier asked for, and the others."""
    return sorted(
        BY_ONE_FILM, key=lambda name: (name != wish.algorithm, wish.tier not in (None, registry.ENGINES[name].tier))
    )


def _answers(made: RecommendationList, wish: Wish) -> bool:
    if wish.algorithm:
        return made.algorithm == wish.algorithm
    return wish.tier in (None, registry.ENGINES[made.algorithm].tier)


def _without_fill(made: RecommendationList) -> RecommendationList:
    """Popular films make a page full, but not alike."""
    own = len(made.movies) - len(made.told["fill"])
    made.movies, made.scores, made.told["fill"] = made.movies[:own], made.scores[:own], []
    return made


def _list_of_tables(movie: Movie, seeker: Seeker, wish: Wish) -> RecommendationList:
    """For films that came after the training: by shared keywords, people and genres, as the tables tell."""
    made = list_of(None, seeker, wish, scenario=Scenario.SIMILAR)
    films = passing(Movie.objects.similar_to(movie).exclude(pk__in=done_with(seeker, wish)), seeker, wish)
    alike = films.exclude(tmdb_id__in=wish.exclude_ids).values_list("pk", "alike")  # type: ignore[misc]  # annotated
    best = list(alike[:LENGTH])
    scores = np.array([alike for _, alike in best], dtype=np.float32)
    between = [float(scores[-1]), float(scores[0])] if best else [0.0, 0.0]
    relevant = int((relevance_of(scores, *between) >= wish.min_relevance).sum())
    made.algorithm, made.fallback_reason = Similar.name, NOT_TRAINED
    made.movies, made.scores = [pk for pk, _ in best[:relevant]], scores[:relevant].tolist()
    made.told["between"] = between
    made.told["filtered_out"]["relevance"] = len(best) - relevant
    return made


def _with_reason(page: Recommendations, movie: Movie) -> Recommendations:
    """Of a list from the tables: a model that does not know the film has no words for it."""
    text = SENTENCES[ReasonCode.SIMILAR_TO].format(name=movie.title)
    items = [
        replace(item, reasons=[SpokenReason(ReasonCode.SIMILAR_TO, item.score, (movie.tmdb_id,), text)])
        for item in page.items
    ]
    return replace(page, items=items)
