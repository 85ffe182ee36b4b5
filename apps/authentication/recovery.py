"""Passwords and addresses: how they are changed, proved, and got back."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.authentication.devices import Device
from apps.authentication.events import Kind, record
from apps.authentication.links import Purpose, link_ask, link_use
from apps.authentication.mails import mail_email_change, mail_notice, mail_password_reset, mail_verification
from apps.authentication.models import EmailLink, User
from apps.authentication.services import EmailTaken, account_unchanged, password_check, password_confirm
from apps.authentication.sessions import sessions_doubt, sessions_end
from utils.jobs import enqueue
from utils.middleware import current_request_id


def password_change(*, user: User, current: str, new: str, keep: UUID, device: Device) -> None:
    """Ends every other session, and the links that are on their way."""
    password_confirm(user, current, device)
    with transaction.atomic():
        account = account_unchanged(user)
        sessions_end(user=account, keep=keep)
        _password_set(account, new)
        record(Kind.PASSWORD_CHANGED, account, device)


def password_reset_ask(*, email: str, device: Device) -> None:
    """The same for every address, known or not: a job finds out."""
    enqueue(mail_password_reset, email=email, request_id=current_request_id(), **asdict(device))


def password_reset(*, token: str, new: str, device: Device) -> None:
    """Ends every session: somebody else may be in. Who has read the link has proved the mailbox, too."""
    with transaction.atomic():
        user = link_use(token, Purpose.RESET_PASSWORD).user
        user.is_email_verified = True
        sessions_end(user=user)
        _password_set(user, new)
        record(Kind.PASSWORD_RESET, user, device)


def email_verify_ask(*, email: str) -> None:
    """The same for every address, as for a reset."""
    enqueue(mail_verification, email=email)


def email_change_ask(*, user: User, email: str, password: str, device: Device) -> None:
    """The same whether or not the new address has an account: only its mailbox hears which."""
    password_confirm(user, password, device)
    with transaction.atomic():
        account = account_unchanged(user)
        link_ask(account, Purpose.CHANGE_EMAIL, email)
        record(Kind.EMAIL_CHANGE_ASKED, account, device)
        enqueue(mail_email_change, user_id=account.pk, email=email)
        subject = "Your address is about to change"
        enqueue(mail_notice, template="email_change_asked", email=account.email, subject=subject, new=email)


def email_verify(*, token: str, device: Device) -> User:
    """Prove the address that the link was sent to. A new address takes the old one's place and ends every session.

    Raises EmailTaken where it has got an account of its own meanwhile.
    """
    with transaction.atomic():
        link = link_use(token, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)
        user = link.user
        if link.purpose == Purpose.CHANGE_EMAIL:
            _email_set(user, link.email, device)
        else:
            user.is_email_verified = True
            user.save(update_fields=["is_email_verified"])
            sessions_doubt(user)
            record(Kind.EMAIL_VERIFIED, user, device)
    return user


def _password_set(user: User, password: str) -> None:
    password_check(password, user, field="new_password")
    user.set_password(password)
    user.save(update_fields=["password", "is_email_verified"])
    EmailLink.objects.of(user).exclude(purpose=Purpose.VERIFY_EMAIL).delete()
    enqueue(mail_notice, template="password_changed", email=user.email, subject="Your password was changed")


def _email_set(user: User, email: str, device: Device) -> None:
    old, user.email, user.is_email_verified = user.email, email, True
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "email_key", "is_email_verified"])
    except IntegrityError as exc:
        raise EmailTaken from exc
    sessions_end(user=user)
    EmailLink.objects.of(user).delete()
    record(Kind.EMAIL_CHANGED, user, device)
    enqueue(mail_notice, template="email_changed", email=old, subject="Your address was changed")
