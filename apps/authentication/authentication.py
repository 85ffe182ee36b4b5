from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token

from apps.authentication import session_cache
from apps.authentication.models import Session, User
from apps.authentication.tokens import session_id_of


class SessionTokenAuthentication(JWTAuthentication):
    """A bearer token counts as long as its session is open: one trip to Redis, or one query that reads the user too."""

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]  # the stubs know no custom user
        try:
            sid = session_id_of(validated_token)
        except TokenError as exc:
            raise InvalidToken(str(exc)) from exc
        user = session_cache.recall(sid)
        if user is None:
            session = Session.objects.for_request(sid).first()
            if session is None:
                raise InvalidToken("The session of this token has ended")
            user = session.user
            session_cache.remember(sid, user)
        if str(user.pk) != validated_token.get("sub"):
            raise InvalidToken("The token and its session name different users")
        return user
