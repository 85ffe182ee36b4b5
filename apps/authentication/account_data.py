"""The personal data in this app's own tables and in those of Django's that point at a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from apps.authentication import personal_data
from apps.authentication.models import EmailLink, SecurityEvent, Session, User
from apps.authentication.sessions import sessions_doubt

ACCOUNT_FIELDS = [
    "email",
    "display_name",
    "language",
    "region",
    "is_email_verified",
    "is_staff",
    "date_joined",
    "last_login",
]
SESSION_FIELDS = ["device", "address", "created_at", "last_used_at", "expires_at", "revoked_at"]
LINK_FIELDS = ["purpose", "email", "created_at", "expires_at"]
EVENT_FIELDS = ["kind", "created_at", "request_id", "device", "address"]
ERASED = "an erased account"


def register_personal_data() -> None:
    personal_data.register("authentication", export=export_account, erase=erase_account)
    personal_data.register("admin", export=export_nothing, erase=erase_admin_log)


def export_account(user: User) -> Mapping[str, personal_data.Rows]:
    """No password hash and nothing of a token: who has the file must not be able to sign in with it."""
    return {
        "account": User.objects.filter(pk=user.pk).values(*ACCOUNT_FIELDS).iterator(),
        "email_links": EmailLink.objects.of(user).for_export(*LINK_FIELDS),
        "security_events": SecurityEvent.objects.of(user).for_export(*EVENT_FIELDS),
        "sessions": Session.objects.of(user).for_export(*SESSION_FIELDS),
    }


def erase_account(user: User) -> None:
    sessions_doubt(user)
    Session.objects.of(user).delete()
    EmailLink.objects.of(user).delete()
    SecurityEvent.objects.of(user).delete()
    user.groups.clear()
    user.user_permissions.clear()


def export_nothing(user: User) -> dict[str, Any]:
    """The admin's log is the operator's record of what staff did."""
    return {}


def erase_admin_log(user: User) -> None:
    """What they did, and their e-mail address where it names what others did to their account."""
    LogEntry.objects.filter(user=user).delete()
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    about.update(object_repr=ERASED, change_message="")
