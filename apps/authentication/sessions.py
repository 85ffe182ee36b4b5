"""Sessions: one for each signed-in device, and how each of them ends."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken, Token, UntypedToken

from apps.authentication import session_cache
from apps.authentication.devices import UNKNOWN_DEVICE, Device
from apps.authentication.events import Kind, record
from apps.authentication.models import Session, User
from apps.authentication.querysets import SessionQuerySet
from apps.authentication.tokens import TokenPair, TokenState, new_refresh_token, pair_of, session_id_of, user_id_of
from utils.exceptions import ApplicationError


class WrongCredentials(ApplicationError):
    status = 401
    code = "wrong_credentials"
    message = "E-mail address or password is wrong."


class TokenRefused(ApplicationError):
    status = 401
    code = "token_not_valid"
    message = "This token is not valid any more."


class RefreshRefused(TokenRefused):
    message = "This refresh token is not valid any more; sign in again."


class SessionGone(ApplicationError):
    status = 404
    code = "not_found"
    message = "You have no such open session."


def session_open(user: User, device: Device = UNKNOWN_DEVICE) -> TokenPair:
    """Raises WrongCredentials where the password was changed since ``user`` was read: it would outlive the change."""
    sid = uuid4()
    refresh = new_refresh_token(user.pk, sid)
    with transaction.atomic():
        account = User.objects.locked(user.pk)
        if account is None or not account.is_active or account.password != user.password:
            raise WrongCredentials
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
        sid, user_id = session_id_of(shown), user_id_of(shown)
    except TokenError as exc:
        raise RefreshRefused from exc
    # Not user__is_active: for a join Django updates by a subquery, which PostgreSQL does not read again after it has
    # waited for the row, and 8 of 8 callers won.
    session = Session.objects.open().filter(pk=sid, user__in=User.objects.filter(pk=user_id, is_active=True))
    fresh = new_refresh_token(user_id, sid)
    now = timezone.now()
    exchanged = session.filter(refresh_jti=shown["jti"]).update(
        refresh_jti=fresh["jti"],
        device=device.name,
        address=device.address,
        last_used_at=now,
        expires_at=now + api_settings.REFRESH_TOKEN_LIFETIME,
    )
    if not exchanged:
        replayed = session.select_related("user").first()
        if replayed and _end(session):
            record(Kind.REFRESH_TOKEN_REPLAYED, replayed.user, device)
        raise RefreshRefused
    return pair_of(fresh)


def token_state(raw_token: str) -> TokenState:
    """What kind of token it is and until when it is good; raises TokenRefused where it is not."""
    try:
        token: Token = UntypedToken(raw_token)  # type: ignore[arg-type]  # as above
        sid, user_id = session_id_of(token), user_id_of(token)
    except TokenError as exc:
        raise TokenRefused from exc
    session = Session.objects.for_request(sid).filter(user=user_id).first()
    kind = token["token_type"]
    if session is None or (kind == "refresh" and session.refresh_jti != token["jti"]):
        raise TokenRefused
    return TokenState(token_type=kind, expires_at=datetime.fromtimestamp(token["exp"], UTC))


def session_close(*, user: User, sid: UUID, device: Device) -> None:
    """Sign out: the session that asks ends."""
    _end(Session.objects.of(user).filter(pk=sid))
    record(Kind.SIGNED_OUT, user, device)


def session_end(*, user: User, sid: UUID, device: Device) -> None:
    """End one of the user's own; raises SessionGone for any other."""
    if not _end(Session.objects.of(user).open().filter(pk=sid)):
        raise SessionGone
    record(Kind.SESSION_ENDED, user, device)


def sessions_end(*, user: User, keep: UUID | None = None) -> int:
    """End all of the user's sessions, but for ``keep``; how many those were."""
    sessions = Session.objects.of(user).open()
    return _end(sessions.exclude(pk=keep) if keep else sessions)


def sessions_doubt(user: User) -> None:
    """After a change of the user: what is remembered of them with their sessions is to be read anew."""
    session_cache.doubt(Session.objects.of(user).open().values_list("pk", flat=True))


def _end(sessions: SessionQuerySet) -> int:
    sids = list(sessions.values_list("pk", flat=True))
    ended = Session.objects.filter(pk__in=sids).revoke()
    session_cache.doubt(sids)
    return ended
