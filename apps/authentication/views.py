from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework_simplejwt.tokens import Token

from apps.authentication.serializers import (
    AccountSerializer,
    LoginSerializer,
    RefreshSerializer,
    RegisterSerializer,
    TokensSerializer,
)
from apps.authentication.services import session_close, session_open, session_refresh, user_login, user_register
from apps.authentication.tokens import session_id_of
from utils.rendering import ApiResponse
from utils.views import ApiGenericView, ApiView


class _OpenView(ApiGenericView):
    """For callers who have no token yet, or a stale one: whatever Authorization header they send is not read."""

    authentication_classes = []
    permission_classes = [AllowAny]


@extend_schema(tags=["auth"])
class RegisterView(_OpenView):
    serializer_class = RegisterSerializer
    errors = (409,)

    @extend_schema(operation_id="auth_register", responses={201: TokensSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Create an account and sign in."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        tokens = session_open(user_register(**serializer.validated_data))
        return ApiResponse(TokensSerializer(tokens).data, message="Welcome to Marquee.", status=201)


@extend_schema(tags=["auth"])
class LoginView(_OpenView):
    serializer_class = LoginSerializer
    errors = (401,)

    @extend_schema(operation_id="auth_login", responses={200: TokensSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Sign in."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        tokens = session_open(user_login(**serializer.validated_data))
        return ApiResponse(TokensSerializer(tokens).data, message="Signed in.")


@extend_schema(tags=["auth"])
class TokenRefreshView(_OpenView):
    serializer_class = RefreshSerializer
    errors = (401,)

    @extend_schema(operation_id="auth_token_refresh", responses={200: TokensSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Exchange a refresh token for a new pair. Each is good once; showing it again ends the session."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        tokens = session_refresh(serializer.validated_data["refresh"])
        return ApiResponse(TokensSerializer(tokens).data, message="Tokens renewed.")


@extend_schema(tags=["auth"])
class LogoutView(ApiView):
    @extend_schema(operation_id="auth_logout", request=None, responses={200: None})
    def post(self, request: Request) -> ApiResponse:
        """Sign out on this device: its access and refresh tokens stop working at once."""
        session_close(session_id_of(cast(Token, request.auth)))
        return ApiResponse(message="Signed out.")


@extend_schema(tags=["auth"])
class MeView(ApiGenericView):
    serializer_class = AccountSerializer

    @extend_schema(operation_id="auth_me")
    def get(self, request: Request) -> ApiResponse:
        """The signed-in account."""
        return ApiResponse(self.get_serializer(request.user).data)

    @extend_schema(operation_id="auth_me_update")
    def patch(self, request: Request) -> ApiResponse:
        """Change display name, language or region."""
        serializer = self.get_serializer(request.user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return ApiResponse(serializer.data, message="Account changed.")
