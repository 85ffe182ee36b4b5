"""What signing up, in and out does, and leaving."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from rest_framework.exceptions import ValidationError

from apps.authentication.devices import Device
from apps.authentication.events import Kind, record
from apps.authentication.mails import mail_verification
from apps.authentication.models import EmailLink, User
from apps.authentication.personal_data import personal_rows_erase
from apps.authentication.sessions import WrongCredentials, sessions_end
from utils.exceptions import ApplicationError
from utils.jobs import enqueue


class EmailTaken(ApplicationError):
    status = 409
    code = "email_taken"
    message = "There is an account with this e-mail address already."


class WrongPassword(ApplicationError):
    status = 403
    code = "wrong_password"
    message = "The password is wrong; nothing was changed."


class LastSuperuser(ApplicationError):
    status = 409
    code = "last_superuser"
    message = "This is the last superuser of this server; make another one first."


class AccountGone(ApplicationError):
    status = 401
    code = "token_not_valid"
    message = "This account has been deleted."


def user_register(*, email: str, password: str, display_name: str = "", device: Device) -> User:
    """A new person; raises EmailTaken for any spelling of a known address."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, display_name=display_name)
    except IntegrityError as exc:
        raise EmailTaken from exc
    record(Kind.REGISTERED, user, device)
    enqueue(mail_verification, email=user.email)
    return user


def user_login(*, email: str, password: str, device: Device) -> User:
    """The person behind these credentials; takes the same time whether or not the address is known."""
    user = authenticate(username=email, password=password)
    if not isinstance(user, User):
        record(Kind.SIGN_IN_FAILED, User.objects.by_email(email), device)
        raise WrongCredentials
    update_last_login(User, user)
    return user


def password_check(password: str, user: User, *, field: str) -> None:
    """Raises ValidationError on this field of the body where the password is too weak for this user."""
    try:
        validate_password(password, user)
    except DjangoValidationError as exc:
        raise ValidationError({field: exc.messages}, code="weak_password") from exc


def password_confirm(user: User, password: str, device: Device) -> None:
    """Whoever holds a token may have found it: what cannot be taken back asks for the password, too."""
    try:
        right = user.check_password(password)
    except User.DoesNotExist as exc:  # remembered with the session, erased since
        raise AccountGone from exc
    if not right:
        record(Kind.WRONG_PASSWORD, user, device)
        raise WrongPassword


def account_unchanged(user: User) -> User:
    """The account, locked, for a transaction of the caller's; raises WrongPassword where the password that the caller
    has confirmed was changed since, AccountGone where there is none any more."""
    account = User.objects.locked(user.pk)
    if account is None:
        raise AccountGone
    if account.password != user.password:
        raise WrongPassword
    return account


def user_logout_everywhere(*, user: User, keep: UUID | None, device: Device) -> int:
    """How many sessions that ended. A change of address that is on its way ends, too: it was not asked for here."""
    with transaction.atomic():
        User.objects.locked(user.pk)
        ended = sessions_end(user=user, keep=keep)
        EmailLink.objects.of(user).filter(purpose=EmailLink.Purpose.CHANGE_EMAIL).delete()
        record(Kind.SIGNED_OUT_EVERYWHERE, user, device)
    return ended


def user_delete(*, user: User, password: str, device: Device) -> None:
    """Erase the account and all that is kept about the user; with the sessions, every token of theirs ends at once."""
    password_confirm(user, password, device)
    with transaction.atomic():
        if User.objects.is_last_superuser(user):  # locks them all: after our own row, two who leave would deadlock
            raise LastSuperuser
        user_erase(account_unchanged(user))


def user_erase(user: User) -> None:
    """For a transaction of the caller's. Raises LastSuperuser."""
    if User.objects.is_last_superuser(user):
        raise LastSuperuser
    User.objects.locked(user.pk)
    personal_rows_erase(user)
    user.delete()
    record(Kind.ACCOUNT_ERASED, None)
