"""What engines say of films to one caller: reasons and predicted ratings."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np

from apps.recommendations import registry
from apps.recommendations.catalogue import UNKNOWN
from apps.recommendations.engines.contract import IntArray, Profiles, Reason
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.models import RecommendationList
from apps.recommendations.profile import Caller
from apps.recommendations.reasons import Names, SpokenReason, films_named, in_words, popular_reason
from apps.recommendations.serving import Model
from apps.recommendations.widened import WidenedFactors

logger = logging.getLogger(__name__)

Card = dict[str, Any]
Cards = Mapping[int, tuple[Card, Any]]  # by primary key, with what was asked of the film besides


class Voice:
    """Films go by primary key. Nothing is known of those that came after the training; before one, nothing at all."""

    def __init__(self, model: Model | None, caller: Caller) -> None:
        self.model, self.caller = model, caller
        self._profiles: dict[tuple[int, ...] | None, Profiles] = {}
        self._genres = {int(genre): place for place, genre in enumerate(model.catalogue.genre_ids)} if model else {}
        self._reasons: dict[tuple[UUID, int], list[Reason]] = {}
        self._stars: dict[int, float] = {}
        self._films: Names = {}

    def named_in(self, made: RecommendationList, films: Sequence[int]) -> set[int]:
        """These films of a list, and those that the reasons for them name."""
        new = [film for film in films if (made.pk, film) not in self._reasons]
        fill = set(made.told["fill"])
        self._think(made, made.algorithm, [film for film in new if film not in fill])
        self._think(made, registry.POPULAR, [film for film in new if film in fill])
        named = films_named(self._reasons[made.pk, film] for film in films)
        return set(films) | {self._film(place) for place in named}

    def reasons(self, made: RecommendationList, film: int, cards: Cards) -> list[SpokenReason]:
        """Why the film is on the list, in words; every film that is named has its card here."""
        if self.model is None:
            return [popular_reason(cards[film][0]["popularity"])]
        genres = cards[film][0]["genres"]
        named = {self._genres[told["id"]]: (told["id"], told["name"]) for told in genres if told["id"] in self._genres}
        return in_words(self._reasons[made.pk, film], self._names(cards), named)

    def _names(self, cards: Cards) -> Names:
        """Of the films that all reasons name."""
        if not self._films:
            places = films_named(self._reasons.values())
            named = {place: cards[pk][0] for place in places if (pk := self._film(place)) in cards}
            self._films = {place: (card["tmdb_id"], card["title"]) for place, card in named.items()}
        return self._films

    def predicted_rating(self, film: int) -> float | None:
        """0.5 to 10, whichever engine chose the film; None where nothing tells."""
        return self._stars.get(film)

    def _think(self, made: RecommendationList, engine: str, films: Sequence[int]) -> None:
        self._reasons |= {(made.pk, film): [] for film in films}
        if self.model is None or not films:
            return
        places = self.model.catalogue.positions(np.array(films, dtype=np.int64))
        places = places[places != UNKNOWN]
        try:
            told = self.model.engines[engine].reasons(self._profile(self.model, made.told.get("picked")), places)
        except Exception:  # a film without a reason is better than no film
            logger.exception("engine %s of model %s gave no reasons", engine, self.model.name)
            told = [[] for _ in places]
        self._reasons |= {(made.pk, self._film(place)): why for place, why in zip(places.tolist(), told, strict=True)}
        self._rate(self.model, places)

    def _rate(self, model: Model, places: IntArray) -> None:
        rater = model.engines.get(MatrixFactorization.name)
        if isinstance(rater, MatrixFactorization | WidenedFactors):
            stars = rater.predicted_ratings(self._profile(model, None), places)[0]
            rated = zip(places.tolist(), stars.tolist(), strict=True)
            self._stars |= {self._film(place): round(rating, 1) for place, rating in rated if not np.isnan(rating)}

    def _profile(self, model: Model, picked: Sequence[int] | None) -> Profiles:
        """The caller's, or what of it a list went by."""
        key = None if picked is None else tuple(picked)
        if key not in self._profiles:
            caller = self.caller if key is None else self.caller.only(key)
            self._profiles[key] = caller.profiles(model.catalogue)
        return self._profiles[key]

    def _film(self, place: int) -> int:
        assert self.model is not None  # a place is one of a model's
        return int(self.model.catalogue.item_ids[place])
