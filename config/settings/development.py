"""A developer's machine: nothing to configure, nothing secret, reachable from this machine alone."""

from config.settings.base import *  # noqa: F403
from config.settings.base import JWT_SIGNING_KEY, SECRET_KEY, SIMPLE_JWT, STATIC_ROOT, env

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # and var/ with it; whitenoise warns where it is missing

SECRET_KEY = SECRET_KEY or "development-only-key-that-production-refuses"
JWT_SIGNING_KEY = JWT_SIGNING_KEY or "development-only-signing-key-that-production-refuses"
SIMPLE_JWT["SIGNING_KEY"] = JWT_SIGNING_KEY
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CORS_ALLOWED_ORIGIN_REGEXES = [r"^http://(localhost|127\.0\.0\.1)(:\d+)?$"]  # a frontend's own development server
THROTTLE_PROCESSES = env.int("THROTTLE_PROCESSES", default=1)
WHITENOISE_USE_FINDERS = True
