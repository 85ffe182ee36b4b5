"""Filters drawn at random, and a judge of what they let pass that shares no code with ours."""

from apps.movies.querysets import GenreChoice, MovieFilter
from tests.recommendations.community import GENRES

GENRE_IDS = sorted(GENRES)


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


def passes(card, limits):
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
    return query


NUMBERS = ("year_gte", "year_lte", "runtime_gte", "runtime_lte", "vote_gte")


def _has_genres(genres, choice):
    if choice is None:
        return True
    return genres.issuperset(choice.tmdb_ids) if choice.match_all else not genres.isdisjoint(choice.tmdb_ids)


def _within(value, least, most):
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)
