"""A catalogue of invented films: every field of a film is a function of (seed, id)."""

from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from tests.fake_tmdb import words
from tests.fake_tmdb.columns import GENRE_IDS, GENRES, UNKNOWN_DAY, UNKNOWN_RUNTIME, Columns, Ints
from tests.fake_tmdb.dice import Dice

Json = dict[str, Any]
FIRST_IMDB_NUMBER = 7_000_000
ITEMS_KEPT = 8192


def today_in_utc() -> date:
    return datetime.now(UTC).date()


class Catalogue:
    """``n_films`` films with the ids 1..n_films; some two per cent of them TMDb has deleted.

    Release dates but for a few per cent are fixed; those few lie around ``today``, so that there is always something
    in cinemas. Edits and deletions are kept beside the generated fields and show up in the changes of the day.
    """

    def __init__(self, n_films: int = 2000, seed: int = 1, today: date | None = None) -> None:
        self.n_films = n_films
        self.seed = seed
        self.today = today or today_in_utc()
        self.edited_on: dict[int, date] = {}
        self._edits: dict[int, Json] = {}
        self._version = 0
        self._cached_item = lru_cache(maxsize=ITEMS_KEPT)(self._item)

    @cached_property
    def columns(self) -> Columns:
        return Columns(self.n_films, self.seed, self.today)

    @property
    def version(self) -> int:
        """Grows with each edit: what is cached over the catalogue is cached for one version."""
        return self._version

    @property
    def ids(self) -> Ints:
        """The ids that exist, ascending."""
        return np.flatnonzero(self.columns.alive) + 1

    def exists(self, tmdb_id: int) -> bool:
        return 1 <= tmdb_id <= self.n_films and bool(self.columns.alive[tmdb_id - 1])

    def id_of_imdb(self, imdb_id: str) -> int | None:
        """The film with an IMDb id, or None where there is none."""
        number = imdb_id.removeprefix("tt")
        tmdb_id = int(number) - FIRST_IMDB_NUMBER if number.isdecimal() else 0
        return tmdb_id if self.exists(tmdb_id) and self.imdb_id(tmdb_id) == imdb_id else None

    def edit(self, tmdb_id: int, **fields: Any) -> None:
        """Change fields (``genre_ids`` for the genres), or whole parts such as ``keywords``."""
        self.columns.put(tmdb_id - 1, fields)
        self._edits.setdefault(tmdb_id, {}).update(fields)
        self._touch(tmdb_id)

    def delete(self, tmdb_id: int) -> None:
        self.columns.alive[tmdb_id - 1] = False
        self._version += 1

    def restore(self, tmdb_id: int) -> None:
        self.columns.alive[tmdb_id - 1] = True
        self._touch(tmdb_id)

    def edited(self, tmdb_id: int) -> Json:
        return self._edits.get(tmdb_id, {})

    def _touch(self, tmdb_id: int) -> None:
        self.edited_on[tmdb_id] = today_in_utc()
        self._version += 1
        self._cached_item.cache_clear()

    def title(self, tmdb_id: int) -> str:
        edited = self.edited(tmdb_id).get("title")
        return str(edited) if edited is not None else self._title(Dice(self.seed, "title", tmdb_id))

    def original_title(self, tmdb_id: int) -> str:
        edited = self.edited(tmdb_id).get("original_title")
        if edited is not None:
            return str(edited)
        vocabulary = words.ORIGINALS.get(self._language(tmdb_id))
        if vocabulary is None:
            return self.title(tmdb_id)
        dice = Dice(self.seed, "original", tmdb_id)
        return " ".join(dict.fromkeys(dice.pick(vocabulary) for _ in range(2 + dice.below(2))))

    def imdb_id(self, tmdb_id: int) -> str | None:
        edits: dict[str, str | None] = self.edited(tmdb_id)
        if "imdb_id" in edits:
            return edits["imdb_id"]
        missing = Dice(self.seed, "imdb", tmdb_id).percent(6)
        return None if missing else f"tt{FIRST_IMDB_NUMBER + tmdb_id:07d}"

    def item(self, tmdb_id: int) -> Json:
        """A film as lists show it."""
        return dict(self._cached_item(tmdb_id))

    def _item(self, tmdb_id: int) -> Json:
        columns, row = self.columns, tmdb_id - 1
        dice = Dice(self.seed, "item", tmdb_id)
        item = {
            "adult": bool(columns.adult[row]),
            "backdrop_path": None if dice.percent(8) else dice.picture(),
            "genre_ids": self.genre_ids(tmdb_id),
            "id": tmdb_id,
            "title": self.title(tmdb_id),
            "original_language": self._language(tmdb_id),
            "original_title": self.original_title(tmdb_id),
            "overview": "" if dice.percent(3) else self._overview(dice),
            "popularity": float(columns.popularity[row]),
            "poster_path": None if dice.percent(5) else dice.picture(),
            "release_date": self._release_date(tmdb_id),
            "softcore": False,
            "video": dice.percent(1),
            "vote_average": self._vote_average(tmdb_id, dice),
            "vote_count": int(columns.vote_count[row]),
        }
        if item["release_date"] == "" and dice.percent(50):
            del item["release_date"]
        if dice.percent(2):
            item["content_notes"] = []
        edits = self.edited(tmdb_id)
        return item | {name: edits[name] for name in edits if name in LISTED} if edits else item

    def details(self, tmdb_id: int) -> Json:
        """A film as its own page shows it."""
        film = self.item(tmdb_id)
        genre_ids = film.pop("genre_ids")
        dice = Dice(self.seed, "details", tmdb_id)
        film |= {
            "belongs_to_collection": self._collection(tmdb_id, dice) if dice.percent(12) else None,
            "budget": 0 if dice.percent(50) else dice.below(200) * 500_000,
            "genres": [{"id": genre_id, "name": GENRES.get(genre_id, "Unheard-of")} for genre_id in genre_ids],
            "homepage": dice.pick(("", f"https://films.example/{tmdb_id}", "" if dice.percent(90) else None)),
            "imdb_id": self.imdb_id(tmdb_id),
            "origin_country": [dice.pick(tuple(words.COUNTRIES))],
            "production_companies": [self._company(dice) for _ in range(dice.below(4))],
            "revenue": 0 if dice.percent(50) else dice.below(900) * 1_000_000,
            "runtime": self._runtime(tmdb_id),
            "spoken_languages": [_language_entry(film["original_language"])],
            "status": "Released" if film.get("release_date", "") <= self.today.isoformat() else "Post Production",
            "tagline": dice.pick(("", f"{dice.pick(words.ADJECTIVES)} {dice.pick(words.NOUNS).lower()}s never sleep.")),
        }
        country = film["origin_country"][0]
        film["production_countries"] = [{"iso_3166_1": country, "name": words.COUNTRIES[country]}]
        edits = self.edited(tmdb_id)
        return film | {name: edits[name] for name in edits if name in film}

    def genre_ids(self, tmdb_id: int) -> list[int]:
        edited = self.edited(tmdb_id).get("genre_ids")
        if edited is not None:
            return list(edited)
        bits = int(self.columns.genres[tmdb_id - 1])
        return [genre_id for place, genre_id in enumerate(GENRE_IDS) if bits >> place & 1]

    def _language(self, tmdb_id: int) -> str:
        return words.LANGUAGES[int(self.columns.language[tmdb_id - 1])]

    def _release_date(self, tmdb_id: int) -> str:
        day = int(self.columns.day[tmdb_id - 1])
        return "" if day == UNKNOWN_DAY else date.fromordinal(day).isoformat()

    def _runtime(self, tmdb_id: int) -> int | None:
        runtime = int(self.columns.runtime[tmdb_id - 1])
        return None if runtime == UNKNOWN_RUNTIME else runtime

    def _vote_average(self, tmdb_id: int, dice: Dice) -> float | int:
        """An int now and then, as TMDb sends 7 for 7.0."""
        average = float(self.columns.vote_average[tmdb_id - 1])
        return int(average) if dice.percent(6) else average

    def _title(self, dice: Dice) -> str:
        adjective, noun, other = dice.pick(words.ADJECTIVES), dice.pick(words.NOUNS), dice.pick(words.NOUNS)
        place, name = dice.pick(words.PLACES), dice.pick(words.FIRST_NAMES)
        shapes = (
            f"The {adjective} {noun}",
            f"{adjective} {noun}",
            f"{noun} of {place}",
            f"{name} and the {noun}",
            f"{noun} and {other}",
            f"{name}'s {adjective} {noun}",
            f"{adjective} {place} {noun}",
            f"{noun}" if dice.percent(30) else f"{adjective} {noun} {1 + dice.below(9)}",
        )
        return dice.pick(shapes)

    def _overview(self, dice: Dice) -> str:
        hero, noun = dice.pick(words.FIRST_NAMES), dice.pick(words.NOUNS).lower()
        return (
            f"{dice.pick(words.MOODS)} {dice.pick(words.KINDS)} set in {dice.pick(words.PLACES)}: {hero} "
            f"{dice.pick(words.VERBS)} a {dice.pick(words.ADJECTIVES).lower()} {noun}, and nothing about "
            f"{dice.pick(words.THEMES)} is as it was."
        )

    def _collection(self, tmdb_id: int, dice: Dice) -> Json:
        number = 1 + tmdb_id // 5
        name = f"The {Dice(self.seed, 'collection', number).pick(words.NOUNS)} Collection"
        return {"id": number, "name": name, "poster_path": dice.picture(), "backdrop_path": dice.picture()}

    def _company(self, dice: Dice) -> Json:
        number = dice.below(len(words.STUDIOS))
        logo = dice.picture("png") if dice.percent(50) else None
        country = dice.pick(("US", "GB", "DE", ""))
        return {"id": number + 1, "logo_path": logo, "name": words.STUDIOS[number], "origin_country": country}


def _language_entry(code: str) -> Json:
    name = words.LANGUAGE_NAMES.get(code, code)
    return {"english_name": name, "iso_639_1": code, "name": name}


LISTED = {
    "adult",
    "backdrop_path",
    "genre_ids",
    "title",
    "original_language",
    "original_title",
    "overview",
    "popularity",
    "poster_path",
    "release_date",
    "softcore",
    "video",
    "vote_average",
    "vote_count",
}
