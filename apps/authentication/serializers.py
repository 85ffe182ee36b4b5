import unicodedata
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from apps.authentication.models import User
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
