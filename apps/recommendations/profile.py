"""One caller, as the engines see them: read from the tables at the moment of asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from django.contrib.auth.models import AnonymousUser
from scipy.sparse import csr_matrix

from apps.authentication.models import User
from apps.favorites.events import Event, EventKind, library_events
from apps.favorites.models import WATCHED_FROM
from apps.movies.querysets import MovieFilter
from apps.preferences.models import UserPreference
from apps.recommendations.catalogue import UNKNOWN, Catalogue
from apps.recommendations.engines.contract import Profiles
from apps.recommendations.signals import as_cells, signals_of

SHELVES_NOT_SHOWN_AGAIN = {EventKind.FAVORITE, EventKind.RATING, EventKind.HIDDEN}


@dataclass(frozen=True)
class Caller:
    """What somebody did and said; an anonymous caller did and said nothing."""

    events: tuple[Event, ...] = ()
    liked_genres: tuple[int, ...] = ()
    limits: MovieFilter = field(default_factory=MovieFilter)

    @classmethod
    def of(cls, user: User | AnonymousUser) -> Self:
        """In four queries."""
        if not isinstance(user, User):
            return cls()
        told = UserPreference.objects.of(user)
        liked = tuple(genre.tmdb_id for genre in told.liked_genres.all())
        return cls(tuple(library_events(user_id=user.pk)), liked, told.limits)

    def profiles(self, catalogue: Catalogue) -> Profiles:
        """The one profile, by position; films that came later than the training are left out."""
        signals = signals_of(self.events)
        places = catalogue.positions(np.array([movie_id for _, movie_id in signals], dtype=np.int64))
        confidence, moments, ratings = as_cells(signals.values())
        order = np.argsort(places)
        order = order[places[order] != UNKNOWN]
        cells = confidence[order], places[order], [0, len(order)]
        return Profiles(
            interactions=csr_matrix(cells, shape=(1, len(catalogue.item_ids)), dtype=np.float32),
            timestamps=moments[order],
            ratings=ratings[order],
            genres=catalogue.genre_row(list(self.liked_genres)),
        )

    def done_with(self, *, include_watched: bool, include_watchlisted: bool) -> set[int]:
        """The films that are not to be shown again, by primary key."""
        kinds = SHELVES_NOT_SHOWN_AGAIN | (set() if include_watchlisted else {EventKind.WATCHLIST})
        done = {event.movie_id for event in self.events if event.kind in kinds}
        if not include_watched:
            done |= {e.movie_id for e in self.events if e.kind == EventKind.VIEWING and e.value >= WATCHED_FROM}
        return done
