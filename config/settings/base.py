"""What every environment shares. Each value comes from a variable that .env.example explains."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
import environ
from celery.schedules import crontab
from corsheaders.defaults import default_headers
from csp.constants import NONE
from django.core.exceptions import ImproperlyConfigured
from limits import parse_many

from utils.logs import logging_of

django_stubs_ext.monkeypatch()  # lets admin classes and querysets name their model: ModelAdmin[Movie]

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = BASE_DIR / "var"  # everything this checkout writes: database, artifacts, collected files

env = environ.FileAwareEnv()  # NAME_FILE=/run/secrets/name is read where NAME is asked for
environ.Env.read_env(BASE_DIR / ".env")

VERSION = "0.1.0"
COMMIT = env.str("MARQUEE_COMMIT", default="unknown")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
JWT_SIGNING_KEY = env.str("JWT_SIGNING_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])

INSTALLED_APPS = [
    "apps.operations",
    "apps.recommendations",
    "apps.preferences",
    "apps.favorites",
    "apps.movies",
    "apps.authentication",
    "utils",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "utils.middleware.RequestIdMiddleware",
    "utils.observing.ObservingMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "utils.health.HealthMiddleware",  # before any check of the Host header: probes come with a container's address
    "utils.metrics.MetricsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "utils.middleware.ConditionalGet",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # a redirect would turn a POST into a GET; an unknown path says what is missing instead

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Stores ---------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'marquee.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Without IMMEDIATE, two writers that both began with a read fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"].setdefault("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] |= {
        "connect_timeout": 3,
        # A server that is gone without a word would else be waited for until the kernel gives up, a quarter of an hour.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "options": (
            f"-c statement_timeout={env.str('DATABASE_STATEMENT_TIMEOUT', default='15s')} "
            f"-c lock_timeout={env.str('DATABASE_LOCK_TIMEOUT', default='5s')} "
            "-c idle_in_transaction_session_timeout=30s"
        ),
    }

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",  # a pickle would run what Redis holds
            "SOCKET_CONNECT_TIMEOUT": 0.25,
            "SOCKET_TIMEOUT": 0.25,
        },
    }

CACHE_PREFIX = f"marquee:{COMMIT}"  # answers of another release may have another shape
CACHE_LOCAL_BYTES = env.int("CACHE_LOCAL_MIB", default=64) * 1024 * 1024  # of one process
CACHE_KEEP_STALE = env.int("CACHE_KEEP_STALE_SECONDS", default=7 * 24 * 3600)  # past its TTL, should TMDb be away
CACHE_TTL = {  # seconds until an answer is made anew
    "trending": env.int("CACHE_TTL_TRENDING", default=30 * 60),
    "lists": env.int("CACHE_TTL_LISTS", default=3600),
    "discover": env.int("CACHE_TTL_DISCOVER", default=3600),
    "search": env.int("CACHE_TTL_SEARCH", default=6 * 3600),
    "details": env.int("CACHE_TTL_DETAILS", default=24 * 3600),
    "similar": env.int("CACHE_TTL_SIMILAR", default=24 * 3600),
    "people": env.int("CACHE_TTL_PEOPLE", default=24 * 3600),
    "genres": env.int("CACHE_TTL_GENRES", default=24 * 3600),
    "movies": env.int("CACHE_TTL_LOCAL", default=60),
    "recommendations": env.int("CACHE_TTL_RECOMMENDATIONS", default=2 * 3600),
}
CACHE_TTL_LOCAL = CACHE_TTL["movies"]  # of any answer from our own tables alone: an edit there shows after so long

ARTIFACT_ROOT = Path(env.str("ARTIFACT_ROOT", default=str(VAR_DIR / "artifacts")))
MODEL_AGE_GOAL_HOURS = env.int("MODEL_AGE_GOAL_HOURS", default=36)  # it is trained nightly; older is worth an alert
BACKUP_AGE_GOAL_HOURS = env.int("BACKUP_AGE_GOAL_HOURS", default=26)  # the same of the nightly backup
PROMOTION_TOLERANCE = env.float("PROMOTION_TOLERANCE", default=0.2)  # of its lead over popularity that a model may lose

# --- TMDb -----------------------------------------------------------------------------------------

TMDB_BASE_URL = env.str("TMDB_BASE_URL", default="https://api.themoviedb.org/3")
TMDB_EXPORTS_URL = env.str("TMDB_EXPORTS_URL", default="https://files.tmdb.org/p/exports")
TMDB_READ_TOKEN = env.str("TMDB_READ_TOKEN", default="").strip()
TMDB_API_KEY = env.str("TMDB_API_KEY", default="").strip()
for name, value in (("TMDB_READ_TOKEN", TMDB_READ_TOKEN), ("TMDB_API_KEY", TMDB_API_KEY)):
    if not value.isascii() or any(character.isspace() for character in value):
        raise ImproperlyConfigured(f"{name} holds characters that no key of TMDb has; copy it once more.")
TMDB_LANGUAGE = env.str("TMDB_LANGUAGE", default="en-US")
TMDB_REGIONS = env.list("TMDB_REGIONS", default=["US"])
TMDB_RATE_PER_SECOND = env.int("TMDB_RATE_PER_SECOND", default=20)  # all processes together
TMDB_CONNECT_TIMEOUT = env.float("TMDB_CONNECT_TIMEOUT", default=1.0)  # seconds, as are those below
TMDB_READ_TIMEOUT = env.float("TMDB_READ_TIMEOUT", default=2.5)
TMDB_DEADLINE = env.float("TMDB_DEADLINE", default=3.0)  # of a call while somebody waits, retries and all
TRAIN_ON_TMDB_CONTENT = env.bool("TRAIN_ON_TMDB_CONTENT", default=True)  # docs/TERMS.md says what hangs on it

# --- People and tokens ----------------------------------------------------------------------------

AUTH_USER_MODEL = "authentication.User"
PASSWORD_HASHERS = ["apps.authentication.hashers.VpsArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "apps.authentication.passwords.EasyToGuessValidator"},
]
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "marquee",
    "AUDIENCE": "marquee",
    "USER_ID_CLAIM": "sub",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
}

# For so many seconds Redis is believed about who asks; 0: the database is asked every time. A session that ends is
# forgotten there at once: this is how long it may live on should Redis not hear of that.
SESSION_CACHE_SECONDS = env.int("SESSION_CACHE_SECONDS", default=60)

# --- Mail -----------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10  # seconds, of a job
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Marquee <marquee@localhost>")
FRONTEND_URL = env.str("FRONTEND_URL", default="http://localhost:3000").rstrip("/")  # where links in mails lead

# --- The API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["utils.rendering.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["utils.parsing.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.authentication.authentication.SessionTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "utils.pagination.PageNumbers",
    "DEFAULT_SCHEMA_CLASS": "utils.openapi.EnvelopeAutoSchema",
    "EXCEPTION_HANDLER": "utils.exceptions.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Marquee API",
    "DESCRIPTION": (
        "Browse and search films, keep a library, and be told what to watch next, with reasons.\n\n"
        "Every answer of `/api/v1/` is one envelope: `success`, `data`, `message`, and where they apply `pagination` "
        "and `meta`; a failure carries `code`, `errors` and `request_id` instead. To try the private endpoints: "
        "register or log in under **auth**, copy `data.access`, press **Authorize**, paste it."
    ),
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1, "example": 603}},
    "ENUM_NAME_OVERRIDES": {
        "WatchRegionEnum": "django.conf.settings.TMDB_REGIONS",
        "OnboardingAnswer": "apps.recommendations.discovery_serializers.ANSWERS",
        "QuestionsChosenBy": "apps.recommendations.discovery_serializers.CHOSEN_BY",
        "HeldBackGround": "apps.recommendations.discovery_serializers.GROUNDS",
        "FeedbackKind": "apps.recommendations.models.Feedback.Kind",
        "JudgedName": "apps.recommendations.model_serializers.JUDGED",
        "ModelStatus": "apps.recommendations.models.ModelVersion.Status",
        "VerdictReason": "apps.recommendations.model_serializers.REASONS",
        "AlgorithmName": "apps.recommendations.serializers.ALGORITHMS",
        "WhyNot": "apps.recommendations.serializers.WHY_NOT",
        "MovieSource": "apps.movies.models.Source",
        "AnswerSource": "apps.movies.serializers.ANSWER_SOURCES",
        "AlgorithmTier": "apps.recommendations.serializers.TIERS",
        "CreditKind": "apps.movies.models.Credit.Kind",
        "ReasonCode": "apps.recommendations.serializers.REASON_CODES",
        "ViewingSource": "apps.favorites.models.ViewingHistory.Source",
        "ImportFormat": "apps.favorites.transfer.models.ImportJob.Format",
        "ImportState": "apps.favorites.transfer.models.ImportJob.State",
        "ImportOutcome": "apps.favorites.transfer.models.ImportRow.Outcome",
        "ImportReason": "apps.favorites.transfer.serializers.REASONS",
        "LibraryPart": "apps.favorites.transfer.serializers.PARTS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "displayRequestDuration": True, "tagsSorter": None},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "utils.openapi.tighten",
    ],
    "TAGS": [
        {"name": "auth", "description": "Accounts and sessions."},
        {"name": "movies", "description": "The catalogue: browse, search, read."},
        {"name": "library", "description": "What a user favorited, rated, wants to see, hid and watched."},
        {"name": "preferences", "description": "What a user told us about their taste and limits."},
        {"name": "recommendations", "description": "What to watch next, who says so, and why."},
        {"name": "service", "description": "About this server."},
    ],
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_HEADERS = [*default_headers, "x-request-id"]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes of a request body

# --- Headers --------------------------------------------------------------------------------------

# An answer is data, and loads nothing, wherever it is opened. The pages there are, utils.service and utils.admin, say
# what more each of them needs. Django's own defaults are the other headers: nosniff, no frames, no referrer elsewhere.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "form-action": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready)/$", r"^metrics$"]  # probes and scrapes speak HTTP, from inside
WHITENOISE_ALLOW_ALL_ORIGINS = False  # who may read from elsewhere is said in CORS_ALLOWED_ORIGINS alone

# --- Throttles ------------------------------------------------------------------------------------

# Several windows in one rule: who goes on and on waits longer and longer. utils.throttling says whom each one counts.
THROTTLES = {
    "login": env.str("THROTTLE_LOGIN", default="10/minute;40/hour;100/day"),  # an account from one address
    # From all addresses: with those that a stranger may have, they shall not soon keep the owner out.
    "login_account": env.str("THROTTLE_LOGIN_ACCOUNT", default="30/minute;300/hour"),
    "login_address": env.str("THROTTLE_LOGIN_ADDRESS", default="30/minute;200/hour;1000/day"),
    "register": env.str("THROTTLE_REGISTER", default="8/minute;20/hour;60/day"),
    "refresh": env.str("THROTTLE_REFRESH", default="60/minute;600/hour"),
    "password": env.str("THROTTLE_PASSWORD", default="5/minute;20/hour;50/day"),
    "mail_account": env.str("THROTTLE_MAIL_ACCOUNT", default="3/15 minute;10/day"),
    "mail_address": env.str("THROTTLE_MAIL_ADDRESS", default="10/minute;60/hour;200/day"),
    "links": env.str("THROTTLE_LINKS", default="20/minute;200/hour"),
    "export": env.str("THROTTLE_EXPORT", default="4/minute;20/hour"),
    "imports": env.str("THROTTLE_IMPORTS", default="6/hour;20/day"),
    "writes": env.str("THROTTLE_WRITES", default="120/minute;3000/hour"),
    "search": env.str("THROTTLE_SEARCH", default="120/minute;2000/hour"),
    "misses": env.str("THROTTLE_MISSES", default="600/minute;10000/hour"),
}
for name, value in THROTTLES.items():
    try:
        parse_many(value or "1/second")
    except ValueError:
        raise ImproperlyConfigured(f'THROTTLE_{name.upper()} is no rule such as "5/minute;20/hour": {value}') from None
if not env.bool("THROTTLING", default=True):
    THROTTLES = {}
THROTTLE_PROCESSES = env.int("THROTTLE_PROCESSES", default=4)  # without Redis each lets in its share
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- Jobs -----------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")  # empty: jobs run on one background thread
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its log lines are as ours
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    # Seconds until what a worker took and never finished is handed out again, as when it was killed. A training may
    # run longer: the second one finds that it is not alone, and leaves.
    "visibility_timeout": 3600,
}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 100  # then a run is given back; a container's grace is longer by a little
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2}
CELERY_BEAT_SCHEDULE = {
    "train": {"task": "recommendations.train", "schedule": crontab(hour=3, minute=30)},
    "fresh layer of the model": {"task": "recommendations.refresh", "schedule": timedelta(minutes=1)},
    "lists too old to keep": {"task": "recommendations.trim_lists", "schedule": crontab(hour=4, minute=45)},
    "refresh votes and trending lists": {"task": "favorites.refresh_community", "schedule": timedelta(minutes=30)},
    "trending lists of TMDb": {"task": "movies.sync_trending", "schedule": timedelta(minutes=28)},
    "other lists of TMDb": {"task": "movies.sync_lists", "schedule": timedelta(minutes=55)},
    "films in full": {"task": "movies.sync_details", "schedule": timedelta(hours=1)},
    "films that TMDb changed": {"task": "movies.sync_changes", "schedule": crontab(hour=5, minute=0)},
    "genres of TMDb": {"task": "movies.sync_genres", "schedule": crontab(hour=5, minute=15)},
    "films too old to keep": {"task": "movies.refresh_catalogue", "schedule": crontab(hour=5, minute=30)},
    "films that TMDb has no more": {"task": "movies.sync_ids", "schedule": crontab(hour=9, minute=0)},
    "imports that stand still": {"task": "favorites.resume_imports", "schedule": timedelta(minutes=15)},
    "imports too old to keep": {"task": "favorites.forget_imports", "schedule": crontab(hour=4, minute=30)},
    "usage too old to keep": {"task": "operations.forget_usage", "schedule": crontab(hour=4, minute=50)},
    "sessions that ended": {"task": "authentication.forget_ended_sessions", "schedule": crontab(hour=4, minute=15)},
}
JOBS_EAGER = False

# --- The rest -------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_of(form="lines", level=LOG_LEVEL)
