import random
from dataclasses import replace

import pytest

from apps.movies.models import Availability, Genre, Movie, Provider, Release
from apps.movies.querysets import MovieFilter
from apps.movies.serializers import MovieCardSerializer
from apps.preferences.models import UserPreference
from apps.preferences.services import preference_set
from apps.recommendations.registry import NAMES
from tests.factories import HiddenMovieFactory, MovieFactory, ViewingFactory
from tests.recommendations.limits import Market, as_query, as_told, drawn_filter, drawn_market, passes

URL = "/api/v1/recommendations/"
PER_PAGE = 15


@pytest.fixture(autouse=True)
def regions(settings):
    settings.TMDB_REGIONS = ["US", "DE"]


def told(user, limits):
    """Say these limits as preferences."""
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
        watch_region=limits.region or "US",
        certification_lte=limits.certifications[-1] if limits.certifications else "",
        providers=list(limits.providers),
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
    market = Market.today()
    allowed = {
        card["tmdb_id"]
        for card in cards
        if passes(card, limits, market) and passes(card, wanted, market) and card["tmdb_id"] not in done
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
    kinds = [drawn_filter, drawn_market, lambda rng: MovieFilter()]
    limits, wanted = kinds[seed % 3](rng), kinds[seed // 3 % 3](rng)
    return as_told(limits), replace(wanted, include_adult=True)


@pytest.mark.parametrize("seeds", [range(9), range(9, 18)])
def test_what_is_drawn_leaves_films_to_show(community, seeds):
    cards, market = MovieCardSerializer(Movie.objects.for_cards(), many=True).data, Market.today()
    left = [
        sum(passes(card, limits, market) and passes(card, wanted, market) for card in cards)
        for limits, wanted in map(draw, seeds)
    ]
    assert sum(0 < n < len(cards) for n in left) >= 5, left


@pytest.fixture
def choosy_fan(fan, community):
    HiddenMovieFactory(user=fan, movie=community[11])
    ViewingFactory(user=fan, movie=community[13])
    return fan


def half(seeds, name):
    """Every other of them: of two engines that follow each other, each gets what the other does not."""
    return seeds[[*NAMES, None].index(name) % 2 :: 2]


@pytest.mark.parametrize("name", [*NAMES, None])
def test_no_film_breaks_a_limit_none_is_shown_twice_and_none_is_missing(api, choosy_fan, model, name):
    query = {"algorithm": name} if name else {}
    for seed in half(range(9), name):
        check_promises(api, choosy_fan, *draw(seed), query)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_holds_for_who_did_nothing_yet(api, user, model, name):
    for seed in half(range(9, 18), name):
        check_promises(api, user, *draw(seed), {"algorithm": name})


@pytest.mark.parametrize("name", [None, "knn"])
def test_the_same_holds_before_the_first_training(api, choosy_fan, name):
    for seed in range(9):
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


def market_turned(films):
    """Make each film break one limit on ratings or offers in a way of its own: as many films as there are ways."""
    unrated, too_strict, stricter_too, not_offered, sold = films
    Release.objects.filter(movie=unrated).delete()
    Release.objects.filter(movie=too_strict).update(certification="R")
    Release.objects.create(movie=stricter_too, country="US", kind=5, certification="NC-17")
    Availability.objects.filter(movie=not_offered).delete()
    Availability.objects.filter(movie=sold).delete()
    Availability.objects.create(movie=sold, country="US", provider=Provider.objects.get(tmdb_id=8), kind="rent")
    Availability.objects.create(movie=sold, country="DE", provider=Provider.objects.get(tmdb_id=8), kind="flatrate")


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
    assert all(passes(film, limits, Market.today()) for film in shown)
    muted, *changed = shown[: 1 + len(BREAKING)]
    Movie.objects.get(tmdb_id=muted["tmdb_id"]).genres.add(Genre.objects.get(tmdb_id=878))
    for film, breaking in zip(changed, BREAKING, strict=True):
        Movie.objects.filter(tmdb_id=film["tmdb_id"]).update(**breaking)
    after = [item["movie"]["tmdb_id"] for item in api.get(URL, query).json()["data"]]
    left = shown[1 + len(BREAKING) :]
    assert left
    assert sorted(after) == sorted(film["tmdb_id"] for film in left)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("name", [*NAMES, None])
def test_ratings_and_offers_are_obeyed_as_they_are_today(api, request, fan, community, trained, name):
    if trained:
        request.getfixturevalue("model")
    netflix = Provider.objects.get(tmdb_id=8)
    Release.objects.all().delete()
    Availability.objects.all().delete()
    Release.objects.bulk_create(
        Release(movie=film, country="US", kind=3, certification=("G", "PG-13")[n % 2])
        for n, film in enumerate(community)
    )
    Availability.objects.bulk_create(
        Availability(movie=film, country="US", provider=netflix, kind=("ads", "free", "flatrate")[n % 3])
        for n, film in enumerate(community)
    )
    query = {"per_page": "100"} | ({"algorithm": name} if name else {})

    def ids():
        return [item["movie"]["tmdb_id"] for item in api.get(URL, query).json()["data"]]

    before = ids()
    preference_set(user=fan, certification_lte="PG-13", providers=[8, 9])
    assert ids() == before
    turned, left = before[:5], before[5:]
    market_turned([Movie.objects.get(tmdb_id=tmdb_id) for tmdb_id in turned])
    body = api.get(URL, query | {"per_page": "10"}).json()
    assert sorted(ids()) == sorted(left)
    assert (len(body["data"]), body["pagination"]["total"]) == (10, len(left))
    new = api.get(URL, query | {"exclude_ids": "99999"}).json()  # another question: a list made after the turn
    assert new["meta"]["filtered_out"] == {
        "library": 5,
        "preferences": len(turned) + sum(film.adult for film in community),
        "filters": 0,
        "relevance": 0,
    }


@pytest.mark.parametrize("trained", [True, False])
def test_a_parameter_narrows_what_preferences_let_pass_and_never_widens_it(api, request, fan, community, trained):
    if trained:
        request.getfixturevalue("model")

    def asked(**query):
        body = api.get(URL, {"per_page": 100, **query}).json()
        return {item["movie"]["tmdb_id"] for item in body["data"]}, body["meta"]["filtered_out"]["filters"]

    anything, _ = asked()
    by_offer, _ = asked(providers="8|337")
    mild, _ = asked(certification_lte="PG")
    there, _ = asked(region="DE", certification_lte="12")
    preference_set(user=fan, certification_lte="PG-13", providers=[8])
    told, filtered = asked()
    assert anything > by_offer > told > set() == asked(providers="9999")[0]
    assert filtered == 0
    assert asked(providers="8|337") == (told, 0)
    assert asked(certification_lte="PG") == (told & mild, len(told - mild))
    assert asked(certification_lte="NC-17") == (told, 0)
    assert asked(region="DE", certification_lte="12") == (told & there, len(told - there))


def test_a_limit_that_its_region_knows_no_more_lets_no_film_pass_that_it_did_not(api, user, model):
    UserPreference.objects.create(user=user, certification_lte="GP")  # PG, until 1972
    assert api.get(URL).json()["data"] == []


def test_adult_films_are_shown_to_who_asked_for_them(api, fan, model):
    preference_set(user=fan, include_adult=True)
    assert any(item["movie"]["adult"] for item in api.get(URL, {"per_page": 100}).json()["data"])


def test_impossible_wishes_are_an_empty_page(api, fan, model):
    MovieFactory(language="eo")  # came after the training
    body = api.get(URL, {"language": "eo"}).json()
    assert (body["data"], body["pagination"]["total"], body["meta"]["exhausted"]) == ([], 0, True)
