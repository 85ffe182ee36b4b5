import unicodedata
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from apps.authentication.models import Session, User
from apps.authentication.querysets import email_key
from utils.bodies import BodySerializer, StrictBody


class PasswordField(serializers.CharField):
    """Kept exactly as typed: a password may begin with a space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(write_only=True, trim_whitespace=False, max_length=1024, **kwargs)


class AddressField(serializers.EmailField):
    """Checked in the form in which it is stored, which may be longer than what was typed."""

    def to_internal_value(self, data: Any) -> str:
        return unicodedata.normalize("NFKC", super().to_internal_value(data))


class RegisterSerializer(BodySerializer):
    email = AddressField(max_length=254)
    password = PasswordField(help_text="At least 10 characters, not a common one, not like the e-mail address.")
    display_name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")

    def validate_email(self, email: str) -> str:
        self.fields["email"].run_validators(email_key(email))  # "ß" is compared as "ss"
        return email

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            validate_password(attrs["password"], User(email=attrs["email"], display_name=attrs["display_name"]))
        except DjangoValidationError as exc:
            raise serializers.ValidationError({"password": exc.messages}, code="weak_password") from exc
        return attrs


class LoginSerializer(BodySerializer):
    email = serializers.CharField(max_length=254)
    password = PasswordField()


class RefreshSerializer(BodySerializer):
    refresh = serializers.CharField(max_length=2048)


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
        instance.save(update_fields=validated_data)
        return instance


class PasswordBody(BodySerializer):
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
