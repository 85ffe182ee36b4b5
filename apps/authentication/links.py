"""Links in mails: 256 random bits that work once, for a while, for one purpose."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

from apps.authentication.models import EmailLink, User
from utils.exceptions import ApplicationError
from utils.text import email_key

Purpose = EmailLink.Purpose

GOOD_FOR = {
    Purpose.VERIFY_EMAIL: timedelta(days=3),
    Purpose.CHANGE_EMAIL: timedelta(days=1),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
}
PAGES = {
    Purpose.VERIFY_EMAIL: "verify-email",
    Purpose.CHANGE_EMAIL: "verify-email",
    Purpose.RESET_PASSWORD: "reset-password",
}


class LinkRefused(ApplicationError):
    status = 400
    code = "link_not_valid"
    message = "This link is not valid any more: it is too old, was used, or there is a newer one."


def link_make(user: User, purpose: EmailLink.Purpose, email: str) -> str:
    """The address of a frontend's page, with the token where no server and no Referer header gets to see it."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + GOOD_FOR[purpose]
    EmailLink.objects.put(user=user, purpose=purpose, digest=_digest(token), email=email, expires_at=expires_at)
    return _address(purpose, token)


def link_ask(user: User, purpose: EmailLink.Purpose, email: str) -> None:
    """Say that a link is to be made. Whatever ends links before a job has made it ends it, too."""
    EmailLink.objects.put(
        user=user,
        purpose=purpose,
        digest=_digest(secrets.token_urlsafe(32)),  # of what nobody is told
        email=email,
        expires_at=timezone.now() + GOOD_FOR[purpose],
    )


def link_make_if_asked(user: User, purpose: EmailLink.Purpose, email: str) -> str | None:
    token = secrets.token_urlsafe(32)
    asked = EmailLink.objects.of(user).filter(purpose=purpose, email=email, expires_at__gt=timezone.now())
    return _address(purpose, token) if asked.update(digest=_digest(token)) else None


def link_use(token: str, *purposes: EmailLink.Purpose) -> EmailLink:
    """The link, used up, its user locked; raises LinkRefused. Of many callers with one token one gets it.

    For a transaction of the caller's: what fails later leaves the link as it was.
    """
    links = EmailLink.objects.usable(_digest(token), purposes)
    link = links.first()
    user = link and User.objects.locked(link.user_id)  # the user before their links, as everywhere
    if not link or not user or not user.is_active or not links.delete()[0]:
        raise LinkRefused
    if link.purpose != Purpose.CHANGE_EMAIL and user.email_key != email_key(link.email):
        raise LinkRefused  # it lies in a mailbox that is the user's no more
    link.user = user
    return link


def _address(purpose: EmailLink.Purpose, token: str) -> str:
    return f"{settings.FRONTEND_URL}/{PAGES[purpose]}#token={token}"


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
