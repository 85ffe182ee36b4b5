"""What films are sorted and filtered by, as arrays: position ``row`` is the film with id ``row + 1``."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.fake_tmdb.dice import draws
from tests.fake_tmdb.words import CERTIFICATIONS, COUNTRIES, LANGUAGES, PROVIDERS

GENRES = {
    28: "Action",
    12: "Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    14: "Fantasy",
    36: "History",
    27: "Horror",
    10402: "Music",
    9648: "Mystery",
    10749: "Romance",
    878: "Science Fiction",
    10770: "TV Movie",
    53: "Thriller",
    10752: "War",
    37: "Western",
}
UNKNOWN_GENRE = 10999
GENRE_IDS = (*GENRES, UNKNOWN_GENRE)
UNKNOWN_DAY = 0
UNKNOWN_RUNTIME = -1
FIRST_DAY = date(1925, 1, 1).toordinal()
LAST_DAY = date(2025, 12, 31).toordinal()

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Columns:
    """Eleven numbers a film, each drawn from (seed, id) alone."""

    def __init__(self, n_films: int, seed: int, today: date) -> None:
        self._seed = seed
        self._ids = np.arange(1, n_films + 1, dtype=np.uint64)
        self.alive: Bools = self._draw(1) >= 0.02
        self.adult: Bools = self._draw(2) < 0.02
        self.popularity: Floats = self._popularity()
        self.vote_count: Ints = self._vote_count()
        self.vote_average: Floats = np.where(self.vote_count > 0, np.round(3 + 6 * self._draw(6) ** 0.7, 3), 0.0)
        self.day: Ints = self._days(today.toordinal())
        self.runtime: Ints = self._runtimes()
        self.language: Ints = self._languages()
        self.genres: Ints = self._genres()
        self.certification: Ints = (self._draw(14) * (len(CERTIFICATIONS["US"]) + 1)).astype(np.int64) - 1
        self.providers: Ints = (self._draw(15) * (1 << len(PROVIDERS))).astype(np.int64)
        self.regions: Ints = (self._draw(16) * (1 << len(COUNTRIES))).astype(np.int64)

    def changed_on(self, day: int) -> Bools:
        """The films that somebody edited on a day: about one in twelve."""
        return self._draw(1000 + day) < 1 / 12

    def mood_of(self, day: int) -> Floats:
        """How a day's viewers shift the popularity of each film, 0.5 to 1.5."""
        return 0.5 + self._draw(1_000_000 + day)

    def put(self, row: int, fields: dict[str, Any]) -> None:
        """Make sorting and filtering agree with an edit of a film."""
        for name, value in fields.items():
            if name in EDITABLE:
                column, encode = EDITABLE[name]
                getattr(self, column)[row] = encode(value)

    def _draw(self, salt: int) -> Floats:
        return draws(self._seed, self._ids, salt)

    def _popularity(self) -> Floats:
        heavy_tail = np.minimum(0.3 * (1 - self._draw(3)) ** -0.75, 700)
        return np.where(self._draw(4) < 0.03, 0.0, np.round(heavy_tail, 4))

    def _vote_count(self) -> Ints:
        counts = 40 * self.popularity * 4 ** (2 * self._draw(5) - 1)
        return np.where(self._draw(17) < 0.04, 0, counts).astype(np.int64)

    def _days(self, today: int) -> Ints:
        spread = FIRST_DAY + (LAST_DAY - FIRST_DAY) * self._draw(7) ** 0.4
        around_today = today - 60 + 120 * self._draw(8)
        kind = self._draw(9)
        days = np.where(kind < 0.06, around_today, spread)
        return np.where(kind > 0.96, UNKNOWN_DAY, days).astype(np.int64)

    def _runtimes(self) -> Ints:
        runtime = 70 + (110 * self._draw(10) ** 1.7).astype(np.int64)
        kind = self._draw(11)
        return np.where(kind < 0.03, 0, np.where(kind < 0.05, UNKNOWN_RUNTIME, runtime))

    def _languages(self) -> Ints:
        other = 1 + (self._draw(13) * (len(LANGUAGES) - 1)).astype(np.int64)
        return np.where(self._draw(12) < 0.55, 0, other)

    def _genres(self) -> Ints:
        bits = np.zeros(len(self._ids), dtype=np.int64)
        for salt, share in ((20, 1.0), (21, 0.7), (22, 0.4), (23, 0.1)):
            genre = (self._draw(salt) * len(GENRES)).astype(np.int64)
            bits |= np.where(self._draw(salt + 10) < share, np.int64(1) << genre, np.int64(0))
        bits |= np.where(self._draw(40) < 0.02, np.int64(1) << len(GENRES), np.int64(0))
        return np.where(self._draw(41) < 0.03, np.int64(0), bits)


def genre_bits(genre_ids: Sequence[int]) -> int:
    return sum(1 << GENRE_IDS.index(genre_id) for genre_id in set(genre_ids) if genre_id in GENRE_IDS)


def _day(text: str | None) -> int:
    return date.fromisoformat(text).toordinal() if text else UNKNOWN_DAY


def _language(code: str) -> int:
    return LANGUAGES.index(code) if code in LANGUAGES else -1


EDITABLE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "adult": ("adult", bool),
    "popularity": ("popularity", lambda value: value or 0),
    "vote_count": ("vote_count", lambda value: value or 0),
    "vote_average": ("vote_average", lambda value: value or 0),
    "release_date": ("day", _day),
    "runtime": ("runtime", lambda value: UNKNOWN_RUNTIME if value is None else value),
    "original_language": ("language", _language),
    "genre_ids": ("genres", genre_bits),
}
