"""What clients ask for under load: eighty in a hundred questions read, twenty write."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from benchmarks.http.generator import Ask
from benchmarks.http.vocabulary import GENRES, WORDS

API = "/api/v1/"
FILM = "{tmdb_id}"  # in a route, as /metrics spells it
FIRST_FILM = 100_000  # of the world's TMDb ids; the most popular has the lowest
POPULAR = 200  # films whose details are asked for, so that they are kept
SHELVED = 1_000  # films that are put on shelves and taken off
KEPT, UNCACHED, PERSONAL, WRITES = "kept", "uncached", "personal", "write"
BARE = "bare view"


@dataclass(frozen=True)
class Account:
    """Whose token a client shows, and a list that was shown to them: its id and films."""

    token: str
    address: str
    list_id: str
    shown: tuple[int, ...]


@dataclass(frozen=True)
class Endpoint:
    """A line of the report: how many in a hundred questions of the mix it is, and what is asked."""

    name: str
    group: str
    weight: int
    ask: Callable[[Client], Ask]


class Client:
    """Makes the questions of one client; what it has put on its shelf it knows."""

    def __init__(self, account: Account, films: int, chance: random.Random, run: str) -> None:
        self.account, self.films, self.chance, self.run = account, films, chance, run
        self.liked: list[int] = []
        self.count = 0

    def read(self, name: str, route: str, query: str = "", *, film: int = 0, signed_in: bool = False) -> Ask:
        path = f"{API}{route.replace(FILM, str(film))}{query}"
        return Ask(name, path, token=self.account.token if signed_in else "", headers=self.headers, route=API + route)

    def write(
        self, name: str, method: str, route: str, body: object, expects: tuple[int, ...], *writes: str, film: int = 0
    ) -> Ask:
        path = f"{API}{route.replace(FILM, str(film))}"
        content = b"" if body is None else orjson.dumps(body)
        shown, headers = self.account.token, self.headers
        return Ask(name, path, method, shown, content, headers, expects, route=API + route, writes=writes)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """From an address of its own, as behind a proxy: throttles count by it."""
        return (("X-Forwarded-For", self.account.address),)

    def popular_film(self) -> int:
        return FIRST_FILM + self.chance.randrange(min(POPULAR, self.films))

    def shelved_film(self) -> int:
        return FIRST_FILM + self.chance.randrange(min(SHELVED, self.films))

    def fresh_id(self) -> str:
        self.count += 1
        return f"{self.run}-{self.count}"


def bare(client: Client) -> Ask:
    return Ask(BARE, "/bare/", headers=client.headers, route="/bare/")


def trending(client: Client) -> Ask:
    return client.read("trending", "movies/trending/", f"?window={client.chance.choice(('day', 'week'))}")


def popular(client: Client) -> Ask:
    return client.read("popular", "movies/popular/", f"?page={client.chance.randint(1, 5)}")


def genres(client: Client) -> Ask:
    return client.read("genres", "movies/genres/")


def details(client: Client) -> Ask:
    return client.read("details of a popular film", "movies/{tmdb_id}/", film=client.popular_film())


def search(client: Client) -> Ask:
    """Two words and the number that is in every title; one in five has a typo."""
    words = " ".join(client.chance.sample(WORDS, 2))
    if client.chance.random() < 0.2:
        words = words[:2] + words[3:]
    return client.read(
        "search", "movies/search/", f"?query={words.replace(' ', '+')}+{client.chance.randrange(client.films)}"
    )


def filtered(client: Client) -> Ask:
    """A genre or two, some years, a vote and an order: some ten million lists."""
    chance = client.chance
    chosen = "|".join(str(number + 1) for number in chance.sample(range(len(GENRES)), chance.randint(1, 2)))
    begin = chance.randint(1950, 2015)
    order = chance.choice(("-popularity", "-vote_average", "-release_date", "title"))
    years = f"year_gte={begin}&year_lte={begin + chance.randint(1, 30)}"
    vote = chance.randint(40, 80) / 10
    query = f"?genres={chosen}&{years}&vote_gte={vote}&ordering={order}&page={chance.randint(1, 2)}"
    return client.read("films by random filters", "movies/", query)


def favorites(client: Client) -> Ask:
    return client.read("favorites", "favorites/", signed_in=True)


def recommendations(client: Client) -> Ask:
    return client.read("recommendations", "recommendations/", signed_in=True)


def home(client: Client) -> Ask:
    return client.read("home", "recommendations/home/", signed_in=True)


def me(client: Client) -> Ask:
    return client.read("my details", "auth/me/", signed_in=True)


def like(client: Client) -> Ask:
    film = client.shelved_film()
    client.liked.append(film)
    name, route = "PUT favorite", "favorites/{tmdb_id}/"
    return client.write(name, "PUT", route, {}, (200, 201), "favorite", str(film), "there", film=film)


def unlike(client: Client) -> Ask:
    film = client.liked.pop(0) if client.liked else client.shelved_film()
    name, route = "DELETE favorite", "favorites/{tmdb_id}/"
    return client.write(name, "DELETE", route, None, (204,), "favorite", str(film), "gone", film=film)


def rate(client: Client) -> Ask:
    film, value = client.shelved_film(), client.chance.randint(1, 20) / 2
    name, route = "PUT rating", "ratings/{tmdb_id}/"
    return client.write(name, "PUT", route, {"value": value}, (200, 201), "rating", str(film), str(value), film=film)


def watch(client: Client) -> Ask:
    name, body = client.fresh_id(), {"tmdb_id": client.shelved_film()}
    return client.write("POST history", "POST", "history/", body | {"client_id": name}, (200, 201), "viewing", name)


def feedback(client: Client) -> Ask:
    film = client.chance.choice(client.account.shown)
    body = {"recommendation_id": client.account.list_id, "tmdb_id": film, "kind": "opened"}
    writes = "feedback", client.account.list_id, str(film)
    return client.write("POST feedback", "POST", "recommendations/feedback/", body, (200, 201), *writes)


ENDPOINTS = (
    Endpoint("trending", KEPT, 10, trending),
    Endpoint("popular", KEPT, 10, popular),
    Endpoint("details of a popular film", KEPT, 15, details),
    Endpoint("genres", KEPT, 5, genres),
    Endpoint("search", UNCACHED, 10, search),
    Endpoint("films by random filters", UNCACHED, 6, filtered),
    Endpoint("favorites", PERSONAL, 8, favorites),
    Endpoint("my details", PERSONAL, 7, me),
    Endpoint("recommendations", PERSONAL, 6, recommendations),
    Endpoint("home", PERSONAL, 3, home),
    Endpoint("PUT favorite", WRITES, 6, like),
    Endpoint("PUT rating", WRITES, 4, rate),
    Endpoint("POST history", WRITES, 4, watch),
    Endpoint("DELETE favorite", WRITES, 3, unlike),
    Endpoint("POST feedback", WRITES, 3, feedback),
)
NAMED = {endpoint.name: endpoint for endpoint in ENDPOINTS} | {BARE: Endpoint(BARE, "", 0, bare)}
ALL_GROUPS = KEPT, UNCACHED, PERSONAL, WRITES
GROUPS = {group: tuple(one.name for one in ENDPOINTS if one.group == group) for group in ALL_GROUPS}


@dataclass(frozen=True)
class Mix:
    """Questions drawn by weight; ``only`` asks for one endpoint alone. ``run`` names the run: no two may share it."""

    accounts: Sequence[Account]
    films: int
    run: str
    only: str = ""

    def questions(self, client: int, chance: random.Random) -> Iterator[Ask]:
        asking = Client(self.accounts[client % len(self.accounts)], self.films, chance, f"{self.run}-{client}")
        endpoints = (NAMED[self.only],) if self.only else ENDPOINTS
        weights = [endpoint.weight or 1 for endpoint in endpoints]
        while True:
            yield chance.choices(endpoints, weights)[0].ask(asking)
