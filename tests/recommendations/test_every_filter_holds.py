"""500 random callers, questions and states of the server: no answer on any path shows what it must not.

Each case is drawn from its number alone. What may be shown is judged by the tables as they are when a page is asked
for, and by nothing that the server says of itself.
"""

import random
import shutil
from collections import Counter
from uuid import uuid4

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from apps.movies.models import Genre
from apps.movies.querysets import GenreChoice, MovieFilter
from apps.recommendations import lists, registry
from apps.recommendations.fresh import refresh
from apps.recommendations.models import Feedback, ModelVersion
from apps.recommendations.serving import active_model, artifact_of
from apps.recommendations.similar import BY_ONE_FILM
from tests.conftest import signed_in
from tests.factories import FavoriteFactory, MovieFactory, UserFactory
from tests.recommendations.callers import (
    Tables,
    Wanted,
    act,
    change_catalogue,
    done_with,
    drawn_library,
    drawn_preferences,
    drawn_question,
    drawn_wish,
)
from tests.recommendations.community import FIRST_PK
from tests.recommendations.limits import as_body

URL = "/api/v1/recommendations/"
CASES = 500
A_TEST = 50  # cases


@pytest.fixture(autouse=True)
def regions(settings):
    settings.TMDB_REGIONS = ["US", "DE"]


# What goes wrong.


def lose_cache(settings):
    """All that any process kept, once the rows are written."""
    lists.lists_flush()
    lists.forget_all()
    settings.CACHE_PREFIX = f"test:{uuid4()}"


def fail(*args, **kwargs):
    raise ArithmeticError("an engine's own fault")


def spoil(rng, patch):
    """At times no model, an engine that is not trained, or one that fails; never the popular one, which stands in."""
    way, name = rng.choice(["", "", "", "untrained", "failing", "no model"]), rng.choice(registry.NAMES[1:])
    if way == "no model":
        ModelVersion.objects.update(status="retired")
    elif way == "untrained":
        patch.delitem(active_model().engines, name)
    elif way == "failing":
        patch.setattr(registry.ENGINES[name], "score", fail)


# Who judges.


class Case:
    """One caller at one server, who turns pages while things happen."""

    def __init__(self, number, tables, settings):
        self.number, self.rng = number, random.Random(number)
        self.tables = tables
        self.settings = settings
        self.user = UserFactory()
        self.client = signed_in(self.user)
        self.limits = MovieFilter()
        self.known = True  # who asks
        self.out = set()  # films that the path itself leaves out, by TMDb id
        self.seen = Counter()  # what the lists have shown, by TMDb id
        self.calm = True  # nothing has changed since the training

    def __str__(self):
        return f"case {self.number}"

    def live(self):
        """At times something happens while the caller looks at a page."""
        if self.rng.random() < 0.4:
            self.happens(self.rng.choice(["library", "preferences", "catalogue", "cache"]))

    def happens(self, kind):
        self.calm &= kind == "cache"
        if kind == "cache":
            lose_cache(self.settings)
        elif kind == "library":
            act(self.rng, self.user)
        elif kind == "preferences":
            self.limits = drawn_preferences(self.rng, self.user)
        else:
            change_catalogue(self.rng, spared=self.out)
            self.tables = Tables()

    def tell(self, body):
        """At times what became of a film that the page shows."""
        if body["data"] and self.rng.random() < 0.3:
            film, kind = self.rng.choice(body["data"])["movie"]["tmdb_id"], self.rng.choice(Feedback.Kind.values)
            told = {"recommendation_id": body["meta"]["recommendation_id"], "tmdb_id": film, "kind": kind}
            assert self.client.post(f"{URL}feedback/", told).status_code == 201

    def allowed(self, wanted):
        """The films that may be shown now, by TMDb id."""
        passing = self.tables.passing(wanted.limits) & self.tables.passing(self.limits if self.known else MovieFilter())
        return passing - self.out - {*wanted.exclude_ids} - (done_with(self.user, wanted) if self.known else set())

    def judge(self, body, wanted, *, per_page, whole):
        """Whether the list ends with this page. ``whole``: it does so where there is nothing more to show."""
        films = [item["movie"]["tmdb_id"] for item in body["data"]]
        allowed, exhausted = self.allowed(wanted), body["meta"]["exhausted"]
        assert not set(films) - allowed, f"{self}: not to be shown"
        self.seen.update(films)
        assert max(self.seen.values(), default=1) == 1, f"{self}: shown twice"
        assert all(item["relevance"] >= wanted.min_relevance - 1e-4 for item in body["data"]), f"{self}: not relevant"
        assert exhausted or len(films) == per_page, f"{self}: neither full nor the last"
        assert not (exhausted and whole and self.calm and allowed - self.seen.keys()), f"{self}: not the last"
        return exhausted

    def rest(self, body, turn, wanted, **expected):
        """From the second page on to the last; ``turn`` asks for a page after the one before it."""
        page, exhausted = 1, body["meta"]["exhausted"]
        while not exhausted:
            self.tell(body)
            self.live()
            page += 1
            body = turn(body, page)
            exhausted = self.judge(body, wanted, **expected)

    def get(self, url, query):
        return self.told(self.client.get(url, query))

    def told(self, answer):
        assert answer.status_code == 200, f"{self}: {answer.content}"
        return answer.json()

    def twice(self, ask):
        """At times the second answer, after something happened, or nothing: of a list that was kept, or not."""
        answer = ask()
        if self.rng.random() < 0.4:
            self.live()
            answer = ask()
        return answer

    # The paths.

    def recommendations(self):
        self.pages(URL, drawn_question(self.rng))

    def similar(self):
        """To a film that stays, whatever else goes."""
        film = self.rng.choice(sorted(self.tables.cards))
        self.known = self.rng.random() < 0.7
        self.client = self.client if self.known else APIClient()
        self.out = {film}
        self.pages(f"{URL}similar/{film}/", drawn_question(self.rng, BY_ONE_FILM), fills=False)

    def pages(self, url, wanted, *, fills=True):
        """``fills``: with popular films, where the engine has no opinion."""
        expected = {"per_page": self.rng.choice([15, 30, 100]), "whole": fills and not wanted.min_relevance}
        size = {"per_page": expected["per_page"]}
        first = self.twice(lambda: self.get(url, wanted.spelled | size))
        self.judge(first, wanted, **expected)

        def turn(body, page):
            return self.get(url, size | {"page": page, "recommendation_id": body["meta"]["recommendation_id"]})

        self.rest(first, turn, wanted, **expected)

    def session(self):
        """Who picks another film with every page."""
        self.known, self.client = False, APIClient()
        wanted, picked = drawn_wish(self.rng, spell=as_body), self.rng.sample(sorted(self.tables.cards), 5)
        expected = {"per_page": self.rng.choice([15, 30, 100]), "whole": not wanted.min_relevance}

        def ask(**body):
            self.out = set(picked)
            body |= {"tmdb_ids": picked, "per_page": expected["per_page"]}
            return self.told(self.client.post(f"{URL}session/", body))

        def turn(body, page):
            picked.append(self.rng.choice(sorted(self.tables.cards.keys() - {*picked})))
            return ask(page=page, **{name: body["meta"][name] for name in ("recommendation_id", "session_id")})

        first = self.twice(lambda: ask(**wanted.spelled))
        self.judge(first, wanted, **expected)
        self.rest(first, turn, wanted, **expected)

    def home(self):
        expected = {"per_page": self.rng.choice([4, 10, 20]), "whole": False}
        body = self.twice(lambda: self.get(f"{URL}home/", {"per_row": expected["per_page"]}))
        rows = [(row["key"], {"data": row["items"]} | row) for row in body["data"]["rows"]]
        for key, first in rows:
            self.judge(first, wish_of_row(key), **expected)
        for key, first in rows:
            self.rest(
                first, lambda body, page, row=first: self.get(at(row["next"], page), {}), wish_of_row(key), **expected
            )


def wish_of_row(key):
    genre = key.removeprefix("genre:")
    limits = MovieFilter(include_adult=True, genres=GenreChoice((int(genre),)) if genre != key else None)
    return Wanted(limits, include_watchlisted=key == "watchlist")


def at(cursor, page):
    return cursor.replace("page=2&", f"page={page}&")


@pytest.fixture
def served(request, community, model, settings, tmp_path):
    """The community's model; or the same with films and likes over it that came since, in a store of its own."""
    if request.param == TRAINED:
        return
    shutil.copytree(artifact_of(model), tmp_path / "own" / model.name)
    settings.ARTIFACT_ROOT = tmp_path / "own"
    for number in range(8):
        new = MovieFactory(pk=FIRST_PK + 1000 + number, tmdb_id=81 + number, adult=number == 3, runtime=90)
        new.genres.set(Genre.objects.filter(tmdb_id__in=[18, 878 if number % 2 else 28]))
        FavoriteFactory(movie=community[number])
    refresh()


PATHS = [Case.recommendations] * 5 + [Case.home] * 2 + [Case.similar] * 2 + [Case.session]


def run(number, tables, settings, patch):
    case = Case(number, tables, settings)
    drawn_library(case.rng, case.user)
    if case.rng.random() < 0.7:
        case.limits = drawn_preferences(case.rng, case.user)
    spoil(case.rng, patch)
    if case.rng.random() < 0.3:
        case.happens("catalogue")
    case.rng.choice(PATHS)(case)


TRAINED, FRESH = "as trained", "with a fresh layer"
PARTS = [(TRAINED if first < CASES / 2 else FRESH, range(first, first + A_TEST)) for first in range(0, CASES, A_TEST)]


@pytest.mark.parametrize(("served", "numbers"), PARTS, indirect=["served"], ids=str)
def test_nothing_is_shown_that_must_not_be_nothing_twice_and_no_page_is_short(served, numbers, settings, monkeypatch):
    tables = Tables()
    for number in numbers:
        with transaction.atomic(), monkeypatch.context() as patch:
            lose_cache(settings)
            run(number, tables, settings, patch)
            transaction.set_rollback(True)
