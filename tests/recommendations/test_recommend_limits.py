import random
from dataclasses import replace

import pytest

from apps.movies.models import Genre, Movie
from apps.movies.querysets import MovieFilter
from apps.movies.serializers import MovieCardSerializer
from apps.preferences.services import preference_set
from apps.recommendations.registry import NAMES
from tests.factories import HiddenMovieFactory, MovieFactory, ViewingFactory
from tests.recommendations.limits import as_query, drawn_filter, passes

URL = "/api/v1/recommendations/"
PER_PAGE = 15


def told(user, limits):
    """Say these limits as preferences, which know of no genre that must be there."""
    preference_set(
        user=user,
        muted_genres=Genre.objects.filter(tmdb_id__in=limits.without_genres),
        languages=list(limits.languages),
        year_gte=limits.year_gte,
        year_lte=limits.year_lte,
        runtime_gte=limits.runtime_gte,
        runtime_lte=limits.runtime_lte,
        vote_gte=limits.vote_gte,
        include_adult=limits.include_adult,
    )


def all_pages(api, query):
    """The pages in order up to the exhausted one, each full but that one; and the total that they agree on."""
    pages, totals, exhausted = [], set(), False
    while not exhausted:
        body = api.get(URL, query | {"per_page": PER_PAGE, "page": len(pages) + 1}).json()
        pages.append(body["data"])
        totals.add(body["pagination"]["total"])
        exhausted = body["meta"]["exhausted"]
        assert exhausted or len(pages[-1]) == PER_PAGE
    (total,) = totals
    return [item["movie"] for page in pages for item in page], total


def check_promises(api, user, limits, wanted, query):
    told(user, limits)
    done = set(user.favorites.values_list("movie__tmdb_id", flat=True))
    done |= set(user.hiddenmovies.values_list("movie__tmdb_id", flat=True))
    done |= set(user.viewings.values_list("movie__tmdb_id", flat=True))
    cards = MovieCardSerializer(Movie.objects.for_cards(), many=True).data
    allowed = {
        card["tmdb_id"]
        for card in cards
        if passes(card, limits) and passes(card, wanted) and card["tmdb_id"] not in done
    }
    query = query | as_query(wanted)
    shown, total = all_pages(api, query)
    ids = [film["tmdb_id"] for film in shown]
    assert len(ids) == len(set(ids))
    assert set(ids) == allowed, (limits, wanted)
    assert total == len(allowed)
    one_page = api.get(URL, query | {"per_page": 100}).json()["data"]
    assert [item["movie"]["tmdb_id"] for item in one_page] == ids


def draw(seed):
    """What somebody told us, and what they ask for: at times much, at times nothing."""
    rng = random.Random(seed)
    limits = replace(drawn_filter(rng), genres=None) if seed % 4 else MovieFilter()
    wanted = drawn_filter(rng) if seed % 3 else MovieFilter()
    return limits, replace(wanted, include_adult=True)


@pytest.fixture
def choosy_fan(fan, community):
    HiddenMovieFactory(user=fan, movie=community[11])
    ViewingFactory(user=fan, movie=community[13])
    return fan


@pytest.mark.parametrize("name", [*NAMES, None])
def test_no_film_breaks_a_limit_none_is_shown_twice_and_none_is_missing(api, choosy_fan, model, name):
    query = {"algorithm": name} if name else {}
    for seed in range(8):
        check_promises(api, choosy_fan, *draw(seed), query)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_holds_for_who_did_nothing_yet(api, user, model, name):
    for seed in range(8, 12):
        check_promises(api, user, *draw(seed), {"algorithm": name})


@pytest.mark.parametrize("name", [None, "knn"])
def test_the_same_holds_before_the_first_training(api, choosy_fan, name):
    for seed in range(12, 24):
        check_promises(api, choosy_fan, *draw(seed), {"algorithm": name} if name else {})


BREAKING = [
    {"release_date": "1954-12-31"},
    {"release_date": "2025-01-01"},
    {"release_date": None},
    {"runtime": 64},
    {"runtime": 196},
    {"runtime": None},
    {"vote_average": 3.4},
    {"language": "de"},
    {"adult": True},
]


@pytest.mark.parametrize("name", [*NAMES, None])
def test_preferences_are_obeyed_also_for_films_that_changed_since_the_training(api, fan, model, name):
    limits = MovieFilter(
        without_genres=(878,),
        year_gte=1955,
        year_lte=2024,
        runtime_gte=65,
        runtime_lte=195,
        vote_gte=3.5,
        languages=("en", "fr", "ja"),
    )
    told(fan, limits)
    query = {"per_page": "100"} | ({"algorithm": name} if name else {})
    shown = [item["movie"] for item in api.get(URL, query).json()["data"]]
    assert all(passes(film, limits) for film in shown)
    muted, *changed = shown[: 1 + len(BREAKING)]
    Movie.objects.get(tmdb_id=muted["tmdb_id"]).genres.add(Genre.objects.get(tmdb_id=878))
    for film, breaking in zip(changed, BREAKING, strict=True):
        Movie.objects.filter(tmdb_id=film["tmdb_id"]).update(**breaking)
    after = [item["movie"]["tmdb_id"] for item in api.get(URL, query).json()["data"]]
    left = shown[1 + len(BREAKING) :]
    assert left
    assert sorted(after) == sorted(film["tmdb_id"] for film in left)


def test_adult_films_are_shown_to_who_asked_for_them(api, fan, model):
    preference_set(user=fan, include_adult=True)
    assert any(item["movie"]["adult"] for item in api.get(URL, {"per_page": 100}).json()["data"])


def test_impossible_wishes_are_an_empty_page(api, fan, model):
    MovieFactory(language="eo")  # came after the training
    body = api.get(URL, {"language": "eo"}).json()
    assert (body["data"], body["pagination"]["total"], body["meta"]["exhausted"]) == ([], 0, True)
