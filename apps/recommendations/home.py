"""A home screen: rows of films, no film twice in any of them or on their later pages, in one answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from apps.authentication.models import User
from apps.favorites.events import EventKind
from apps.movies.models import Genre, Movie
from apps.movies.querysets import GenreChoice, MovieFilter
from apps.recommendations import registry
from apps.recommendations.answers import FAILED, Cut, Recommendations, Wish
from apps.recommendations.choosing import allowed_films, engine_for, engines_barred, list_from, list_of, why_not
from apps.recommendations.engines.contract import BoolArray, Engine, IntArray, Profiles
from apps.recommendations.lists import lists_kept
from apps.recommendations.models import RecommendationList, Scenario
from apps.recommendations.profile import Caller
from apps.recommendations.ranking import Ranking, ranked
from apps.recommendations.services import model_of, name_of, pages_shown
from apps.recommendations.serving import Model

logger = logging.getLogger(__name__)

PAGES = 5  # of each row
RANKED = 500  # films that a row chooses from: what other rows have is passed by
N_BECAUSE = 2  # rows that begin with a film
N_GENRES = 2  # rows of a genre
SURELY_LIKED = 0.5  # of the confidence of a signal: a film that was watched to its end, and what says more
NEW_YEARS = 2  # of release, the newest that the catalogue has
BY_ONE_FILM = ("content_based", "knn", "similar")  # engines for films like another, the best first
HOME = Wish(include_watchlisted=False)  # what is on the watchlist has a row of its own


@dataclass(frozen=True)
class Row:
    """A row as it is shown; ``key`` is the same on every visit, as long as it is about the same."""

    key: str
    title: str
    reason: str
    page: Recommendations


@dataclass(frozen=True)
class Draft:
    """A row before it is known what the others take."""

    key: str
    title: str
    reason: str
    scenario: Scenario
    engine: Engine
    ranking: Ranking
    wish: Wish = HOME
    picked: tuple[int, ...] | None = None  # films that it goes by, where that is not all that the caller did
    fallback_reason: str = ""


def home_for(user: User, *, per_row: int) -> list[Row]:
    """The rows that have something to show, best first; the same for two hours, unless anything changes."""
    caller = Caller.of(user)
    model = model_of(caller)
    question = f"home:{per_row}:{name_of(model)}:{caller.state}"
    kept = lists_kept(user.pk, question)
    lists = kept or _lists(model, caller, per_row)
    asked = [(made, Cut(per_page=per_row)) for made in lists]
    pages = pages_shown(asked, model, caller, question="" if kept else question)
    return [Row(**made.told["row"], page=page) for made, page in zip(lists, pages, strict=True) if page.items]


def _lists(model: Model | None, caller: Caller, per_row: int) -> list[RecommendationList]:
    started = perf_counter()
    if model is None:
        made = [list_of(None, caller, HOME, scenario=Scenario.HOME_FOR_YOU)]
        made[0].told["row"] = {"key": "for_you", "title": "Popular now", "reason": "Nothing has been learned here yet."}
        return made
    rows = _Rows(model, caller)
    drafts = [draft for draft in rows.drafts() if len(draft.ranking.items)]
    made = [
        rows.list_of(draft, places)
        for draft, places in zip(drafts, _dealt(drafts, per_row), strict=True)
        if len(places)
    ]
    for each in made:
        each.latency_ms = round((perf_counter() - started) * 1000 / len(made), 3)
    return made


def _dealt(drafts: Sequence[Draft], per_row: int) -> list[IntArray]:
    """For each row the places in its ranking that it gets: page by page, row by row, what is not taken yet."""
    taken: set[int] = set()
    places: list[list[int]] = [[] for _ in drafts]
    left = [iter(enumerate(draft.ranking.items.tolist())) for draft in drafts]
    for _ in range(PAGES):
        for own, items in zip(places, left, strict=True):
            wanted = len(own) + per_row
            for place, item in items:
                if item not in taken:
                    taken.add(item)
                    own.append(place)
                if len(own) == wanted:
                    break
    return [np.array(own, dtype=np.int64) for own in places]


class _Rows:
    """What the rows of one caller have in common."""

    def __init__(self, model: Model, caller: Caller) -> None:
        self.model, self.caller = model, caller
        self.profiles = caller.profiles(model.catalogue)
        self.engine, _ = engine_for(model, self.profiles, HOME)
        self.allowed, self.filtered_out = allowed_films(model.catalogue, caller, HOME)

    def drafts(self) -> Iterator[Draft]:
        yield self._for_you()
        yield from self._because()
        yield from self._genres()
        yield self._watchlist()
        yield self._new()
        yield self._trending()

    def list_of(self, draft: Draft, places: IntArray) -> RecommendationList:
        """The places of the draft's ranking that the row got, as a list."""
        ranking = draft.ranking
        own = int((places < ranking.own).sum())
        dealt = replace(ranking, items=ranking.items[places], scores=ranking.scores[places], own=own)
        made = list_from(self.model, draft.engine, dealt, self.filtered_out | {"relevance": 0})
        made.user, made.scenario, made.fallback_reason = self.caller.user, draft.scenario, draft.fallback_reason
        made.told |= {
            "wish": draft.wish.as_told(),
            "row": {"key": draft.key, "title": draft.title, "reason": draft.reason},
            "picked": draft.picked,
        }
        return made

    def _draft(
        self,
        scenario: Scenario,
        key: str,
        title: str,
        reason: str,
        engine: Engine,
        allowed: BoolArray,
        *,
        profiles: Profiles | None = None,
        wish: Wish = HOME,
        picked: tuple[int, ...] | None = None,
    ) -> Draft:
        """A row of the allowed films. Where its engine fails the popular films stand in, and are named."""
        profiles = self.profiles if profiles is None else profiles
        popular = self.model.engines[registry.POPULAR]
        failed = ""
        try:
            ranking = ranked(engine, popular, profiles, allowed, k=RANKED)
        except Exception:  # as in any list
            logger.exception("engine %s of model %s failed", engine.name, self.model.name)
            engine, failed = popular, FAILED
            ranking = ranked(popular, popular, profiles, allowed, k=RANKED)
        return Draft(key, title, reason, scenario, engine, ranking, wish, picked, failed)

    def _for_you(self) -> Draft:
        words = "For you", "By what you liked, rated and watched."
        draft = self._draft(Scenario.HOME_FOR_YOU, "for_you", *words, self.engine, self.allowed)
        if draft.engine.personalised:
            return draft
        return replace(draft, title="Popular now", reason="Like a few films, and this row is yours.")

    def _because(self) -> Iterator[Draft]:
        """A row for each of the newest likes."""
        seeds = self._newest_likes()[:N_BECAUSE]
        rows = Movie.objects.filter(pk__in=seeds).values_list("pk", "tmdb_id", "title")
        films = {pk: (tmdb_id, title) for pk, tmdb_id, title in rows}
        praised = {*self.caller.on_shelf(EventKind.FAVORITE), *self.caller.on_shelf(EventKind.RATING)}
        for seed in seeds:
            profiles = self.caller.only({seed}).profiles(self.model.catalogue)
            engine = self._engine_by_one_film(profiles)
            if engine is None or seed not in films:
                continue
            tmdb_id, title = films[seed]
            words = f"Because you {'liked' if seed in praised else 'watched'} {title}", f"Like {title}."
            key = f"because:{tmdb_id}"
            yield self._draft(
                Scenario.HOME_BECAUSE, key, *words, engine, self.allowed, profiles=profiles, picked=(seed,)
            )

    def _newest_likes(self) -> list[int]:
        liked = np.flatnonzero(self.profiles.interactions.data >= SURELY_LIKED)
        newest = liked[np.argsort(-self.profiles.timestamps[liked], kind="stable")]
        return [int(pk) for pk in self.model.catalogue.item_ids[self.profiles.interactions.indices[newest]]]

    def _engine_by_one_film(self, profiles: Profiles) -> Engine | None:
        barred = engines_barred()
        usable = (name for name in BY_ONE_FILM if why_not(self.model, profiles, name, barred) is None)
        return next((self.model.engines[name] for name in usable), None)

    def _genres(self) -> Iterator[Draft]:
        """Genres that were said to be liked, then those that are in more of the likes than chance would put there."""
        catalogue = self.model.catalogue
        likes = self.profiles.likes
        likes.data[:] = 1
        in_likes = (likes @ catalogue.item_genres).toarray()[0]
        by_chance = np.asarray(catalogue.item_genres.mean(axis=0)).ravel() * likes.nnz
        said = self.profiles.genres.toarray()[0] * len(catalogue.item_ids)  # before all others
        lean = said + in_likes - by_chance
        best = [place for place in np.argsort(-lean, kind="stable")[:N_GENRES].tolist() if lean[place] > 0]
        names = dict(
            Genre.objects.filter(tmdb_id__in=catalogue.genre_ids[best].tolist()).values_list("tmdb_id", "name")
        )
        for place in best:
            tmdb_id = int(catalogue.genre_ids[place])
            if tmdb_id not in names:
                continue
            only = MovieFilter(genres=GenreChoice((tmdb_id,)), include_adult=True)
            words = names[tmdb_id], f"You lean to {names[tmdb_id]}."
            allowed = self.allowed & catalogue.matching(only)
            wish = replace(HOME, filter=only)
            yield self._draft(Scenario.HOME_GENRE, f"genre:{tmdb_id}", *words, self.engine, allowed, wish=wish)

    def _watchlist(self) -> Draft:
        wish = replace(HOME, include_watchlisted=True)
        allowed, _ = allowed_films(self.model.catalogue, self.caller, wish)
        allowed &= self.model.catalogue.among(self.caller.on_shelf(EventKind.WATCHLIST))
        words = "From your watchlist", "You wanted to see these."
        return self._draft(Scenario.HOME_WATCHLIST, "watchlist", *words, self.engine, allowed, wish=wish)

    def _new(self) -> Draft:
        """By an engine that knows films which nobody has seen yet, where there is one."""
        engine = self._engine_by_one_film(self.profiles) or self.engine
        year = self.model.catalogue.year
        newest = int(year[self.allowed].max()) if self.allowed.any() else 0
        words = "New for you" if engine.personalised else "New", "The newest films here."
        return self._draft(Scenario.HOME_NEW, "new", *words, engine, self.allowed & (year > newest - NEW_YEARS))

    def _trending(self) -> Draft:
        engine = self.model.engines.get("trending", self.model.engines[registry.POPULAR])
        words = "Trending", "What people here turn to."
        return self._draft(Scenario.HOME_TRENDING, "trending", *words, engine, self.allowed)
