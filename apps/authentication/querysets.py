from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from apps.authentication.models import Session, User


def email_key(email: str) -> str:
    """The form in which addresses are compared: all spellings of one address share it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold())


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email_key=email_key(email or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=unicodedata.normalize("NFKC", email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, is_email_verified=True, **fields)

    def is_last_superuser(self, user: User) -> bool:
        """To be asked in a transaction: superusers stay until it ends, so of two who leave the second hears yes."""
        if not user.is_superuser:
            return False
        # no_key: rows that point at a superuser may be written meanwhile, else the two could wait for one another.
        superusers = self.select_for_update(no_key=True).filter(is_superuser=True, is_active=True).order_by("pk")
        return list(superusers.values_list("pk", flat=True)) == [user.pk]

    def count_by_kind(self, pks: list[int]) -> dict[str, int]:
        """How many of these users are of each kind, every kind named."""
        counts = dict.fromkeys(self.model.Kind.values, 0)
        for kind, count in self.filter(pk__in=pks).values_list("kind").annotate(models.Count("pk")):
            counts[kind] = count
        return counts


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())

    def for_request(self, sid: UUID) -> Self:
        """The session of an access token with its user, in one query."""
        return self.open().filter(pk=sid, user__is_active=True).select_related("user")

    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def for_list(self, current: UUID) -> Self:
        """Those still open, the last used first; ``current`` says which of them is asking."""
        asking = models.ExpressionWrapper(models.Q(pk=current), models.BooleanField())
        return self.open().annotate(current=asking).order_by("-last_used_at", "-created_at", "pk")

    def for_export(self, *fields: str) -> Iterator[dict[str, Any]]:
        """Plain rows, read in one query, a part at a time."""
        yield from self.order_by("created_at", "pk").values(*fields).iterator()

    def revoke(self) -> int:
        return self.filter(revoked_at=None).update(revoked_at=timezone.now())

    def ended(self) -> Self:
        return self.filter(expires_at__lt=timezone.now())
