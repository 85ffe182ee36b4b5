"""What people do with the films that a list showed them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.authentication.models import User
from apps.favorites.models import WATCHED_FROM, Favorite, HiddenMovie, LibraryState, ViewingHistory
from apps.favorites.services import entry_set, viewing_add
from apps.movies.models import Movie
from apps.recommendations.lists import list_found, lists_write
from apps.recommendations.models import Feedback
from utils.exceptions import ApplicationError


class NotShown(ApplicationError):
    status = 404
    code = "not_found"
    message = "This list has not shown that film."


def feedback_give(*, user: User | None, list_id: UUID, tmdb_id: int, kind: Feedback.Kind) -> tuple[Feedback, bool]:
    """Keep what was done, and whether it is new; twice is the same as once.

    What the library has a shelf for goes there, too: a liked film is a favorite, a dismissed one is hidden, a watched
    one is in the history. Without an account there is no library. Raises ListGone and NotShown.
    """
    made = list_found(list_id, owner=user.pk if user else None)
    movie = Movie.objects.filter(tmdb_id=tmdb_id).first()
    shown = made.movies[: made.shown]
    if movie is None or movie.pk not in shown:
        raise NotShown
    with transaction.atomic():
        if user:
            LibraryState.objects.lock(
                user
            )  # before the list's row: whoever erases the account holds them in this order
        lists_write([made])
        if user:
            _shelve(user, movie, kind)
        values = {"user": user, "rank": shown.index(movie.pk) + 1}
        return Feedback.objects.get_or_create(list_id=made.pk, movie=movie, kind=kind, defaults=values)


def _shelve(user: User, movie: Movie, kind: Feedback.Kind) -> None:
    if kind == Feedback.Kind.LIKED:
        entry_set(Favorite, user=user, tmdb_id=movie.tmdb_id)
    elif kind == Feedback.Kind.DISMISSED:
        entry_set(HiddenMovie, user=user, tmdb_id=movie.tmdb_id)
    elif kind == Feedback.Kind.WATCHED:
        watched = ViewingHistory.objects.of(user).filter(movie=movie, progress__gte=WATCHED_FROM)
        if not watched.exists():
            viewing_add(user=user, tmdb_id=movie.tmdb_id)
