"""Filters drawn at random, and a judge of what they let pass that shares no code with ours."""

from dataclasses import dataclass, replace

from apps.movies.models import Availability, Genre, Release
from apps.movies.querysets import GenreChoice, MovieFilter
from tests.recommendations.community import GENRES, PROVIDERS, RATINGS

GENRE_IDS = sorted(GENRES)
FOR_MONEY = {"rent", "buy"}


def drawn_filter(rng):
    """A filter with a few limits set; ``rng`` is a random.Random."""

    def sometimes(value, chance=0.35):
        return value if rng.random() < chance else None

    year, minutes = rng.randint(1940, 2030), rng.randint(50, 210)
    some_genres = tuple(rng.sample([*GENRE_IDS, 99], rng.randint(1, 2)))
    return MovieFilter(
        genres=sometimes(GenreChoice(some_genres, match_all=rng.random() < 0.5)),
        without_genres=tuple(rng.sample(GENRE_IDS, rng.choice([0, 0, 1, 2]))),
        year_gte=sometimes(year),
        year_lte=sometimes(year + rng.randint(0, 40)),
        runtime_gte=sometimes(minutes),
        runtime_lte=sometimes(minutes + rng.randint(0, 60)),
        vote_gte=sometimes(round(rng.uniform(3, 9), 1)),
        languages=tuple(rng.sample(["en", "fr", "ja", "de"], rng.choice([0, 0, 1, 2]))),
        include_adult=rng.random() < 0.5,
    )


def drawn_market(rng):
    """A filter by what a country says of films, and by nothing else: little is left where more is limited."""
    region = rng.choice(sorted(RATINGS))
    rated, offered = rng.choice([(True, False), (False, True), (True, True)])
    return MovieFilter(
        include_adult=rng.random() < 0.5,
        region=region,
        certifications=RATINGS[region][: rng.randint(2, len(RATINGS[region]))] if rated else (),
        providers=tuple(rng.sample([*PROVIDERS, 99], rng.randint(2, 3))) if offered else (),
    )


def as_told(limits):
    """The same as preferences have it: without genres to look for, with ratings to keep away from."""
    stricter = set(RATINGS.get(limits.region, ())) - set(limits.certifications) if limits.certifications else ()
    return replace(limits, genres=None, without_certifications=tuple(sorted(stricter)))


@dataclass(frozen=True)
class Market:
    """What every country says today: (TMDb id, country, rating) and (TMDb id, country, provider, kind of offer)."""

    ratings: frozenset
    offers: frozenset

    @classmethod
    def today(cls):
        ratings = Release.objects.values_list("movie__tmdb_id", "country", "certification")
        offers = Availability.objects.values_list("movie__tmdb_id", "country", "provider__tmdb_id", "kind")
        return cls(frozenset(ratings), frozenset(offers))

    def lets_watch(self, tmdb_id, limits):
        ratings = {rating for film, country, rating in self.ratings if (film, country) == (tmdb_id, limits.region)}
        included = {
            provider
            for film, country, provider, kind in self.offers
            if (film, country) == (tmdb_id, limits.region) and kind not in FOR_MONEY
        }
        return (
            (not limits.certifications or not ratings.isdisjoint(limits.certifications))
            and ratings.isdisjoint(limits.without_certifications)
            and (not limits.providers or not included.isdisjoint(limits.providers))
        )


def passes(card, limits, market):
    """Whether a film, as the API shows it, is within all of these limits."""
    genres = {genre["id"] for genre in card["genres"]}
    return (
        (limits.include_adult or not card["adult"])
        and _has_genres(genres, limits.genres)
        and genres.isdisjoint(limits.without_genres)
        and _within(card["year"], limits.year_gte, limits.year_lte)
        and _within(card["runtime"], limits.runtime_gte, limits.runtime_lte)
        and _within(card["vote_average"], limits.vote_gte, None)
        and (not limits.languages or card["language"] in limits.languages)
        and market.lets_watch(card["tmdb_id"], limits)
    )


def as_query(limits):
    """The query parameters that say the same; whether adult films are shown is no parameter."""
    numbers = {name: getattr(limits, name) for name in NUMBERS if getattr(limits, name) is not None}
    query = {name: str(value) for name, value in numbers.items()}
    if limits.genres:
        query["genres"] = ("," if limits.genres.match_all else "|").join(map(str, limits.genres.tmdb_ids))
    if limits.without_genres:
        query["without_genres"] = ",".join(map(str, limits.without_genres))
    if limits.languages:
        query["language"] = ",".join(limits.languages)
    if limits.region:
        query["region"] = limits.region
    if limits.certifications:
        query["certification_lte"] = limits.certifications[-1]
    if limits.providers:
        query["providers"] = "|".join(map(str, limits.providers))
    return query


def as_body(limits):
    """The same for a JSON body, where a number is a number."""
    return as_query(limits) | {name: getattr(limits, name) for name in NUMBERS if getattr(limits, name) is not None}


def as_preferences(limits):
    """What ``preference_set`` takes to say the same."""
    return {name: getattr(limits, name) for name in (*NUMBERS, "include_adult")} | {
        "muted_genres": Genre.objects.filter(tmdb_id__in=limits.without_genres),
        "languages": list(limits.languages),
        "watch_region": limits.region or "US",
        "certification_lte": limits.certifications[-1] if limits.certifications else "",
        "providers": list(limits.providers),
    }


NUMBERS = ("year_gte", "year_lte", "runtime_gte", "runtime_lte", "vote_gte")


def _has_genres(genres, choice):
    if choice is None:
        return True
    return genres.issuperset(choice.tmdb_ids) if choice.match_all else not genres.isdisjoint(choice.tmdb_ids)


def _within(value, least, most):
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)
