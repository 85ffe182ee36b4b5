"""Mails, all of them sent by jobs: who asks waits for no mail server, nor learns from the time whether one was sent.

A job finds out for itself whom an address belongs to. It takes no link along, which would lie in the queue.
"""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.authentication.devices import Device
from apps.authentication.events import Kind, record
from apps.authentication.links import GOOD_FOR, Purpose, link_make, link_make_if_asked
from apps.authentication.models import User
from utils.jobs import job

RETRIED = {"autoretry_for": (SMTPException, OSError), "retry_backoff": 10, "max_retries": 6}  # by Celery


@job("authentication.mail_verification", **RETRIED)
def mail_verification(email: str) -> None:
    """A link that proves a mailbox, unless that is done."""
    user = User.objects.by_email(email)
    if user and user.email and not user.is_email_verified:
        link = link_make(user, Purpose.VERIFY_EMAIL, user.email)
        _send("verify_email", user.email, "Is this your address?", link=link, days=GOOD_FOR[Purpose.VERIFY_EMAIL].days)


@job("authentication.mail_password_reset", **RETRIED)
def mail_password_reset(email: str, request_id: str, name: str, address: str) -> None:
    """A link to choose a new password; nothing where the address is nobody's."""
    user = User.objects.by_email(email)
    if user and user.email:
        record(Kind.PASSWORD_RESET_ASKED, user, Device(name, address), request_id=request_id)
        link = link_make(user, Purpose.RESET_PASSWORD, user.email)
        _send("reset_password", user.email, "Choose a new password", link=link)


@job("authentication.mail_email_change", **RETRIED)
def mail_email_change(user_id: int, email: str) -> None:
    """A link to the new address, or the news that it has an account already; nothing where that was ended meanwhile."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or user.email is None:
        return
    if User.objects.is_taken(email, by_other_than=user):
        _send("email_taken", email, "You have an account already")
    elif link := link_make_if_asked(user, Purpose.CHANGE_EMAIL, email):
        _send("change_email", email, "Is this your new address?", link=link)


@job("authentication.mail_notice", **RETRIED)
def mail_notice(template: str, email: str, subject: str, **context: str) -> None:
    """What was just done to an account, to whom it belongs."""
    _send(template, email, subject, **context)


def _send(template: str, to: str, subject: str, **context: Any) -> None:
    """Nothing that a user typed but the addresses: a stranger's inbox is no place for their words."""
    context["service"] = settings.FRONTEND_URL
    text = render_to_string(f"mail/{template}.txt", context)
    mail = EmailMultiAlternatives(f"Marquee: {subject}", text, to=[to])
    mail.attach_alternative(render_to_string(f"mail/{template}.html", context), "text/html")
    mail.send()
