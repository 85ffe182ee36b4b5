"""The lists that pages are cut from: kept for two hours where all processes find them, and for 90 days as rows.

A list is a ``RecommendationList``, which is also the log of what was shown. It is written after the answer has gone
out; until then, and as long as the cache has it, it is read from there. Every key of the cache begins with whose it
is, so that all that is kept of somebody can be forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.utils import timezone

from apps.authentication.models import User
from apps.recommendations.models import RecommendationList
from utils import shared
from utils.exceptions import ApplicationError
from utils.memory import Memory
from utils.write_behind import WriteBehind

KEPT_DAYS = 90
WHOLE_DAYS = 1  # after that a list is trimmed to what was shown of it
FIELDS = [field.attname for field in RecommendationList._meta.concrete_fields]

_local: Memory[bytes] = Memory(64 * 1024 * 1024, weigh=len)  # bytes; where there is no Redis


class ListGone(ApplicationError):
    status = 404
    code = "not_found"
    message = "There is no such list of yours any more: ask for a new one, without recommendation_id."


def lists_kept(owner: int | None, question: str) -> list[RecommendationList]:
    """The lists that answered this question of this owner; none where it is new, or two hours old."""
    ids = orjson.loads(_read(_key(owner, _digest(question))) or b"[]")
    found = [_of_bytes(kept) for each in ids if (kept := _read(_key(owner, each)))]
    return found if len(found) == len(ids) else []


def lists_keep(lists: Sequence[RecommendationList], question: str = "") -> None:
    """Where the next request, of whatever process, finds them; the rows follow in a moment."""
    kept = {_key(each.user_id, each.pk): orjson.dumps({name: getattr(each, name) for name in FIELDS}) for each in lists}
    if question and lists:
        kept[_key(lists[0].user_id, _digest(question))] = orjson.dumps([each.pk for each in lists])
    _put_all(kept)
    for each in lists:
        _behind.put(str(each.pk), each)


def list_found(list_id: UUID, *, owner: int | None) -> RecommendationList:
    """A list of this owner's, None for one of nobody's; raises ListGone for any other."""
    waiting = _behind.get(str(list_id))
    if waiting is not None and waiting.user_id == owner:
        return waiting
    if kept := _read(_key(owner, list_id)):
        return _of_bytes(kept)
    row = RecommendationList.objects.filter(pk=list_id, user=owner).first()
    if row is None or not row.told:  # trimmed
        raise ListGone
    return row


def lists_flush() -> None:
    """Write what waits in this process: before rows are counted, or pointed at."""
    _behind.flush()


def lists_forget(owner: int) -> None:
    """All that is kept of somebody outside of the tables; what other processes still have to write finds no user."""
    _behind.forget(lambda each: each.user_id == owner)
    if settings.REDIS_URL:
        shared.forget(_key(owner, "*"))
    else:
        _local.clear()


def lists_lose(list_ids: Iterable[UUID]) -> None:
    """Nobody's lists that are somebody's now: the cache has them under the wrong name."""
    keys = [_key(None, list_id) for list_id in list_ids]
    shared.drop(keys)
    for key in keys:
        _local.pop(key)


def forget_all() -> None:
    """What this process keeps; a test begins so."""
    _behind.forget()
    _local.clear()


def lists_trim(now: datetime | None = None) -> int:
    """Forget rows that are too old, and of older ones all that was never shown; how many went."""
    now = now or timezone.now()
    gone, _ = RecommendationList.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS)).delete()
    whole = RecommendationList.objects.filter(created_at__lt=now - timedelta(days=WHOLE_DAYS)).exclude(scores=[])
    for each in whole.iterator(chunk_size=500):
        each.movies, each.scores, each.told = each.movies[: each.shown], [], {}
        each.save(update_fields=["movies", "scores", "told"])
    return gone


def lists_write(lists: Sequence[RecommendationList]) -> None:
    """One statement for all; the lists of accounts that went meanwhile are dropped, here or when it is tried again."""
    owners = {each.user_id for each in lists if each.user_id}
    there = set(User.objects.filter(pk__in=owners).values_list("pk", flat=True)) | {None}
    RecommendationList.objects.bulk_create(
        [each for each in lists if each.user_id in there],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["movies", "scores", "shown"],
    )


_behind: WriteBehind[RecommendationList] = WriteBehind(lists_write)


def _key(owner: int | None, name: object) -> str:
    return f"{settings.CACHE_PREFIX}:recommendations:{owner or '-'}:{name}"


def _digest(question: str) -> str:
    return blake2b(question.encode(), digest_size=16).hexdigest()


def _put_all(bodies: Mapping[str, bytes]) -> None:
    seconds = settings.CACHE_TTL["recommendations"]
    if settings.REDIS_URL and seconds > 0:
        shared.put_all(bodies, seconds=seconds)
    for key, body in () if settings.REDIS_URL else bodies.items():
        _local.put(key, body, until=time.time() + seconds)


def _read(key: str) -> bytes | None:
    return shared.get(key) if settings.REDIS_URL else _local.get(key)


def _of_bytes(body: bytes) -> RecommendationList:
    told: dict[str, Any] = orjson.loads(body)
    told |= {"id": UUID(told["id"]), "created_at": datetime.fromisoformat(told["created_at"])}
    told["session"] = UUID(told["session"]) if told["session"] else None
    return RecommendationList(**told)
