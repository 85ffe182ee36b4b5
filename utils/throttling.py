"""How often one may ask: so many times in each of several moving windows, all processes together.

A request counts in every window of its scopes, or is refused and counts in none: who hammers at a closed door neither
keeps it closed nor uses up what others share with them. That takes one trip to Redis. Without Redis, or while it is
away, each process counts for itself and lets in its share.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse_many
from limits.storage import RedisStorage
from prometheus_client import Counter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from utils import shared
from utils.exceptions import ApplicationError
from utils.memory import Memory
from utils.text import email_key

THROTTLED = Counter("marquee_throttled", "Requests refused with 429, by scope.", ["scope"])

OF_WRITES = {"writes", "password", "imports"}  # reads pass these

# Two scripts of ``limits``, asked of all windows in one step: a trip for each could take a place in one window for a
# request that the next window refuses. KEYS and ARGV are theirs, here as arguments.
TAKE = f"""
local function seen(KEYS, ARGV) {RedisStorage.SCRIPT_MOVING_WINDOW.decode()} end
local function take(KEYS, ARGV) {RedisStorage.SCRIPT_ACQUIRE_MOVING_WINDOW.decode()} end
local now, free, told = ARGV[1], true, {{}}
for i, key in ipairs(KEYS) do
    local limit, seconds = ARGV[2 * i], ARGV[2 * i + 1]
    told[i] = seen({{key}}, {{now - seconds, limit}}) or {{now, 0}}
    free = free and told[i][2] < tonumber(limit)
end
for i, key in ipairs(free and KEYS or {{}}) do
    take({{key}}, {{now, ARGV[2 * i], ARGV[2 * i + 1], 1}})
end
return told
"""

_here: Memory[list[float]] = Memory(500_000, weigh=lambda times: len(times) + 10)  # some 20 MB, whoever floods us
_here_lock = Lock()


class Throttled(ApplicationError):
    status = 429
    code = "throttled"

    def __init__(self, seconds: int, headers: Mapping[str, str]) -> None:
        wait = f"{seconds} second{'s' if seconds > 1 else ''}"
        super().__init__(f"That was too often; try again in {wait}.", headers={"Retry-After": str(seconds), **headers})


class Window(NamedTuple):
    scope: str
    key: str
    limit: int
    seconds: int


Found = list[tuple[float, int]]  # in each window before this request: when the oldest came, and how many


def client_address(request: HttpRequest | Request) -> str:
    """Who asks, as far as they cannot choose it: of IPv6 the network of 64 bits, inside which a machine can.

    Each of our own proxies adds whom it heard the request from at the right end of X-Forwarded-For; what is left of
    TRUSTED_PROXIES entries is a client's own invention.
    """
    proxies = settings.TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-proxies:][0] if proxies else ""
    for named in (forwarded, request.META.get("REMOTE_ADDR", "")):
        try:
            address = ip_address(named.strip())
        except ValueError:
            continue
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64)
        return str(address)
    return ""


def throttle(request: Request, scopes: Iterable[str]) -> dict[str, str]:
    """Count this request, before it is worked on; its RateLimit headers. Raises Throttled."""
    return count({scope: WHO[scope](request) for scope in scopes})


def count(whom: Mapping[str, str]) -> dict[str, str]:
    """The same where there is no request of the API: by scope, whom it counts; "" for nobody."""
    windows = [window for scope, who in whom.items() for window in _windows(scope, who)]
    if not windows:
        return {}
    nobody: Found = []
    found = shared.ask(partial(_take_shared, windows), nobody)
    if not found:
        share = settings.THROTTLE_PROCESSES
        windows = [window._replace(limit=math.ceil(window.limit / share)) for window in windows]
        found = _take_here(windows)
    return _judge(windows, found)


def scopes_of(throttles: Iterable[str], method: str) -> list[str]:
    """Those of a view's ``throttles`` that count a request of this method."""
    reading = method in SAFE_METHODS
    return [scope for scope in throttles if method != "OPTIONS" and not (reading and scope in OF_WRITES)]


def _judge(windows: Sequence[Window], found: Found) -> dict[str, str]:
    now = time.time()
    pairs = list(zip(windows, found, strict=True))
    taken = all(count < window.limit for window, (_, count) in pairs)
    states = [
        (window.limit - count - taken, oldest + window.seconds - now, window) for window, (oldest, count) in pairs
    ]
    left, frees, tightest = min(states, key=lambda state: (state[0], -state[1]))  # of the full ones the last to open
    wait = max(1, math.ceil(frees))
    headers = {
        "RateLimit-Limit": str(tightest.limit),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(wait),
    }
    if not taken:
        THROTTLED.labels(tightest.scope).inc()
        raise Throttled(wait, headers)
    return headers


def _take_shared(windows: Sequence[Window], redis: Any) -> Found:
    bounds = [bound for window in windows for bound in (window.limit, window.seconds)]
    told = redis.register_script(TAKE)([window.key for window in windows], [time.time(), *bounds])
    return [(float(oldest), count) for oldest, count in told]


def _take_here(windows: Sequence[Window]) -> Found:
    """As TAKE does. ``limits`` has this too, but starts a thread for each request and keeps every key for good."""
    with _here_lock:
        now = time.time()
        times = [[t for t in _here.get(key) or () if t >= now - seconds] for _, key, _, seconds in windows]
        if all(len(mine) < window.limit for mine, window in zip(times, windows, strict=True)):
            for mine, window in zip(times, windows, strict=True):
                _here.put(window.key, [*mine, now], until=now + window.seconds)
    return [(min(mine, default=now), len(mine)) for mine in times]


def _windows(scope: str, who: str) -> list[Window]:
    rule = settings.THROTTLES.get(scope)
    if not rule or not who:
        return []
    hidden = _hidden(who)
    rates = _parsed(rule)
    return [
        Window(scope, f"marquee:throttle:{scope}:{hidden}:{rate}", rate.amount, rate.get_expiry()) for rate in rates
    ]


_parsed: Callable[[str], list[RateLimitItem]] = lru_cache(parse_many)


def _hidden(who: str) -> str:
    """No name or address lies among these keys, nor what a list of names could be held against."""
    return hashlib.blake2b(who.encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=16).hexdigest()


def who_logs_in(email: object, address: str) -> dict[str, str]:
    """The account, known here or not and as accounts compare addresses; from there; and whoever is there."""
    account = ""  # the request will be refused for what it has instead
    if isinstance(email, str):
        account = email_key(email.strip()[:254])
    return {
        "login": f"{account} {address}" if account else "",
        "login_account": account,
        "login_address": address,
    }


def _login(scope: str) -> Callable[[Request], str]:
    def who(request: Request) -> str:
        email = request.data.get("email") if isinstance(request.data, Mapping) else None
        return who_logs_in(email, client_address(request))[scope]

    return who


def _mailbox(request: Request) -> str:
    """A mailbox and what is asked to be sent there: who has one kind of mail sent in vain keeps no other kind back."""
    account = _login("login_account")(request)
    return f"{account} {request.path}" if account else ""


def _guesser(request: Request) -> str:
    """Who shows a password of their own beside a token: where the token was stolen, that is a guess."""
    shown = isinstance(request.data, Mapping) and {"password", "current_password"} & set(request.data)
    return _user(request) if shown else ""


def _user(request: Request) -> str:
    return str(request.user.pk or client_address(request))


WHO: dict[str, Callable[[Request], str]] = {
    "login": _login("login"),
    "login_account": _login("login_account"),
    "login_address": client_address,
    "register": client_address,
    "refresh": client_address,
    "password": _guesser,
    "mail_account": _mailbox,
    "mail_address": client_address,
    "links": client_address,
    "export": _user,
    "imports": _user,
    "writes": _user,
    "search": client_address,
    "misses": client_address,
}
