"""A server that strangers reach: it does not start without secrets of its own."""

import re

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    COMMIT,
    CORS_ALLOWED_ORIGINS,
    DEBUG,
    JWT_SIGNING_KEY,
    LOG_LEVEL,
    SECRET_KEY,
    VERSION,
    env,
)
from utils.logs import logging_of
from utils.sentry import report_to

FEWEST_CHARACTERS = 8  # different ones in a key; 32 random hexadecimal digits have some 14

for name, value in (("SECRET_KEY", SECRET_KEY), ("JWT_SIGNING_KEY", JWT_SIGNING_KEY)):
    if len(value) < 32 or len(set(value)) < FEWEST_CHARACTERS or value.startswith("development-only"):
        raise ImproperlyConfigured(
            f"{name} must be at least 32 random characters; make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    if value.startswith("this-machine-only") and not {"localhost", "127.0.0.1"}.issuperset(ALLOWED_HOSTS):
        raise ImproperlyConfigured(f"{name} is the one that docker-compose.yml publishes: make one of your own.")
if SECRET_KEY == JWT_SIGNING_KEY:
    raise ImproperlyConfigured("SECRET_KEY and JWT_SIGNING_KEY must differ: one leak must not be two.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that this server answers to, comma-separated.")
for host in ALLOWED_HOSTS:
    if "*" in host or "/" in host:
        raise ImproperlyConfigured(
            f"ALLOWED_HOSTS holds {host}: name each host as in api.example.org, without https:// and without *; "
            ".example.org stands for all hosts under it."
        )
for origin in CORS_ALLOWED_ORIGINS:
    if not re.fullmatch(r"https?://[^/*?#@\s]+", origin):
        raise ImproperlyConfigured(
            f"CORS_ALLOWED_ORIGINS holds {origin}: name each origin as in https://app.example.org, "
            "with its scheme, without a path and without *."
        )
if DEBUG:
    raise ImproperlyConfigured("DEBUG shows strangers our variables with each failure: take it out of the environment.")

CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=True)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # of the two above: whoever says false has decided
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

try:
    LOGGING = logging_of(form=env.str("LOG_FORMAT", default="json"), level=LOG_LEVEL)
except ValueError as refused:
    raise ImproperlyConfigured(str(refused)) from None

if SENTRY_DSN := env.str("SENTRY_DSN", default=""):
    report_to(SENTRY_DSN, release=f"{VERSION}+{COMMIT}")
