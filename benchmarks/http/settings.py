"""A production server with a reference view beside the real one; it tells who asks how many queries it made."""

from config.settings.production import *  # noqa: F403
from config.settings.production import MIDDLEWARE

ROOT_URLCONF = "benchmarks.http.urls"
MIDDLEWARE = ["benchmarks.http.counting.QueryCount", *MIDDLEWARE]
