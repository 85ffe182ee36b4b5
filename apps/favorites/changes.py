"""How a library changes: one write after the other, each with a version and a time of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.models import Entry, LibraryState, Part, ViewingHistory

TICK = timedelta(microseconds=1)


@dataclass
class Change:
    """A write that is being made. Whoever finds that it changes something sets ``made``."""

    version: int
    at: datetime
    made: bool = False

    def stamp(self, row: Entry | ViewingHistory) -> None:
        """This write changes the row."""
        self.made = True
        row.version, row.updated_at = self.version, self.at

    @property
    def version_now(self) -> int:
        """The library's, once this write is through."""
        return self.version if self.made else self.version - 1


@contextmanager
def library_change(user: User, part: Part) -> Iterator[Change]:
    """A transaction under the library's lock, which bumps the version where the write made a change.

    Times rise with versions even where a clock does not, so that whoever asks for all since a change misses none after
    it. Raises AccountGone.
    """
    with transaction.atomic():
        state = LibraryState.objects.lock(user)
        now = timezone.now()
        change = Change(state.version + 1, max(now, state.changed_at + TICK) if state.changed_at else now)
        yield change
        if change.made:
            moved = {"version": change.version, "changed_at": change.at, f"{part.value}_at": change.at}
            LibraryState.objects.filter(user=user).update(**moved)
