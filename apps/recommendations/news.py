"""What came to the tables since a training: films at the end of its catalogue, and what users did."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np
from scipy.sparse import csr_matrix

from apps.favorites.events import Event, EventKind, library_events
from apps.movies.models import Movie
from apps.recommendations.catalogue import TOLD_OF_EACH_FILM, UNKNOWN, Catalogue, incidence
from apps.recommendations.engines.contract import Dataset, IntArray, Profiles
from apps.recommendations.models import Feedback
from apps.recommendations.signals import as_cells, signals_of
from apps.recommendations.tags import tags_of_films

logger = logging.getLogger(__name__)

MOST_EVENTS = 50_000  # what is more, as after a large import, is for the next training
MOST_FILMS = 1_000  # likewise
USERS_AT_ONCE = 500  # names of users in one query


@dataclass(frozen=True)
class News:
    """What came since the training.

    catalogue: the training's films, and behind them the newer ones, by themselves in ``newer``.
    films: what is told of the newer ones, by the columns that the training read; nothing of users.
    events: what was told since, of any film of the catalogue.
    """

    catalogue: Catalogue
    newer: Catalogue
    films: Dataset
    events: frozenset[Event]

    @classmethod
    def since(cls, moment: datetime, known: Catalogue) -> News:
        """A film of a lower key than the training's last, or hidden when that read, waits for the next."""
        newer = Catalogue.from_tables(after=int(known.item_ids[-1]), at_most=MOST_FILMS)
        catalogue = known.followed_by(newer)
        return cls(catalogue, newer, _films(known, newer), _known_events(moment, catalogue))

    @property
    def fingerprint(self) -> str:
        """Of all that a layer is made of: equal news, equal fingerprint."""
        films = self.films
        tables = (films.item_genres, films.item_keywords, films.item_directors, films.item_cast)
        told = (
            sorted(self.events),
            *(films.item_titles, films.item_texts),
            *(getattr(self.newer, name).tolist() for name in TOLD_OF_EACH_FILM),
            *((table.shape, table.indptr.tolist(), table.indices.tolist()) for table in tables),
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def __bool__(self) -> bool:
        return bool(self.events or self.films.n_items)

    def changed_users(self) -> tuple[Profiles, Profiles]:
        """Those who did something since: as the training saw them, and as they are now."""
        user_ids = np.unique(np.array([event.user_id for event in self.events], dtype=np.int64))
        now = list(_events_of(user_ids.tolist()))
        then = [event for event in now if event not in self.events]
        return _profiles(then, user_ids, self.catalogue), _profiles(now, user_ids, self.catalogue)


def events(*, user_ids: Collection[int] | None = None, since: datetime | None = None) -> Iterator[Event]:
    """What these users (or all) did, in the library and with lists of recommendations, first told from then on."""
    yield from library_events(user_ids=user_ids, since=since)
    yield from opened_events(user_ids=user_ids, since=since)


def opened_events(*, user_ids: Collection[int] | None = None, since: datetime | None = None) -> Iterator[Event]:
    """The films that people opened from a list, which says a little of what they like."""
    opened = Feedback.objects.filter(kind=Feedback.Kind.OPENED, user__isnull=False)
    if user_ids is not None:
        opened = opened.filter(user_id__in=user_ids)
    if since is not None:
        opened = opened.since(since)
    for user_id, movie_id, at in opened.values_list("user_id", "movie_id", "created_at").iterator():
        yield Event(user_id, movie_id, EventKind.OPENED, 1.0, at)


def _known_events(moment: datetime, catalogue: Catalogue) -> frozenset[Event]:
    told = list(islice(events(since=moment), MOST_EVENTS + 1))
    if len(told) > MOST_EVENTS:
        logger.warning("more than %s events since %s: they wait for the next training", MOST_EVENTS, moment)
        return frozenset()
    known = catalogue.positions(np.array([event.movie_id for event in told], dtype=np.int64)) != UNKNOWN
    return frozenset(event for event, is_known in zip(told, known, strict=True) if is_known)


def _events_of(user_ids: list[int]) -> Iterator[Event]:
    for start in range(0, len(user_ids), USERS_AT_ONCE):
        yield from events(user_ids=user_ids[start : start + USERS_AT_ONCE])


def _profiles(told: Iterable[Event], user_ids: IntArray, catalogue: Catalogue) -> Profiles:
    """These users by row; of what they said of genres nothing, since nothing is counted of it."""
    signals = signals_of(told)
    keys = np.array(list(signals), dtype=np.int64).reshape(-1, 2)
    rows, columns = np.searchsorted(user_ids, keys[:, 0]), catalogue.positions(keys[:, 1])
    confidence, moments, ratings = as_cells(signals.values())
    order = np.lexsort((columns, rows))
    order = order[columns[order] != UNKNOWN]
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows[order], minlength=len(user_ids)))))
    shape = (len(user_ids), len(catalogue.item_ids))
    return Profiles(
        interactions=csr_matrix((confidence[order], columns[order], indptr), shape=shape),
        timestamps=moments[order],
        ratings=ratings[order],
        genres=csr_matrix((len(user_ids), len(catalogue.genre_ids)), dtype=np.float32),
    )


def _films(known: Catalogue, newer: Catalogue) -> Dataset:
    """What is told of the newer films, by the columns of the known ones."""
    ids, last = newer.item_ids, int(known.item_ids[-1])
    rows = Movie.objects.filter(pk__gt=last, pk__lte=ids.max(initial=last)).values_list(
        "pk", "title", "overview", "popularity"
    )
    told = {pk: about for pk, *about in rows}
    titles, texts, popularity = (
        zip(*(told.get(pk, ("", "", 0.0)) for pk in ids.tolist()), strict=True) if len(ids) else ((),) * 3
    )
    tags = tags_of_films(after=last)
    return Dataset(
        profiles=_profiles([], np.array([], dtype=np.int64), newer),
        item_genres=known.followed_by(newer).item_genres[len(known.item_ids) :],
        item_keywords=incidence(ids, known.keyword_ids, *tags.keywords.T),
        item_directors=incidence(ids, known.crew_ids, *tags.crew.T),
        item_cast=incidence(ids, known.lead_ids, *tags.leads.T),
        item_titles=titles,
        item_texts=texts,
        item_years=newer.year,
        item_languages=newer.language.tolist(),
        item_popularity=np.array(popularity, dtype=np.float32),
        item_ids=ids,
    )
