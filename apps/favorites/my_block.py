"""The library's fields of the catalogue's ``my`` block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework import serializers

from apps.favorites.events import Event, EventKind, events_on
from apps.favorites.models import WATCHED_FROM
from apps.movies import overlays

FIELDS: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "favorite": serializers.BooleanField(),
    "rating": serializers.FloatField(allow_null=True, help_text="0.5 to 10, or null."),
    "watchlist": serializers.BooleanField(),
    "watched": serializers.BooleanField(help_text="To the end, at least once."),
    "watched_at": serializers.DateTimeField(
        allow_null=True, help_text="The last viewing whose date is known, or null."
    ),
    "hidden": serializers.BooleanField(),
}


def register_my_block() -> None:
    overlays.register(FIELDS, read_my_blocks)


def read_my_blocks(user_id: int, movie_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The block of each film, in one query."""
    return my_blocks(events_on(user_id, movie_ids), movie_ids)


def my_blocks(events: Iterable[Event], movie_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The same from one user's events, for who has read them; those on other films, and of no shelf, are let be."""
    blocks: dict[int, dict[str, Any]] = {
        movie_id: {
            "favorite": False,
            "rating": None,
            "watchlist": False,
            "watched": False,
            "watched_at": None,
            "hidden": False,
        }
        for movie_id in movie_ids
    }
    for event in events:
        if event.movie_id in blocks:
            _mark(blocks[event.movie_id], event)
    return blocks


def _mark(block: dict[str, Any], event: Event) -> None:
    match event.kind:
        case EventKind.RATING:
            block["rating"] = event.value
        case EventKind.VIEWING:
            if event.value >= WATCHED_FROM:
                block["watched"] = True
                if event.dated:
                    block["watched_at"] = max(event.at, block["watched_at"] or event.at)
        case EventKind.FAVORITE | EventKind.WATCHLIST | EventKind.HIDDEN:
            block[event.kind.value] = True
