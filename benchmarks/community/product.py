"""The product as a community meets it: its tables, its lists, its feedback and its training, on a scratch database.

One process sees one database: call ``set_up`` before anything else, and once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django

from benchmarks.community.world import KEYWORDS_A_MOOD, N_GENRES, N_MOODS, Clicks, Films

LIST_LENGTH = 10
DAYS_BEFORE = 60  # when the first history began


def set_up(folder: Path) -> None:
    """Django on a database, and artifacts, in this folder, which may be there from another process."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
        "DATABASE_URL": f"sqlite:///{folder / 'marquee.sqlite3'}",
        "ARTIFACT_ROOT": str(folder / "artifacts"),
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "TMDB_READ_TOKEN": "",
        "LOG_LEVEL": "ERROR",
    }
    django.setup()


def found(films: Films, history: Sequence[Sequence[Clicks]]) -> None:
    """Make the tables, with the films, the viewers, and what they did so far."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _films_make(films)
    _viewers_make(len(history))
    _history_make(history)


def learn(names: Sequence[str]) -> str:
    """Train these engines on all there is; the new model's status, by the gate that every model passes."""
    from apps.recommendations.training import train

    return str(train(names=names).version.status)


def let_through() -> None:
    """The newest model answers, whatever the gate said."""
    from apps.recommendations.models import ModelVersion
    from apps.recommendations.promotion import model_activate

    model_activate(ModelVersion.objects.latest("trained_at"))


@dataclass(frozen=True)
class Shown:
    """A list: its id, the engine that made it, and its films, best first."""

    list_id: UUID
    served: str
    films: list[int]


class Product:
    """Films and viewers are spoken of by position; a film's TMDb id is its position and one.

    ``wish``: what every viewer asks for.
    """

    def __init__(self, wish: Mapping[str, Any]) -> None:
        from apps.authentication.models import User
        from apps.recommendations.answers import Cut, Wish

        self._users = list(User.objects.order_by("pk"))
        self._wish, self._cut = Wish(**wish), Cut(per_page=LIST_LENGTH)

    def show(self, user: int) -> Shown:
        from apps.recommendations.services import recommend_for

        answer = recommend_for(self._users[user], self._wish, self._cut)
        films = [item.movie["tmdb_id"] - 1 for item in answer.items]
        return Shown(answer.provenance.recommendation_id, answer.provenance.served, films)

    def hear(self, user: int, shown: Shown, clicks: Clicks) -> None:
        """What a client tells of a list. Of what was liked it need not tell that it was watched."""
        from apps.recommendations.feedback import feedback_give
        from apps.recommendations.models import Feedback

        kinds = Feedback.Kind
        told = [(film, kinds.OPENED) for film in clicks.opened]
        told += [(film, kinds.LIKED if film in clicks.liked else kinds.WATCHED) for film in clicks.opened]
        told += [(film, kinds.DISMISSED) for film in clicks.dismissed]
        for film, kind in told:
            feedback_give(user=self._users[user], list_id=shown.list_id, tmdb_id=film + 1, kind=kind)


def _films_make(films: Films) -> None:
    from apps.movies.models import Genre, Keyword, Movie, Source

    genres = Genre.objects.bulk_create(Genre(tmdb_id=number + 1, name=f"Genre {number}") for number in range(N_GENRES))
    words = range(N_MOODS * KEYWORDS_A_MOOD)
    keywords = Keyword.objects.bulk_create(Keyword(tmdb_id=number + 1, name=f"keyword {number}") for number in words)
    rows = [
        Movie(tmdb_id=position + 1, title=f"Film {position}", popularity=1000 * fame, source=Source.DEMO, language="en")
        for position, fame in enumerate(films.fame.tolist())
    ]
    for row in rows:
        row.set_search_text()
    movies = Movie.objects.bulk_create(rows)
    in_genre, has_keyword = Movie.genres.through, Movie.keywords.through
    in_genre.objects.bulk_create(
        in_genre(movie=movie, genre=genres[number])
        for movie, numbers in zip(movies, films.genres, strict=True)
        for number in numbers
    )
    has_keyword.objects.bulk_create(
        has_keyword(movie=movie, keyword=keywords[number])
        for movie, numbers in zip(movies, films.keywords, strict=True)
        for number in numbers
    )


def _viewers_make(count: int) -> None:
    from apps.authentication.models import User

    for number in range(count):
        user = User(kind=User.Kind.SIMULATED, alias=f"community:{number}", is_active=False)
        user.set_unusable_password()
        user.save()


def _history_make(history: Sequence[Sequence[Clicks]]) -> None:
    """What viewers kept of their own accord: a few films every few days, up to today."""
    from django.utils import timezone

    from apps.authentication.models import User
    from apps.favorites.models import Entry, Favorite, HiddenMovie, ViewingHistory
    from apps.movies.models import Movie

    pks = dict(Movie.objects.values_list("tmdb_id", "pk"))
    now = timezone.now()
    viewings: list[ViewingHistory] = []
    entries: dict[type[Entry], list[Entry]] = {Favorite: [], HiddenMovie: []}
    for user, lists in zip(User.objects.order_by("pk"), history, strict=True):
        for place, clicks in enumerate(lists):
            sat_down = now - timedelta(days=DAYS_BEFORE * (1 - place / len(lists)))
            for minutes, film in enumerate(clicks.opened):
                at = sat_down + timedelta(minutes=minutes)
                viewings.append(ViewingHistory(user=user, movie_id=pks[film + 1], watched_at=at, created_at=at))
                if film in clicks.liked:
                    entries[Favorite].append(Favorite(user=user, movie_id=pks[film + 1], created_at=at, updated_at=at))
            entries[HiddenMovie] += [
                HiddenMovie(user=user, movie_id=pks[film + 1], created_at=sat_down, updated_at=sat_down)
                for film in clicks.dismissed
            ]
    ViewingHistory.objects.bulk_create(viewings)
    for shelf, rows in entries.items():
        shelf.objects.bulk_create(rows)
