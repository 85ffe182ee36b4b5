"""Is every write that was acknowledged in the database?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from apps.authentication.models import User
from apps.favorites.models import Favorite, Rating, ViewingHistory
from apps.recommendations.models import Feedback
from benchmarks.http.generator import Wrote

Written = tuple[str, ...]


def lost(wrote: Iterable[Wrote], accounts: int) -> list[str]:
    """Acknowledged writes that are not there. A later write of the same client that nobody answered excuses an earlier
    one: it may have been done."""
    users = list(User.objects.filter(kind=User.Kind.PERSON, email_key__startswith="caller").order_by("pk"))[:accounts]
    owners = {number: user.pk for number, user in enumerate(users)}
    last: dict[tuple[int, Written], Wrote] = {}
    for one in wrote:
        what, *rest = one.writes
        last[one.client % accounts, (what, rest[0]) if what in ("favorite", "rating") else one.writes] = one
    there = _there(owners)
    return [
        f"account {client}: {' '.join(one.writes)}"
        for (client, _), one in last.items()
        if one.done and not _is_there(client, one.writes, there)
    ]


def _is_there(client: int, writes: Written, there: Mapping[str, Any]) -> bool:
    what, key, *rest = writes
    if what == "favorite":
        return ((client, int(key)) in there[what]) == (rest[0] == "there")
    if what == "rating":
        return bool(there[what].get((client, int(key))) == float(rest[0]))
    if what == "viewing":
        return (client, key) in there[what]
    return (uuid.UUID(key), int(rest[0])) in there[what]


def _there(owners: Mapping[int, int]) -> dict[str, Any]:
    clients = {pk: number for number, pk in owners.items()}
    films = "movie__tmdb_id"
    favorites: Iterable[Any] = Favorite.objects.filter(user__in=clients).values_list("user_id", films)
    ratings: Iterable[Any] = Rating.objects.filter(user__in=clients).values_list("user_id", films, "value")
    viewings: Iterable[Any] = ViewingHistory.objects.filter(user__in=clients).values_list("user_id", "client_id")
    return {
        "favorite": {(clients[user], film) for user, film in favorites},
        "rating": {(clients[user], film): float(value) for user, film, value in ratings},
        "viewing": {(clients[user], name) for user, name in viewings},
        "feedback": set(Feedback.objects.filter(user__in=clients).values_list("list_id", films)),
    }
