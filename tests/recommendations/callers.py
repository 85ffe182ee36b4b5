"""Callers, questions and what happens between two pages, drawn at random; and what the tables then let a page show.

``rng`` is a random.Random. Nothing here asks the code that recommends.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from django.utils import timezone

from apps.favorites.models import RATING_VALUES, Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from apps.movies.models import Genre, Movie, Release
from apps.movies.querysets import MovieFilter
from apps.preferences.services import preference_set
from apps.recommendations.models import Feedback, RecommendationList
from apps.recommendations.registry import NAMES
from tests.recommendations.community import FIRST_PK, GENRES, N_FILMS, tmdb_id_of
from tests.recommendations.limits import Market, as_preferences, as_query, as_told, drawn_filter, drawn_market, passes

PKS = range(FIRST_PK, FIRST_PK + N_FILMS)
WATCHED = 0.9  # of a film, from which on it counts as watched
LIMITS = [drawn_filter, drawn_market, lambda rng: MovieFilter(), lambda rng: MovieFilter()]


# What is asked.


@dataclass(frozen=True)
class Wanted:
    """What of a question says which films may be shown, and how it is spelled."""

    limits: MovieFilter
    exclude_ids: tuple[int, ...] = ()
    include_watched: bool = False
    include_watchlisted: bool = True
    min_relevance: float = 0
    spelled: dict = field(default_factory=dict)


def drawn_wish(rng, names=NAMES, *, spell=as_query):
    limits = replace(rng.choice(LIMITS)(rng), include_adult=True)
    name = rng.choice([None, *names])
    tier = rng.choice([None, "basic", "advanced"]) if name is None else None
    excluded = tuple(rng.sample(range(1, 90), rng.choice([0, 0, 5, 30])))
    relevance = rng.choice([0, 0, 0, 0.3, 0.8])
    spelled = {
        "algorithm": name,
        "engine": tier,
        "exclude_ids": ",".join(map(str, excluded)) or None,
        "diversity": rng.choice([None, None, 0.2, 1]),
        "min_relevance": relevance or None,
    }
    spelled = {key: value for key, value in spelled.items() if value is not None} | spell(limits)
    return Wanted(limits, excluded, min_relevance=relevance, spelled=spelled)


def drawn_question(rng, names=NAMES):
    """Of somebody with a library."""
    watched, watchlisted = rng.random() < 0.3, rng.random() < 0.6
    wanted = drawn_wish(rng, names)
    spelled = wanted.spelled | {"include_watched": watched, "include_watchlisted": watchlisted}
    return replace(wanted, include_watched=watched, include_watchlisted=watchlisted, spelled=spelled)


# Who asks.


def drawn_library(rng, user):
    def some(most):
        return rng.sample(PKS, rng.choice([0, rng.randint(1, most)]))

    Favorite.objects.bulk_create(Favorite(user=user, movie_id=film) for film in some(8))
    Rating.objects.bulk_create(Rating(user=user, movie_id=film, value=rng.choice(RATING_VALUES)) for film in some(6))
    HiddenMovie.objects.bulk_create(HiddenMovie(user=user, movie_id=film) for film in some(6))
    WatchlistItem.objects.bulk_create(
        WatchlistItem(user=user, movie_id=film, position=place) for place, film in enumerate(some(6), 1)
    )
    ViewingHistory.objects.bulk_create(
        ViewingHistory(user=user, movie_id=film, progress=rng.choice([0.2, 0.89, 0.9, 1])) for film in some(10)
    )
    if not (opened := some(4)):
        return
    made = RecommendationList.objects.create(user=user, scenario="for_you", algorithm="knn", shown=len(opened))
    Feedback.objects.bulk_create(
        Feedback(list=made, user=user, movie_id=film, rank=place, kind="opened") for place, film in enumerate(opened, 1)
    )


def drawn_preferences(rng, user):
    """Tell limits, and at times liked genres; what was told."""
    limits = as_told(rng.choice(LIMITS)(rng))
    liked = rng.sample(sorted(set(GENRES) - set(limits.without_genres)), rng.choice([0, 1]))
    preference_set(user=user, liked_genres=Genre.objects.filter(tmdb_id__in=liked), **as_preferences(limits))
    return limits


# What happens meanwhile.

CHANGES = [
    {"adult": True},
    {"gone_at": timezone.now()},
    {"release_date": None},
    {"runtime": 300},
    {"vote_average": 0},
    {"language": "de"},
]


def change_catalogue(rng, spared=()):
    """Eight films, but none of those spared, by TMDb id."""
    for film in rng.sample([pk for pk in PKS if tmdb_id_of(pk - FIRST_PK) not in spared], 8):
        kind = rng.randrange(len(CHANGES) + 2)
        if kind < len(CHANGES):
            Movie.objects.filter(pk=film).update(**CHANGES[kind])
        elif kind == len(CHANGES):
            Release.objects.filter(movie_id=film).delete()
        else:
            Movie.objects.get(pk=film).genres.set(Genre.objects.filter(tmdb_id=rng.choice(sorted(GENRES))))


def act(rng, user):
    """Ten writes to the library."""
    shelves = {Favorite: {}, Rating: {"value": 9}, HiddenMovie: {}, WatchlistItem: {"position": 99}}
    for film in rng.sample(PKS, 10):
        shelf, values = rng.choice([*shelves.items(), (ViewingHistory, {"progress": 1})])
        shelf.objects.get_or_create(user=user, movie_id=film, defaults=values)


# What may be shown.


class Tables:
    """What they say of films now: ``cards`` as ``passes`` reads them, of those that are not gone, by TMDb id."""

    def __init__(self):
        genres = defaultdict(list)
        for film, genre in Movie.genres.through.objects.values_list("movie__tmdb_id", "genre__tmdb_id"):
            genres[film].append({"id": genre})
        columns = ("tmdb_id", "release_date", "runtime", "vote_average", "language", "adult")
        self.cards = {
            row["tmdb_id"]: row
            | {"genres": genres[row["tmdb_id"]], "year": row["release_date"] and row["release_date"].year}
            for row in Movie.objects.filter(gone_at=None).values(*columns)
        }
        market = Market.today()
        self.markets = {
            film: Market(
                {each for each in market.ratings if each[0] == film},
                {each for each in market.offers if each[0] == film},
            )
            for film in self.cards
        }

    def passing(self, limits):
        return {film for film, card in self.cards.items() if passes(card, limits, self.markets[film])}


def done_with(user, wanted):
    """By TMDb id."""
    shelves = [Favorite, Rating, HiddenMovie] + ([] if wanted.include_watchlisted else [WatchlistItem])
    rows = [shelf.objects.filter(user=user) for shelf in shelves]
    if not wanted.include_watched:
        rows.append(ViewingHistory.objects.filter(user=user, progress__gte=WATCHED))
    return {film for shelf in rows for film in shelf.values_list("movie__tmdb_id", flat=True)}
