"""Recommendations for somebody without an account, and what becomes of them once there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

from django.db import transaction

from apps.authentication.models import User
from apps.favorites.bulk import Outcome, Told, entries_change
from apps.favorites.changes import TICK
from apps.favorites.models import Favorite
from apps.movies.models import Movie
from apps.movies.services import movies_for_tmdb_ids
from apps.recommendations.answers import Cut, Recommendations, Wish
from apps.recommendations.choosing import list_of
from apps.recommendations.lists import ListGone, list_found, lists_flush, lists_kept, lists_lose
from apps.recommendations.models import Feedback, RecommendationList, Scenario
from apps.recommendations.profile import Caller
from apps.recommendations.services import NEW, model_of, name_of, page_shown


@dataclass(frozen=True)
class SessionPage:
    """unknown: how many of the films picked are not in the catalogue."""

    page: Recommendations
    session_id: UUID
    unknown: int


@dataclass(frozen=True)
class Merged:
    """What became of the films of a session, by TMDb id; of those ``unavailable`` TMDb could not be asked."""

    added: list[int]
    existing: list[int]
    not_found: list[int]
    unavailable: list[int]


def recommend_in_session(
    tmdb_ids: Sequence[int], wish: Wish, cut: Cut = NEW, *, session_id: UUID | None = None
) -> SessionPage:
    """A page of what to watch next for who picked these films, in this order. Nobody is known, and nothing is kept of
    them but lists under the session's id. Raises ListGone for a list of another session, or of one that was merged.
    """
    session = session_id if session_id and not _is_merged(session_id) else uuid4()
    pks = dict(Movie.objects.filter(tmdb_id__in=tmdb_ids).values_list("tmdb_id", "pk"))
    picked = [pks[tmdb_id] for tmdb_id in tmdb_ids if tmdb_id in pks]
    caller = Caller.in_session(picked)
    model = model_of(caller)
    question = f"session:{session}:{name_of(model)}:{picked}:{wish}"
    if cut.list_id:
        made, question = _list_of_session(cut.list_id, session), ""
    elif kept := lists_kept(None, question):
        made, question = kept[0], ""
    else:
        made = list_of(model, caller, wish, scenario=Scenario.SESSION)
        made.session = session
    page = page_shown(made, cut, model, caller, question=question)
    return SessionPage(page, session, len(tmdb_ids) - len(picked))


def session_merge(*, user: User, tmdb_ids: Sequence[int], session_id: UUID | None = None) -> Merged:
    """What was picked without an account becomes favorites, the first the oldest; the session's lists and the feedback
    on them become the user's, and the session is over. Twice is the same as once.
    """
    films = movies_for_tmdb_ids(tmdb_ids)  # network, before the transaction
    lists_flush()
    with transaction.atomic():
        told = favorites_add_in_order(user=user, tmdb_ids=[tmdb_id for tmdb_id in tmdb_ids if tmdb_id in films.known])
        if session_id:
            lists = RecommendationList.objects.filter(session=session_id, user=None)
            transaction.on_commit(partial(lists_lose, list(lists.values_list("pk", flat=True))))
            Feedback.objects.filter(list__session=session_id, user=None).update(user=user)
            lists.update(user=user)
    missing = [tmdb_id for tmdb_id in tmdb_ids if tmdb_id not in films.known]
    return Merged(
        added=[row.tmdb_id for row in told if row.tmdb_id and row.outcome == Outcome.ADDED],
        existing=[row.tmdb_id for row in told if row.tmdb_id and row.outcome == Outcome.EXISTING],
        not_found=[tmdb_id for tmdb_id in missing if tmdb_id not in films.unasked],
        unavailable=[tmdb_id for tmdb_id in missing if tmdb_id in films.unasked],
    )


def favorites_add_in_order(*, user: User, tmdb_ids: Sequence[int], remove: Sequence[int] = ()) -> list[Told]:
    """Make films that are here favorites, each a moment younger than the one before it: some engines read the order."""
    with transaction.atomic():
        told = entries_change(Favorite, user=user, add={tmdb_id: {} for tmdb_id in tmdb_ids}, remove=remove)
        added = [row.tmdb_id for row in told if row.outcome == Outcome.ADDED]
        rows = Favorite.objects.of(user).filter(movie__tmdb_id__in=added).select_related("movie")
        entries = {entry.movie.tmdb_id: entry for entry in rows}
        for place, tmdb_id in enumerate(reversed(added)):
            entries[tmdb_id].created_at -= place * TICK
        Favorite.objects.bulk_update(entries.values(), ["created_at"])
    return told


def _is_merged(session_id: UUID) -> bool:
    """Whether its lists belong to an account; what the cache still has of them is nobody's to see any more."""
    return RecommendationList.objects.filter(session=session_id, user__isnull=False).exists()


def _list_of_session(list_id: UUID, session: UUID) -> RecommendationList:
    made = list_found(list_id, owner=None)
    if made.session != session:
        raise ListGone
    return made
