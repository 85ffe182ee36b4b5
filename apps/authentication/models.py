from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.authentication.querysets import (
    EmailLinkQuerySet,
    SecurityEventQuerySet,
    SessionQuerySet,
    UserManager,
    password_text,
)
from utils.text import email_key


class User(AbstractBaseUser, PermissionsMixin):
    """A person, or a stand-in whose ratings teach the engines and who can never log in."""

    class Kind(models.TextChoices):
        PERSON = "person"
        PSEUDONYMOUS = "pseudonymous", "pseudonymous (imported ratings)"
        SIMULATED = "simulated", "simulated (demo community)"

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.PERSON, db_index=True)
    email = models.EmailField(unique=True, null=True, blank=True)
    email_key = models.CharField(max_length=254, unique=True, null=True, blank=True, editable=False)  # NFKC, casefold
    alias = models.CharField(max_length=64, unique=True, null=True, blank=True)  # of a stand-in: "movielens:17"
    display_name = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=8, default="en", validators=[RegexValidator(r"^[a-z]{2,3}\Z")])
    region = models.CharField(max_length=2, blank=True, validators=[RegexValidator(r"^[A-Z]{2}\Z")])
    is_email_verified = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_person_has_email_stand_in_has_alias",
                condition=Q(kind="person", email__isnull=False, email_key__isnull=False, alias__isnull=True)
                | (~Q(kind="person") & Q(email__isnull=True, email_key__isnull=True, alias__isnull=False)),
            ),
            models.CheckConstraint(
                name="user_stand_in_cannot_log_in",
                condition=Q(kind="person") | Q(is_active=False, is_staff=False, is_superuser=False),
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.alias or ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email_key = email_key(self.email) if self.email else None
        super().save(*args, **kwargs)

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password and password_text(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        return super().check_password(raw_password and password_text(raw_password))


class Session(models.Model):
    """One signed-in device: the family of refresh tokens that began with one login.

    Only the newest refresh token of a family is good; showing an older one ends the family.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    refresh_jti = models.CharField(max_length=32)
    device = models.CharField(max_length=200, blank=True, help_text="What its User-Agent said last.")
    address = models.CharField(max_length=24, blank=True, help_text="The network it came from last: never one address.")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"session of {self.user_id} since {self.created_at:%Y-%m-%d}"


class EmailLink(models.Model):
    """What makes a link in a mail work: once, until its time, and only the newest of its purpose.

    The link carries 256 random bits, we keep their digest: who reads this table can use no link.
    """

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        CHANGE_EMAIL = "change_email"
        RESET_PASSWORD = "reset_password"  # noqa: S105  # a purpose, no password

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="email_links")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    email = models.EmailField(help_text="Where the link was sent: having used it proves that the mailbox is theirs.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects = EmailLinkQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="email_link_newest_of_its_purpose", fields=["user", "purpose"])]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.user_id}"


class SecurityEvent(models.Model):
    """Something that happened to an account, for its owner and for staff: no secret, no address in full."""

    class Kind(models.TextChoices):
        REGISTERED = "registered"
        SIGNED_IN = "signed_in"
        SIGN_IN_FAILED = "sign_in_failed"
        SIGNED_OUT = "signed_out"
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
        SESSION_ENDED = "session_ended"
        REFRESH_TOKEN_REPLAYED = "refresh_token_replayed"  # noqa: S105  # a kind of event, no token
        WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a kind of event, no password
        PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a kind of event, no password
        PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105  # a kind of event, no password
        PASSWORD_RESET = "password_reset"  # noqa: S105  # a kind of event, no password
        EMAIL_VERIFIED = "email_verified"
        EMAIL_CHANGE_ASKED = "email_change_asked"
        EMAIL_CHANGED = "email_changed"
        DATA_EXPORTED = "data_exported"
        ACCOUNT_ERASED = "account_erased"
        ADMIN_SIGNED_IN = "admin_signed_in"
        ADMIN_SIGN_IN_FAILED = "admin_sign_in_failed"

    kind = models.CharField(max_length=24, choices=Kind.choices, db_index=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="security_events")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    request_id = models.CharField(max_length=64)
    device = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=24, blank=True)

    objects = SecurityEventQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id} at {self.created_at:%Y-%m-%d %H:%M}"
