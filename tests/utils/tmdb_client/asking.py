"""Clients of the fake, and what became of their calls."""

import time
from concurrent.futures import ThreadPoolExecutor

from utils.tmdb_client import TMDbClient, TMDbError
from utils.tmdb_client.limits import RateLimit

READ_TOKEN = "eyJhbGciOiJIUzI1NiJ9.the-secret-of-the-tests"
DEADLINE = 0.8
OVERRUN = 0.3


def client_of(server, *, rate=1000, **options):
    """A client of the fake, alone with its limit, whatever Redis the environment has."""
    usual = {"base_url": server.url, "exports_url": server.exports_url, "token": READ_TOKEN}
    usual |= {"read_timeout": 0.5, "deadline": DEADLINE, "limit": RateLimit(rate, with_redis=False)}
    return TMDbClient(**(usual | options))


def outcome_of(call):
    """What a call gave or raised, and the seconds it took."""
    started = time.monotonic()
    try:
        result = call()
    except TMDbError as exc:
        result = exc
    return result, time.monotonic() - started


def error_of(call):
    return outcome_of(call)[0]


def many(n_calls, n_threads, call):
    with ThreadPoolExecutor(n_threads) as pool:
        return [future.result() for future in [pool.submit(call) for _ in range(n_calls)]]
