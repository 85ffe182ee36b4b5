from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

from apps.authentication.services import AccountGone
from apps.movies.models import Movie

if TYPE_CHECKING:
    from apps.authentication.models import User
    from apps.favorites.models import LibraryState


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a user and speak of a film."""

    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def for_list(self) -> Self:
        """Newest first, with all that the film's card shows, in two queries whatever the page size."""
        return self.prefetch_related(models.Prefetch("movie", Movie.objects.for_cards())).order_by("-created_at", "-id")


class LibraryStateQuerySet(models.QuerySet["LibraryState"]):
    def lock(self, user: User) -> LibraryState:
        """The user's state, held until the transaction ends: writes to one library follow one another.

        Raises AccountGone where the account was deleted meanwhile.
        """
        state = self.select_for_update().filter(user=user).first()
        if state is None:
            # Not its key: whoever holds the state writes rows that point at the user, and we would wait for each other.
            if not type(user).objects.select_for_update(no_key=True).filter(pk=user.pk).first():
                raise AccountGone
            self.bulk_create([self.model(user=user)], ignore_conflicts=True)
            state = self.select_for_update().get(user=user)
        return state

    def bump(self, user: User) -> None:
        """Say that the library changed; to be called under ``lock``."""
        self.filter(user=user).update(version=models.F("version") + 1)
