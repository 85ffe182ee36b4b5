"""The parts of a film that have paths of their own and that append_to_response adds to its details."""

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.fake_tmdb import words
from tests.fake_tmdb.catalogue import Catalogue
from tests.fake_tmdb.columns import UNKNOWN_DAY
from tests.fake_tmdb.dice import Dice
from tests.fake_tmdb.people import People

Json = dict[str, Any]
Query = dict[str, str]


class Parts:
    """What ``append_to_response`` knows, but for the two lists of other films."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.people = People(catalogue)
        self._makers: dict[str, Callable[[int, Query], Json]] = {
            "credits": lambda tmdb_id, query: self.people.credits(tmdb_id),
            "keywords": self._keywords,
            "videos": self._videos,
            "release_dates": self._release_dates,
            "watch/providers": self._watch_providers,
            "external_ids": self._external_ids,
            "images": self._images,
            "translations": self._translations,
        }

    def __contains__(self, name: str) -> bool:
        return name in self._makers

    def of(self, tmdb_id: int, name: str, query: Query) -> Json:
        """A part as it stands inside the details: without the film's id."""
        edited = self._catalogue.edited(tmdb_id)
        return edited[name] if name in edited else self._makers[name](tmdb_id, query)

    def _dice(self, name: str, tmdb_id: int) -> Dice:
        return Dice(self._catalogue.seed, name, tmdb_id)

    def _keywords(self, tmdb_id: int, query: Query) -> Json:
        dice = self._dice("keywords", tmdb_id)
        n_keywords = 0 if dice.percent(5) else 1 + dice.below(8)
        places = sorted({dice.below(len(words.THEMES)) for _ in range(n_keywords)})
        return {"keywords": [{"id": 500 + place, "name": words.THEMES[place]} for place in places]}

    def _videos(self, tmdb_id: int, query: Query) -> Json:
        dice = self._dice("videos", tmdb_id)
        kinds = [dice.pick(("Trailer", "Teaser", "Clip", "Featurette")) for _ in range(dice.below(4))]
        return {
            "results": [
                {
                    "iso_639_1": "en",
                    "iso_3166_1": "US",
                    "name": f"{self._catalogue.title(tmdb_id)} | {kind}",
                    "key": f"{dice.below(1 << 44):011x}",
                    "site": "YouTube" if dice.percent(90) else "Vimeo",
                    "size": 1080,
                    "type": kind,
                    "official": dice.percent(80),
                    "published_at": "2024-03-01T13:03:55.000Z",
                    "id": f"{dice.below(1 << 96):024x}",
                }
                for kind in kinds
            ]
        }

    def _release_dates(self, tmdb_id: int, query: Query) -> Json:
        day = int(self._catalogue.columns.day[tmdb_id - 1])
        if day == UNKNOWN_DAY:
            return {"results": []}
        level = int(self._catalogue.columns.certification[tmdb_id - 1])
        premiere = {"iso_639_1": "", "note": "Festival", "certification": "", "descriptors": [], "type": 1}
        results = []
        for country, marks in words.CERTIFICATIONS.items():
            mark = marks[level] if level >= 0 else ""
            cinema = {"iso_639_1": "", "note": "", "certification": mark, "descriptors": [], "type": 3}
            dates = [premiere | {"release_date": _midnight(day - 30)}, cinema | {"release_date": _midnight(day)}]
            results.append({"iso_3166_1": country, "release_dates": dates})
        return {"results": results}

    def _watch_providers(self, tmdb_id: int, query: Query) -> Json:
        columns, row = self._catalogue.columns, tmdb_id - 1
        offers = [
            {"logo_path": f"/{provider_id:024x}.jpg", "provider_id": provider_id, "provider_name": name}
            | {"display_priority": place}
            for place, (provider_id, name) in enumerate(words.PROVIDERS.items())
            if int(columns.providers[row]) >> place & 1
        ]
        link = f"https://films.example/{tmdb_id}/watch?locale="
        return {
            "results": {
                country: {"link": link + country, "flatrate": offers}
                for place, country in enumerate(words.COUNTRIES)
                if offers and int(columns.regions[row]) >> place & 1
            }
        }

    def _external_ids(self, tmdb_id: int, query: Query) -> Json:
        dice = self._dice("external_ids", tmdb_id)
        return {
            "imdb_id": self._catalogue.imdb_id(tmdb_id),
            "wikidata_id": None if dice.percent(30) else f"Q{9_000_000 + tmdb_id}",
            "facebook_id": None,
            "instagram_id": None,
            "twitter_id": None,
        }

    def _images(self, tmdb_id: int, query: Query) -> Json:
        """All languages, or those asked for; with ``language`` alone only its own, which is next to nothing."""
        dice = self._dice("images", tmdb_id)
        wanted = _image_languages(query)
        images: Json = {"backdrops": [], "logos": [], "posters": []}
        for kind, ratio, width in (("backdrops", 1.778, 1920), ("logos", 5.2, 400), ("posters", 0.667, 600)):
            for language in ("en", None, "xx", "de"):
                image = {"aspect_ratio": ratio, "height": round(width / ratio), "iso_639_1": language}
                image |= {"file_path": dice.picture("png" if kind == "logos" else "jpg"), "width": width}
                image |= {"vote_average": dice.below(10_000) / 1000, "vote_count": dice.below(30)}
                if wanted is None or (language or "null") in wanted:
                    images[kind].append(image)
        return images

    def _translations(self, tmdb_id: int, query: Query) -> Json:
        film = self._catalogue.item(tmdb_id)
        data = {"homepage": "", "overview": film["overview"], "runtime": 0, "tagline": "", "title": film["title"]}
        english = {"iso_3166_1": "US", "iso_639_1": "en", "name": "English", "english_name": "English", "data": data}
        german = {"iso_3166_1": "DE", "iso_639_1": "de", "name": "Deutsch", "english_name": "German"}
        german_data = data | translated(self._catalogue, film, "de", fields=("title", "overview"))
        return {"translations": [english, german | {"data": german_data}]}


def translated(catalogue: Catalogue, film: Json, language: str, fields: tuple[str, ...]) -> Json:
    """Texts of a film in another language: no fallback, so a third are empty, and their title is the original one."""
    if Dice(catalogue.seed, "translation", language, film["id"]).percent(35):
        texts = {"title": film["original_title"], "overview": "", "tagline": ""}
    else:
        texts = {name: film[name] and f"{film[name]} [{language}]" for name in fields}
        if film["original_language"] == language:
            texts["title"] = film["original_title"]
    return {name: texts[name] for name in fields}


def _image_languages(query: Query) -> set[str] | None:
    if "include_image_language" in query:
        return set(query["include_image_language"].split(","))
    return {query["language"].partition("-")[0]} if "language" in query else None


def _midnight(day: int) -> str:
    return f"{date.fromordinal(day).isoformat()}T00:00:00.000Z"
