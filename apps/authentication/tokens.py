"""Access and refresh tokens: both name their session, so that ending it ends both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken, Token

SESSION_CLAIM = "sid"


@dataclass(frozen=True)
class TokenPair:
    access: str
    refresh: str


@dataclass(frozen=True)
class TokenState:
    token_type: str
    expires_at: datetime


def new_refresh_token(user_id: int, sid: UUID) -> RefreshToken:
    token = RefreshToken()
    token["sub"] = str(user_id)
    token[SESSION_CLAIM] = str(sid)
    return token


def session_id_of(token: Token) -> UUID:
    """Raises TokenError where the claim is missing or no UUID."""
    try:
        return UUID(token.get(SESSION_CLAIM))
    except (TypeError, ValueError, AttributeError) as exc:
        raise TokenError("The token names no session") from exc


def user_id_of(token: Token) -> int:
    """Raises TokenError where the subject is missing or no key of a user."""
    subject = token.get("sub")
    if not isinstance(subject, str) or not re.fullmatch("[1-9][0-9]{0,17}", subject):
        raise TokenError("The token names no user")
    return int(subject)


def pair_of(refresh: RefreshToken) -> TokenPair:
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))
