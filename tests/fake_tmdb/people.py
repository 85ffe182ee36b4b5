"""Who made a film, and back: which films a person made, without an index in memory."""

from typing import Any

from tests.fake_tmdb import words
from tests.fake_tmdb.catalogue import Catalogue
from tests.fake_tmdb.dice import Dice

Json = dict[str, Any]
CREW = (("Directing", "Director"), ("Writing", "Screenplay"))
MOST_CAST = 12


class People:
    """Slot ``k`` of film ``f`` is person ``1 + (a_k * f + b_k) mod p``, p prime: solvable for the film as well."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._prime = _prime_from(max(401, catalogue.n_films // 2))

    def exists(self, person_id: int) -> bool:
        return 1 <= person_id <= self._prime

    def credits(self, tmdb_id: int) -> Json:
        cast = [
            self._person(tmdb_id, len(CREW) + order)
            | {"cast_id": order + 1, "character": self._role(tmdb_id, order), "order": order}
            | {"credit_id": _credit_id(tmdb_id, len(CREW) + order)}
            for order in range(self._n_cast(tmdb_id))
        ]
        crew = [
            self._person(tmdb_id, slot) | {"credit_id": _credit_id(tmdb_id, slot), "department": department, "job": job}
            for slot, (department, job) in enumerate(CREW)
        ]
        return {"cast": cast, "crew": crew}

    def details(self, person_id: int) -> Json:
        dice = Dice(self._catalogue.seed, "biography", person_id)
        birthday = f"{1930 + dice.below(75)}-{1 + dice.below(12):02d}-{1 + dice.below(28):02d}"
        return self._profile(person_id) | {
            "also_known_as": [],
            "biography": "" if dice.percent(40) else f"Born in {dice.pick(words.PLACES)}.",
            "birthday": None if dice.percent(10) else birthday,
            "deathday": None,
            "homepage": None,
            "imdb_id": None if dice.percent(10) else f"nm{person_id:07d}",
            "place_of_birth": dice.pick(words.PLACES),
        }

    def movie_credits(self, person_id: int) -> Json:
        cast, crew = [], []
        for slot in range(len(CREW) + MOST_CAST):
            for tmdb_id in self._films(person_id, slot):
                item = self._catalogue.item(tmdb_id) | {"credit_id": _credit_id(tmdb_id, slot)}
                if slot < len(CREW):
                    department, job = CREW[slot]
                    crew.append(item | {"department": department, "job": job})
                else:
                    order = slot - len(CREW)
                    cast.append(item | {"character": self._role(tmdb_id, order), "order": order})
        return {"cast": cast, "crew": crew}

    def _films(self, person_id: int, slot: int) -> list[int]:
        factor, shift = self._key_of(slot)
        first = (person_id - 1 - shift) * pow(factor, -1, self._prime) % self._prime
        films = range(first, self._catalogue.n_films + 1, self._prime)
        return [f for f in films if self._catalogue.exists(f) and slot < len(CREW) + self._n_cast(f)]

    def _key_of(self, slot: int) -> tuple[int, int]:
        return 1 + slot * 7919 % (self._prime - 1), slot * 104_729 % self._prime

    def _n_cast(self, tmdb_id: int) -> int:
        return Dice(self._catalogue.seed, "cast", tmdb_id).below(MOST_CAST + 1)

    def _role(self, tmdb_id: int, order: int) -> str:
        return words.ROLES[(tmdb_id + order) % len(words.ROLES)]

    def _person(self, tmdb_id: int, slot: int) -> Json:
        factor, shift = self._key_of(slot)
        profile = self._profile(1 + (factor * tmdb_id + shift) % self._prime)
        return profile | {"original_name": profile["name"]}

    def _profile(self, person_id: int) -> Json:
        dice = Dice(self._catalogue.seed, "person", person_id)
        return {
            "adult": False,
            "gender": dice.below(4),
            "id": person_id,
            "known_for_department": "Acting" if dice.percent(80) else "Directing",
            "name": f"{dice.pick(words.FIRST_NAMES)} {dice.pick(words.LAST_NAMES)}",
            "popularity": dice.below(200_000) / 10_000,
            "profile_path": None if dice.percent(30) else dice.picture(),
        }


def _credit_id(tmdb_id: int, slot: int) -> str:
    return f"{tmdb_id * 100 + slot:024x}"


def _prime_from(number: int) -> int:
    while any(number % divisor == 0 for divisor in range(2, int(number**0.5) + 1)):
        number += 1
    return number
