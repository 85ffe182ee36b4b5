"""What TMDb answers to a path and its query, as Python objects; the wire is not its concern."""

import re
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from tests.fake_tmdb.catalogue import Catalogue
from tests.fake_tmdb.changes import changed_ids
from tests.fake_tmdb.columns import GENRES, Ints
from tests.fake_tmdb.constants import CERTIFICATION_LIST, CONFIGURATION
from tests.fake_tmdb.discover import discover, search
from tests.fake_tmdb.errors import invalid_page, not_found, too_many_parts
from tests.fake_tmdb.orders import Orders
from tests.fake_tmdb.parts import Parts, translated

Json = dict[str, Any]
Query = dict[str, str]
PAGE_SIZE = 20
CHANGES_PAGE_SIZE = 100
MAX_PAGE = 500
MAX_PARTS = 20
HOURS = 3600
LONG, SHORT = 4 * HOURS, 600
RELATED = ("recommendations", "similar")
# By how many films a list has shifted when its next page is asked for: some ids repeat, others are missed.
SHIFTS = (0, -1, 0, 1, 0, -2, 1)


class Answer(NamedTuple):
    body: Json
    max_age: int = LONG


class Api:
    """The endpoints over one catalogue. ``moving``: lists shift by a film or two between their pages."""

    def __init__(self, catalogue: Catalogue, moving: bool = True) -> None:
        self.moving = moving
        self._catalogue = catalogue
        self._orders = Orders(catalogue)
        self._parts = Parts(catalogue)
        self._ticks = count()

    def answer(self, path: str, query: Query) -> Answer:
        """The answer to a path below ``/3/``; a Refusal where TMDb would refuse."""
        for pattern, endpoint in ROUTES:
            if match := pattern.fullmatch(path):
                return endpoint(self, query, *match.groups())
        raise not_found()

    def genres(self, query: Query) -> Answer:
        return Answer({"genres": [{"id": genre_id, "name": name} for genre_id, name in GENRES.items()]})

    def configuration(self, query: Query) -> Answer:
        return Answer(CONFIGURATION)

    def certifications(self, query: Query) -> Answer:
        return Answer(CERTIFICATION_LIST)

    def trending(self, query: Query, window: str) -> Answer:
        page = self._page(self._orders.trending(window), query, moving=self.moving)
        for item in page["results"]:
            item["media_type"] = "movie"
        return Answer(page, SHORT)

    def popular(self, query: Query) -> Answer:
        return Answer(self._page(self._orders.popular(), query, moving=self.moving))

    def top_rated(self, query: Query) -> Answer:
        return Answer(self._page(self._orders.top_rated(), query, moving=self.moving))

    def now_playing(self, query: Query) -> Answer:
        return self._dated(query, *self._orders.now_playing())

    def upcoming(self, query: Query) -> Answer:
        return self._dated(query, *self._orders.upcoming())

    def discover(self, query: Query) -> Answer:
        ids = discover(self._catalogue.columns, self._orders, query)
        return Answer(self._page(ids, query, moving=self.moving))

    def search(self, query: Query) -> Answer:
        return Answer(self._page(search(self._catalogue.columns, self._orders, query), query))

    def changes(self, query: Query) -> Answer:
        ids, past = changed_ids(self._catalogue, query)
        page_of_ids, paging = self._slice(ids, query, CHANGES_PAGE_SIZE)
        adult = self._catalogue.columns.adult
        results = [{"id": tmdb_id, "adult": bool(adult[tmdb_id - 1]), "softcore": False} for tmdb_id in page_of_ids]
        return Answer({"results": results} | paging, 24 * HOURS if past else SHORT)

    def movie(self, query: Query, given_id: str) -> Answer:
        tmdb_id = self._film(given_id)
        names = [name for name in query.get("append_to_response", "").split(",") if name]
        if len(names) > MAX_PARTS:
            raise too_many_parts()
        film = self._catalogue.details(tmdb_id)
        self._translate(film, query, ("title", "overview", "tagline"))
        for name in names:
            if name in RELATED:
                film[name] = self._related(tmdb_id, name, query)
            elif name in self._parts:
                film[name] = self._parts.of(tmdb_id, name, query)
        return Answer(film)

    def movie_part(self, query: Query, given_id: str, name: str) -> Answer:
        tmdb_id = self._film(given_id)
        if name in RELATED:
            return Answer(self._related(tmdb_id, name, query))
        if name not in self._parts:
            raise not_found()
        return Answer({"id": tmdb_id} | self._parts.of(tmdb_id, name, query))

    def find(self, query: Query, imdb_id: str) -> Answer:
        tmdb_id = self._catalogue.id_of_imdb(imdb_id) if query.get("external_source") == "imdb_id" else None
        films = [] if tmdb_id is None else [self._item(tmdb_id, query) | {"media_type": "movie"}]
        others = ("person_results", "tv_results", "tv_episode_results", "tv_season_results")
        return Answer({"movie_results": films} | {name: [] for name in others})

    def person(self, query: Query, given_id: str) -> Answer:
        person_id = self._person(given_id)
        person = self._parts.people.details(person_id)
        if "movie_credits" in query.get("append_to_response", "").split(","):
            person["movie_credits"] = self._parts.people.movie_credits(person_id)
        return Answer(person)

    def person_credits(self, query: Query, given_id: str) -> Answer:
        person_id = self._person(given_id)
        return Answer(self._parts.people.movie_credits(person_id) | {"id": person_id})

    def _film(self, given_id: str) -> int:
        imdb = given_id.startswith("tt")
        tmdb_id = self._catalogue.id_of_imdb(given_id) if imdb else int(given_id)
        if tmdb_id is None or not self._catalogue.exists(tmdb_id):
            raise not_found()
        return tmdb_id

    def _person(self, given_id: str) -> int:
        if not self._parts.people.exists(int(given_id)):
            raise not_found()
        return int(given_id)

    def _related(self, tmdb_id: int, kind: str, query: Query) -> Json:
        edited: dict[str, Json] = self._catalogue.edited(tmdb_id)
        if kind in edited:
            return edited[kind]
        page = self._page(self._orders.related(tmdb_id, kind), query)
        if kind == "recommendations":
            for item in page["results"]:
                item["media_type"] = "movie"
        return page

    def _dated(self, query: Query, ids: Ints, first: Any, last: Any) -> Answer:
        dates = {"maximum": last.isoformat(), "minimum": first.isoformat()}
        return Answer({"dates": dates} | self._page(ids, query, moving=self.moving))

    def _page(self, ids: Ints, query: Query, moving: bool = False) -> Json:
        shift = SHIFTS[next(self._ticks) % len(SHIFTS)] if moving else 0
        page_of_ids, paging = self._slice(ids, query, PAGE_SIZE, shift)
        results = [self._item(tmdb_id, query) for tmdb_id in page_of_ids]
        return {"page": paging["page"], "results": results} | paging

    def _slice(self, ids: Ints, query: Query, size: int, shift: int = 0) -> tuple[list[int], Json]:
        """The ids of a page; more pages may be announced than can be asked for."""
        page = page_number(query)
        start = (page - 1) * size + (shift if page > 1 else 0)
        n_pages = max(1, -(-len(ids) // size))
        paging = {"page": page, "total_pages": n_pages, "total_results": len(ids)}
        return ids[start : start + size].tolist() if page <= n_pages else [], paging

    def _item(self, tmdb_id: int, query: Query) -> Json:
        item = self._catalogue.item(tmdb_id)
        self._translate(item, query, ("title", "overview"))
        return item

    def _translate(self, film: Json, query: Query, fields: tuple[str, ...]) -> None:
        language = query.get("language", "en").partition("-")[0]
        if language != "en":
            film |= translated(self._catalogue, film, language, fields)


def page_number(query: Query) -> int:
    text = query.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_PAGE:
        raise invalid_page()
    return int(text)


# TMDb takes an IMDb id for a film's own, and ignores what follows the digits of a number.
FILM_ID = r"(tt\d+|\d{1,15})[^/]*"
ENDPOINTS: dict[str, Callable[..., Answer]] = {
    r"genre/movie/list": Api.genres,
    r"configuration": Api.configuration,
    r"certification/movie/list": Api.certifications,
    r"trending/movie/(day|week)": Api.trending,
    r"movie/popular": Api.popular,
    r"movie/top_rated": Api.top_rated,
    r"movie/now_playing": Api.now_playing,
    r"movie/upcoming": Api.upcoming,
    r"movie/changes": Api.changes,
    r"discover/movie": Api.discover,
    r"search/movie": Api.search,
    rf"movie/{FILM_ID}": Api.movie,
    rf"movie/{FILM_ID}/(.+)": Api.movie_part,
    r"find/([^/]+)": Api.find,
    r"person/(\d{1,15})[^/]*": Api.person,
    r"person/(\d{1,15})[^/]*/movie_credits": Api.person_credits,
}
ROUTES = [(re.compile(pattern), endpoint) for pattern, endpoint in ENDPOINTS.items()]
