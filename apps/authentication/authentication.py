from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token

from apps.authentication.models import Session, User
from apps.authentication.tokens import session_id_of


class SessionTokenAuthentication(JWTAuthentication):
    """A bearer token counts as long as its session is open; checking that and reading the user is one query."""

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]  # the stubs know no custom user
        try:
            session = Session.objects.for_request(session_id_of(validated_token)).first()
        except TokenError as exc:
            raise InvalidToken(str(exc)) from exc
        if session is None or str(session.user_id) != validated_token.get("sub"):
            raise InvalidToken("The session of this token has ended")
        return session.user
