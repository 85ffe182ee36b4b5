from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.utils import timezone

from utils.text import email_key

if TYPE_CHECKING:
    from apps.authentication.models import EmailLink, SecurityEvent, Session, User


def password_text(password: str) -> str:
    """The form in which passwords are hashed: keyboards write one and the same character in several ways."""
    return unicodedata.normalize("NFKC", password)


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

    def by_email(self, email: str) -> User | None:
        """Whoever may log in with this address, in any spelling."""
        return self.filter(email_key=email_key(email), is_active=True).first()

    def is_taken(self, email: str, *, by_other_than: User) -> bool:
        return self.filter(email_key=email_key(email)).exclude(pk=by_other_than.pk).exists()

    def locked(self, pk: int) -> User | None:
        """The account as it is now, and so it stays until the transaction ends; None where it is gone."""
        return self.select_for_update(no_key=True).filter(pk=pk).first()

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


class _Exported:
    def for_export(self: Any, *fields: str) -> Iterator[dict[str, Any]]:
        """Plain rows, read in one query, a part at a time."""
        yield from self.order_by("created_at", "pk").values(*fields).iterator()


class SessionQuerySet(_Exported, models.QuerySet["Session"]):
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

    def revoke(self) -> int:
        return self.filter(revoked_at=None).update(revoked_at=timezone.now())

    def ended(self) -> Self:
        return self.filter(expires_at__lt=timezone.now())


class EmailLinkQuerySet(_Exported, models.QuerySet["EmailLink"]):
    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def put(self, *, user: User, purpose: str, digest: str, email: str, expires_at: datetime) -> None:
        """This link in place of the last one of its purpose."""
        now = timezone.now()
        link = self.model(user=user, purpose=purpose, digest=digest, email=email, created_at=now, expires_at=expires_at)
        self.bulk_create(
            [link],
            update_conflicts=True,
            unique_fields=["user", "purpose"],
            update_fields=["digest", "email", "created_at", "expires_at"],
        )

    def usable(self, digest: str, purposes: tuple[str, ...]) -> Self:
        return self.filter(digest=digest, purpose__in=purposes, expires_at__gt=timezone.now())

    def ended(self) -> Self:
        return self.filter(expires_at__lt=timezone.now())


class SecurityEventQuerySet(_Exported, models.QuerySet["SecurityEvent"]):
    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def older_than(self, days: int) -> Self:
        return self.filter(created_at__lt=timezone.now() - timedelta(days=days))
