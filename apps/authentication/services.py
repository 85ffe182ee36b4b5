"""What signing up, in and out does, and leaving."""

from __future__ import annotations

import logging
from uuid import UUID, uuid4

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken

from apps.authentication.devices import UNKNOWN_DEVICE, Device
from apps.authentication.models import Session, User
from apps.authentication.personal_data import personal_rows_erase
from apps.authentication.tokens import TokenPair, new_refresh_token, pair_of, session_id_of
from utils.exceptions import ApplicationError

logger = logging.getLogger(__name__)


class EmailTaken(ApplicationError):
    status = 409
    code = "email_taken"
    message = "There is an account with this e-mail address already."


class WrongCredentials(ApplicationError):
    status = 401
    code = "wrong_credentials"
    message = "E-mail address or password is wrong."


class RefreshRefused(ApplicationError):
    status = 401
    code = "token_not_valid"
    message = "This refresh token is not valid any more; sign in again."


class SessionGone(ApplicationError):
    status = 404
    code = "not_found"
    message = "You have no such open session."


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


def user_register(*, email: str, password: str, display_name: str = "") -> User:
    """A new person; raises EmailTaken for any spelling of a known address."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, display_name=display_name)
    except IntegrityError as exc:
        raise EmailTaken from exc


def user_login(*, email: str, password: str) -> User:
    """The person behind these credentials; takes the same time whether or not the address is known."""
    user = authenticate(username=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    update_last_login(User, user)
    return user


def user_delete(*, user: User, password: str) -> None:
    """Erase the account and all that is kept about the user; with the sessions, every token of theirs ends at once."""
    if not user.check_password(password):
        raise WrongPassword
    with transaction.atomic():
        if User.objects.is_last_superuser(user):
            raise LastSuperuser
        personal_rows_erase(user)
        user.delete()


def session_open(user: User, device: Device = UNKNOWN_DEVICE) -> TokenPair:
    sid = uuid4()
    refresh = new_refresh_token(user.pk, sid)
    Session.objects.create(
        pk=sid,
        user=user,
        refresh_jti=refresh["jti"],
        device=device.name,
        address=device.address,
        expires_at=timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME,
    )
    return pair_of(refresh)


def session_refresh(raw_refresh: str, device: Device) -> TokenPair:
    """A new pair for the newest refresh token of an open session; an older one ends the session.

    The exchange is one conditional UPDATE, so that of two callers with one token only one can win.
    """
    try:
        shown = RefreshToken(raw_refresh)  # type: ignore[arg-type]  # the stubs want a Token, the class takes its text
        sid = session_id_of(shown)
    except TokenError as exc:
        raise RefreshRefused from exc
    # Not user__is_active: for a join Django updates by a subquery, which PostgreSQL does not read again after it has
    # waited for the row, and 8 of 8 callers won.
    session = Session.objects.open().filter(pk=sid, user__in=User.objects.filter(is_active=True))
    fresh = new_refresh_token(int(shown["sub"]), sid)
    now = timezone.now()
    exchanged = session.filter(refresh_jti=shown["jti"]).update(
        refresh_jti=fresh["jti"],
        device=device.name,
        address=device.address,
        last_used_at=now,
        expires_at=now + api_settings.REFRESH_TOKEN_LIFETIME,
    )
    if not exchanged:
        if session.revoke():
            logger.warning("refresh token replayed: session %s ended", sid)
        raise RefreshRefused
    return pair_of(fresh)


def session_close(sid: UUID) -> None:
    Session.objects.filter(pk=sid).revoke()


def session_end(*, user: User, sid: UUID) -> None:
    """End one of the user's own; raises SessionGone for any other."""
    if not Session.objects.of(user).open().filter(pk=sid).revoke():
        raise SessionGone


def sessions_end(*, user: User, keep: UUID | None = None) -> int:
    """End all of the user's sessions, but for ``keep``; how many those were."""
    sessions = Session.objects.of(user).open()
    return (sessions.exclude(pk=keep) if keep else sessions).revoke()
