"""What lints migrations: `DJANGO_SETTINGS_MODULE=tests.migrations.settings manage.py lintmigrations`, on PostgreSQL."""

from config.settings.testing import *  # noqa: F403
from config.settings.testing import INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
LOGGING = LOGGING | {"root": LOGGING["root"] | {"level": "WARNING"}}

# From before the first release: no older version ever ran beside them. A later migration joins them with a reason of
# its own alone, such as that its table holds a few rows and is rarely written to.
BEFORE_THE_FIRST_RELEASE = [
    "0002_session_device",
    "0002_tmdb",
    "0002_versions_and_removals",
    "0002_watch_limits",
    "0004_lookup_indexes",
]
MIGRATION_LINTER_OPTIONS = {
    "ignore_name": BEFORE_THE_FIRST_RELEASE,
    "no_cache": True,
    "warnings_as_errors": [],  # all of them: an index built without CONCURRENTLY stops every write to its table
}
