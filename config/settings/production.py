"""A server that strangers reach: it does not start without secrets of its own."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import ALLOWED_HOSTS, JWT_SIGNING_KEY, SECRET_KEY, env

for name, value in (("SECRET_KEY", SECRET_KEY), ("JWT_SIGNING_KEY", JWT_SIGNING_KEY)):
    if len(value) < 32 or value.startswith("development-only"):
        raise ImproperlyConfigured(
            f"{name} must be at least 32 random characters; make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
if SECRET_KEY == JWT_SIGNING_KEY:
    raise ImproperlyConfigured("SECRET_KEY and JWT_SIGNING_KEY must differ: one leak must not be two.")
if SECRET_KEY.startswith("this-machine-only") and not {"localhost", "127.0.0.1"}.issuperset(ALLOWED_HOSTS):
    raise ImproperlyConfigured("SECRET_KEY is the one that docker-compose.yml publishes: make one of your own.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that this server answers to, comma-separated.")

CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=3600)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
