from typing import cast
from uuid import UUID

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework_simplejwt.tokens import Token

from apps.authentication.described import FileNegotiation, FileSchema, PasswordToDeleteSchema
from apps.authentication.devices import device_of
from apps.authentication.events import Kind, record
from apps.authentication.exports import personal_archive
from apps.authentication.models import Session
from apps.authentication.querysets import SessionQuerySet
from apps.authentication.recovery import (
    email_change_ask,
    email_verify,
    email_verify_ask,
    password_change,
    password_reset,
    password_reset_ask,
)
from apps.authentication.requests import signed_in
from apps.authentication.serializers import (
    AccountSerializer,
    EmailChangeSerializer,
    EndedSerializer,
    LinkSerializer,
    LoginSerializer,
    LogoutAllBody,
    MailboxSerializer,
    PasswordBody,
    PasswordChangeSerializer,
    PasswordResetSerializer,
    RefreshSerializer,
    RegisterSerializer,
    SessionSerializer,
    TokenSerializer,
    TokensSerializer,
    TokenStateSerializer,
)
from apps.authentication.services import user_delete, user_login, user_logout_everywhere, user_register
from apps.authentication.sessions import session_close, session_end, session_open, session_refresh, token_state
from apps.authentication.tokens import session_id_of
from utils.query_params import PageQuery
from utils.rendering import ApiResponse
from utils.views import ApiGenericView, ApiView


def _session_of(request: Request) -> UUID:
    return session_id_of(cast(Token, request.auth))


class _OpenView(ApiGenericView):
    """For callers who have no token yet, or a stale one: whatever Authorization header they send is not read."""

    authentication_classes = []
    permission_classes = [AllowAny]


@extend_schema(tags=["auth"])
class RegisterView(_OpenView):
    throttles = ("register",)
    serializer_class = RegisterSerializer
    errors = (409,)

    @extend_schema(operation_id="auth_register", responses={201: TokensSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Create an account and sign in."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        device = device_of(request)
        tokens = session_open(user_register(**serializer.validated_data, device=device), device)
        return ApiResponse(TokensSerializer(tokens).data, message="Welcome to Marquee.", status=201)


@extend_schema(tags=["auth"])
class LoginView(_OpenView):
    throttles = ("login", "login_account", "login_address")
    serializer_class = LoginSerializer
    errors = (401,)

    @extend_schema(operation_id="auth_login", responses={200: TokensSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Sign in."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        device = device_of(request)
        user = user_login(**serializer.validated_data, device=device)
        tokens = session_open(user, device)
        record(Kind.SIGNED_IN, user, device)
        return ApiResponse(TokensSerializer(tokens).data, message="Signed in.")


@extend_schema(tags=["auth"])
class TokenRefreshView(_OpenView):
    throttles = ("refresh",)
    serializer_class = RefreshSerializer
    errors = (401,)

    @extend_schema(operation_id="auth_token_refresh", responses={200: TokensSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Exchange a refresh token for a new pair. Each is good once; showing it again ends the session."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        tokens = session_refresh(serializer.validated_data["refresh"], device_of(request))
        return ApiResponse(TokensSerializer(tokens).data, message="Tokens renewed.")


@extend_schema(tags=["auth"])
class TokenVerifyView(_OpenView):
    throttles = ("refresh",)
    serializer_class = TokenSerializer
    errors = (401,)

    @extend_schema(operation_id="auth_token_verify", responses={200: TokenStateSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Whether an access or refresh token is still good. It stays as it is."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return ApiResponse(TokenStateSerializer(token_state(serializer.validated_data["token"])).data)


@extend_schema(tags=["auth"])
class PasswordChangeView(ApiGenericView):
    throttles = ("writes", "password")
    serializer_class = PasswordChangeSerializer
    errors = (403,)

    @extend_schema(operation_id="auth_password_change", responses={200: None})
    def post(self, request: Request) -> ApiResponse:
        """Choose a new password. Every other session ends, and every link to reset the password."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        password_change(
            user=signed_in(request),
            current=serializer.validated_data["current_password"],
            new=serializer.validated_data["new_password"],
            keep=_session_of(request),
            device=device_of(request),
        )
        return ApiResponse(message="Password changed. You are signed out everywhere else.")


@extend_schema(tags=["auth"])
class PasswordResetView(_OpenView):
    throttles = ("mail_account", "mail_address")
    serializer_class = MailboxSerializer

    @extend_schema(operation_id="auth_password_reset", responses={202: None})
    def post(self, request: Request) -> ApiResponse:
        """Ask for a link to choose a new password. The answer is the same whether or not there is such an account."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        password_reset_ask(**serializer.validated_data, device=device_of(request))
        return ApiResponse(message="If there is an account with this address, a mail is on its way.", status=202)


@extend_schema(tags=["auth"])
class PasswordResetConfirmView(_OpenView):
    throttles = ("links",)
    serializer_class = PasswordResetSerializer

    @extend_schema(operation_id="auth_password_reset_confirm", responses={200: None})
    def post(self, request: Request) -> ApiResponse:
        """Choose a new password by the link in the mail. Every session ends; sign in with the new password."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token, new = serializer.validated_data["token"], serializer.validated_data["new_password"]
        password_reset(token=token, new=new, device=device_of(request))
        return ApiResponse(message="Password changed. Sign in with the new one.")


@extend_schema(tags=["auth"])
class EmailVerifyView(_OpenView):
    throttles = ("links",)
    serializer_class = LinkSerializer
    errors = (409,)

    @extend_schema(operation_id="auth_email_verify", responses={200: None})
    def post(self, request: Request) -> ApiResponse:
        """Prove an address by the link in the mail. A new address takes the old one's place and ends every session."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        email_verify(**serializer.validated_data, device=device_of(request))
        return ApiResponse(message="This address is yours.")


@extend_schema(tags=["auth"])
class EmailVerifyResendView(_OpenView):
    throttles = ("mail_account", "mail_address")
    serializer_class = MailboxSerializer

    @extend_schema(operation_id="auth_email_verify_resend", responses={202: None})
    def post(self, request: Request) -> ApiResponse:
        """Ask for the link that proves your address once more. The answer is the same for every address."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        email_verify_ask(**serializer.validated_data)
        return ApiResponse(message="If this address waits to be verified, a mail is on its way.", status=202)


@extend_schema(tags=["auth"])
class EmailChangeView(ApiGenericView):
    throttles = ("writes", "password", "mail_account")
    serializer_class = EmailChangeSerializer
    errors = (403,)

    @extend_schema(operation_id="auth_email_change", responses={202: None})
    def post(self, request: Request) -> ApiResponse:
        """Ask for a link to the new address; nothing changes before it is used. The old address is told."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        email_change_ask(user=signed_in(request), **serializer.validated_data, device=device_of(request))
        return ApiResponse(message="A mail is on its way to the new address.", status=202)


@extend_schema(tags=["auth"])
class LogoutView(ApiView):
    throttles = ()  # who has written too much may still leave

    @extend_schema(operation_id="auth_logout", request=None, responses={200: None})
    def post(self, request: Request) -> ApiResponse:
        """Sign out on this device: its access and refresh tokens stop working at once."""
        session_close(user=signed_in(request), sid=_session_of(request), device=device_of(request))
        return ApiResponse(message="Signed out.")


@extend_schema(tags=["auth"])
class LogoutAllView(ApiGenericView):
    serializer_class = LogoutAllBody

    @extend_schema(operation_id="auth_logout_all", responses={200: EndedSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Sign out on every device, or on every other one."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        keep = _session_of(request) if body.validated_data["keep_current"] else None
        ended = user_logout_everywhere(user=signed_in(request), keep=keep, device=device_of(request))
        return ApiResponse(EndedSerializer({"ended": ended}).data, message="Signed out.")


@extend_schema(tags=["auth"])
class SessionListView(ApiGenericView):
    serializer_class = SessionSerializer
    query_serializer_class = PageQuery

    def get_queryset(self) -> SessionQuerySet:
        return Session.objects.of(signed_in(self.request)).for_list(_session_of(self.request))

    @extend_schema(operation_id="auth_sessions", responses={200: SessionSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """Where you are signed in, the last used first."""
        rows = self.paginate_queryset(self.get_queryset())
        return ApiResponse(self.get_serializer(rows, many=True).data, pagination=self.paginator.block)


@extend_schema(tags=["auth"])
class SessionView(ApiView):
    @extend_schema(operation_id="auth_session_end", request=None, responses={204: None})
    def delete(self, request: Request, sid: UUID) -> ApiResponse:
        """Sign out on one device, this one too: its access and refresh tokens stop working at once."""
        session_end(user=signed_in(request), sid=sid, device=device_of(request))
        return ApiResponse(status=204)


@extend_schema(tags=["auth"])
class ExportView(ApiView):
    throttles = ("export",)
    content_negotiation_class = FileNegotiation
    schema = FileSchema()

    @extend_schema(operation_id="auth_export", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> FileResponse:
        """All that is kept about you, as a ZIP file of JSON; README.txt in it says what is where."""
        day = timezone.now().date()
        record(Kind.DATA_EXPORTED, signed_in(request), device_of(request))
        file = personal_archive(signed_in(request), day=day)
        name = f"marquee-export-{day}.zip"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@extend_schema(tags=["auth"])
class MeView(ApiGenericView):
    throttles = ("writes", "password")
    serializer_class = AccountSerializer
    schema = PasswordToDeleteSchema()

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

    @extend_schema(operation_id="auth_me_delete", responses={204: None})
    def delete(self, request: Request) -> ApiResponse:
        """Erase the account and all that is kept about you, for good. Asks for the password once more."""
        body = PasswordBody(data=request.data)
        body.is_valid(raise_exception=True)
        user_delete(user=signed_in(request), password=body.validated_data["password"], device=device_of(request))
        return ApiResponse(status=204)
