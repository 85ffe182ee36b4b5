import unicodedata
from typing import Any

from rest_framework import serializers

from apps.authentication.models import Session, User
from apps.authentication.services import AccountGone, password_check
from apps.authentication.sessions import sessions_doubt
from utils.bodies import BodySerializer, StrictBody
from utils.text import email_key


class PasswordField(serializers.CharField):
    """Kept exactly as typed: a password may begin with a space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(write_only=True, trim_whitespace=False, max_length=1024, **kwargs)


class NewPasswordField(PasswordField):
    def __init__(self) -> None:
        super().__init__(help_text="At least 10 characters, not easy to guess, not like the e-mail address.")


class AddressField(serializers.EmailField):
    """Checked in the form in which it is stored and in that in which it is compared: both may be longer than typed."""

    def __init__(self) -> None:
        super().__init__(max_length=254)

    def to_internal_value(self, data: Any) -> str:
        email = unicodedata.normalize("NFKC", super().to_internal_value(data))
        self.run_validators(email_key(email))  # "ß" is compared as "ss"
        return email


class RegisterSerializer(BodySerializer):
    email = AddressField()
    password = NewPasswordField()
    display_name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user = User(email=attrs["email"], display_name=attrs["display_name"])
        password_check(attrs["password"], user, field="password")
        return attrs


class LoginSerializer(BodySerializer):
    email = serializers.CharField(max_length=254)
    password = PasswordField()


class RefreshSerializer(BodySerializer):
    refresh = serializers.CharField(max_length=2048)


class TokenSerializer(BodySerializer):
    token = serializers.CharField(max_length=2048, help_text="An access or a refresh token.")


class TokenStateSerializer(serializers.Serializer[Any]):
    token_type = serializers.ChoiceField(choices=["access", "refresh"])
    expires_at = serializers.DateTimeField()


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send as `Authorization: Bearer ...`; good for 15 minutes.")
    refresh = serializers.CharField(help_text="Exchange at /auth/token/refresh/; good once, for 14 days.")


class AccountSerializer(StrictBody, serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["email", "display_name", "language", "region", "is_email_verified", "is_staff", "date_joined"]
        read_only_fields = ["email", "is_email_verified", "is_staff", "date_joined"]

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        """Writes these fields alone: an operator may be deactivating the account meanwhile."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        if validated_data and not User.objects.filter(pk=instance.pk).update(**validated_data):
            raise AccountGone  # remembered with the session, erased since
        sessions_doubt(instance)
        return instance


class PasswordBody(BodySerializer):
    password = PasswordField(help_text="Your own, once more.")


class PasswordChangeSerializer(BodySerializer):
    current_password = PasswordField()
    new_password = NewPasswordField()


class LinkSerializer(BodySerializer):
    token = serializers.CharField(max_length=200, help_text="What follows `#token=` in the link.")


class PasswordResetSerializer(LinkSerializer):
    new_password = NewPasswordField()


class MailboxSerializer(BodySerializer):
    email = serializers.CharField(max_length=254)


class EmailChangeSerializer(BodySerializer):
    email = AddressField()
    password = PasswordField(help_text="Your own, once more.")


class SessionSerializer(serializers.ModelSerializer[Session]):
    sid = serializers.UUIDField(source="pk", help_text="Names this session in DELETE.")
    current = serializers.BooleanField(help_text="Whether this is the session that asks.")

    class Meta:
        model = Session
        fields = ["sid", "device", "address", "created_at", "last_used_at", "expires_at", "current"]
        extra_kwargs = {
            "device": {"help_text": "The User-Agent it sent last, at most 200 characters."},
            "address": {"help_text": "The network it came from last, as 203.0.113.0/24 or 2001:db8:7::/48."},
        }


class LogoutAllBody(BodySerializer):
    keep_current = serializers.BooleanField(default=False, help_text="Leave the session that asks as it is.")


class EndedSerializer(serializers.Serializer[Any]):
    ended = serializers.IntegerField(help_text="How many sessions this ended.")
