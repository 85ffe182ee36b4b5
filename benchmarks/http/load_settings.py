"""Production, with a bare view beside the real ones, tokens that outlive a long run, and what a run leaves out."""

from datetime import timedelta

from config.settings.production import *  # noqa: F403
from config.settings.production import MIDDLEWARE, SIMPLE_JWT, env

ROOT_URLCONF = "benchmarks.http.load_urls"
SIMPLE_JWT = {**SIMPLE_JWT, "ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}
MIDDLEWARE = [name for name in MIDDLEWARE if name not in env.list("BENCH_WITHOUT", default=[])]
