"""Which films a list holds and in which order: arrays of ids, cached until the catalogue is edited."""

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from tests.fake_tmdb.catalogue import Catalogue, today_in_utc
from tests.fake_tmdb.columns import UNKNOWN_DAY, Bools, Ints
from tests.fake_tmdb.dice import Dice

T = TypeVar("T")
TOP_RATED_VOTES = 50
DAYS_IN_CINEMAS = 42
DAYS_AHEAD = 28
MOST_RECOMMENDED = 200


def folded(text: str) -> str:
    """Without case, accents and apostrophes, as the search compares."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("'", " "))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class Orders:
    """The ready-made lists; each is computed when first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._columns = catalogue.columns
        self._cache: dict[tuple[object, ...], object] = {}

    def sorted_by(self, field: str, descending: bool) -> Ints:
        """All that exist; ties by id."""
        return self._cached(("sorted", field, descending), lambda: self._sorted(field, descending))

    def popular(self) -> Ints:
        return self._of_all(~self._columns.adult, "popular")

    def top_rated(self) -> Ints:
        def select() -> Ints:
            best = self.sorted_by("vote_average", True)
            keep = ~self._columns.adult & (self._columns.vote_count >= TOP_RATED_VOTES)
            return best[keep[best - 1]]

        return self._cached(("top_rated",), select)

    def now_playing(self) -> tuple[Ints, date, date]:
        return self._released(self._catalogue.today - timedelta(days=DAYS_IN_CINEMAS), self._catalogue.today)

    def upcoming(self) -> tuple[Ints, date, date]:
        tomorrow = self._catalogue.today + timedelta(days=1)
        return self._released(tomorrow, tomorrow + timedelta(days=DAYS_AHEAD - 1))

    def trending(self, window: str) -> Ints:
        """Popularity shifted by the mood of the day, or of the week; 500 pages of it."""
        today = today_in_utc().toordinal()
        day = today if window == "day" else today // 7 * 7

        def select() -> Ints:
            heat = self._columns.popularity * self._columns.mood_of(day)
            order = np.argsort(-heat, kind="stable")
            return order[(self._columns.alive & ~self._columns.adult)[order]][:10_000] + 1

        return self._cached(("trending", day, window), select)

    def of_genre(self, bit: int) -> Ints:
        columns = self._columns
        return self._of_all((columns.genres >> bit & 1).astype(bool) & ~columns.adult, "genre", bit)

    def related(self, tmdb_id: int, kind: str) -> Ints:
        """Films of the first genre: all of them are similar, a couple of hundred at most recommended."""
        bits = int(self._columns.genres[tmdb_id - 1])
        others = self.of_genre((bits & -bits).bit_length() - 1) if bits else self.popular()
        dice = Dice(self._catalogue.seed, kind, tmdb_id)
        if kind == "recommendations":
            others = others[: 0 if dice.percent(5) else 20 + dice.below(MOST_RECOMMENDED)]
        others = others[others != tmdb_id]
        return np.roll(others, dice.below(len(others))) if len(others) else others

    def titles(self) -> list[str]:
        """What the search looks through, by row: title and original title folded, a space before each word."""
        return self._cached(("titles",), self._titles)

    def _titles(self) -> list[str]:
        films = range(1, self._catalogue.n_films + 1)
        both = (f" {self._catalogue.title(film)} {self._catalogue.original_title(film)}" for film in films)
        return [folded(text) for text in both]

    def _sorted(self, field: str, descending: bool) -> Ints:
        if field == "title":
            titles = [folded(self._catalogue.title(film)) for film in range(1, self._catalogue.n_films + 1)]
            order = np.array(sorted(range(len(titles)), key=titles.__getitem__), dtype=np.int64)
            order = order[::-1] if descending else order
        else:
            values = getattr(self._columns, field)
            order = np.argsort(-values if descending else values, kind="stable")
        return order[self._columns.alive[order]] + 1

    def _released(self, first: date, last: date) -> tuple[Ints, date, date]:
        day = self._columns.day
        within = (day >= first.toordinal()) & (day <= last.toordinal()) & (day != UNKNOWN_DAY)
        return self._of_all(within & ~self._columns.adult, "released", first, last), first, last

    def _of_all(self, keep: Bools, *key: object) -> Ints:
        """Those to keep, the most popular first."""

        def select() -> Ints:
            by_popularity = self.sorted_by("popularity", True)
            return by_popularity[keep[by_popularity - 1]]

        return self._cached(key, select)

    def _cached(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        versioned = (self._catalogue.version, *key)
        value = self._cache.get(versioned)
        if value is None:
            self._forget_older()
            value = self._cache[versioned] = make()
        return value  # type: ignore[return-value] # one key, one type

    def _forget_older(self) -> None:
        version = self._catalogue.version
        self._cache = {key: value for key, value in self._cache.items() if key[0] == version}
