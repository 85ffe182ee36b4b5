"""Whom a session belongs to, remembered in Redis: a signed-in request costs one trip there and no query.

Open sessions are kept, never a list of ended ones, which a flush would empty; of what Redis does not know the database
is asked. Whoever ends a session or changes its user puts a doubt in its place: for a while every process asks the
database and keeps nothing, so that what one read just before cannot come to lie there after. Should Redis not take the
doubt, what it has is believed for SESSION_CACHE_SECONDS at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from apps.authentication.models import User
from utils import shared
from utils.rendering import to_json

DOUBT = 10  # seconds: longer than anybody needs from reading a session to keeping it
NOTHING_SURE = b"?"

# What is not here is read from the database when it is asked for; a password's hash never leaves there.
KEPT = [field for field in User._meta.concrete_fields if field.attname not in {"password", "last_login"}]


def recall(sid: UUID) -> User | None:
    kept = shared.get(_key(sid)) if settings.SESSION_CACHE_SECONDS else None
    if kept is None or kept == NOTHING_SURE:
        return None
    values = orjson.loads(kept)
    if set(values) != {field.attname for field in KEPT}:  # of a release before or after ours
        return None
    user: User = User.from_db(None, [field.attname for field in KEPT], [f.to_python(values[f.attname]) for f in KEPT])
    return user


def remember(sid: UUID, user: User) -> None:
    values = to_json({field.attname: field.value_from_object(user) for field in KEPT})
    shared.put(_key(sid), values, seconds=settings.SESSION_CACHE_SECONDS, replace=False)


def doubt(sids: Iterable[UUID]) -> None:
    """Once the transaction is committed, before anybody is told that it is."""
    doubts = {_key(sid): NOTHING_SURE for sid in sids}
    transaction.on_commit(lambda: shared.put_all(doubts, seconds=DOUBT))


def _key(sid: UUID) -> str:
    return f"marquee:session:{sid}"  # whatever the release: of two that run at once each hears the other's doubts
