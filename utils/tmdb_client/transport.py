"""One GET to TMDb, over in time whatever the other side does, and with the secret on the wire alone."""

import http.client
import io
import json
import os
import re
import socket
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from itertools import chain, zip_longest
from threading import Thread
from typing import Any

import orjson
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MAX_WIRE_BYTES = 8 * 2**20
MAX_BODY_BYTES = 16 * 2**20
MAX_CONNECTIONS = 10  # TMDb's CDN stops at 20 of one address
EXPORT_READ_TIMEOUT = 15.0
_BLOCK = 64 * 1024
_GZIP = b"\x1f\x8b"
_NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)


class Fault(Exception):
    """No usable answer. The text names the kind of failure, never the URL."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after: str
    body: Any  # None where it was not JSON


@dataclass(frozen=True, slots=True, repr=False)
class _Call:
    """What the connection, deep inside urllib3, has to know of the call it carries."""

    deadline: float
    connect_timeout: float
    read_timeout: float
    bearer: str = ""
    api_key: str = ""

    def within(self, seconds: float) -> float:
        """A time-out for the next step that does not reach past the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline passed")
        return min(seconds, left)


_call: ContextVar[_Call] = ContextVar("tmdb_call")


class _TimedReader(io.RawIOBase):
    """A socket's bytes under the deadline: a socket's own time-out starts anew with every byte that drips in."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, call: _Call) -> None:
        self._raw, self._sock, self._call_made = raw, sock, call

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._call_made.within(self._call_made.read_timeout))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = io.BufferedReader(_TimedReader(self.fp.detach(), sock, _call.get()))


class _Wire(HTTPConnection):
    """A connection that keeps the deadline while connecting and reading, and signs the request as it goes out.

    Signed here, the key is in no URL that requests or urllib3 could log or put in an exception.
    """

    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        call = _call.get()
        failure = OSError("the name has no address")
        for family, kind, protocol, _, address in _alternating(self._dns_host, self.port, call):
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(call.within(call.connect_timeout))
                sock.connect(address)
                sock.settimeout(call.within(call.connect_timeout))  # for the TLS handshake that may follow
                return sock
            except OSError as exc:
                sock.close()
                failure = exc
        raise failure

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        call = _call.get()
        if call.api_key:
            url += f"{'&' if '?' in url else '?'}api_key={call.api_key}"
        super().putrequest(method, url, *args, **kwargs)
        if call.bearer:
            self.putheader("Authorization", f"Bearer {call.bearer}")


_known_addresses: dict[tuple[str, int | None], list[Any]] = {}


def _addresses(host: str, port: int | None, call: _Call) -> list[Any]:
    """What the name resolves to, or did the last time where the resolver takes too long: it knows no time-out."""
    found: list[list[Any]] = []

    def look_up() -> None:
        with suppress(OSError):
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    looking = Thread(target=look_up, name="resolver", daemon=True)
    looking.start()
    looking.join(call.within(call.connect_timeout))
    if found:
        _known_addresses[host, port] = found[0]
    return _known_addresses.get((host, port), [])


def _alternating(host: str, port: int | None, call: _Call) -> Iterator[Any]:
    """Addresses, one of each family in turn: IPv6 routes to TMDb have hung for all of theirs (jellyfin/TMDbLib#223)."""
    families: dict[int, list[Any]] = {}
    for found in _addresses(host, port, call):
        families.setdefault(found[0], []).append(found)
    return filter(None, chain.from_iterable(zip_longest(*families.values())))


class _SecureWire(_Wire, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Wire


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureWire


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read the whole body of a redirect, even one that it is told not to follow."""


class Transport:
    """GETs under one base URL, over connections that are kept for the next one. Safe to share among threads."""

    def __init__(self, base_url: str, *, token: str, connect_timeout: float, read_timeout: float) -> None:
        token = token.strip()
        if not token.isascii() or not token.isprintable():
            raise ValueError("the TMDb credential holds characters that no header can carry")
        self._base_url = base_url.rstrip("/")
        is_key = re.fullmatch(r"[0-9a-fA-F]{32}", token)  # as a Bearer token, TMDb answers such a key with 401
        self._bearer, self._api_key = ("", token) if is_key else (token, "")
        self._timeouts = (connect_timeout, read_timeout)
        self._sessions: dict[int, requests.Session] = {}

    def __repr__(self) -> str:
        return f"<Transport {self._base_url}>"

    def get(self, path: str, params: Mapping[str, str], *, deadline: float) -> Answer:
        """The answer, whatever its status; Fault where none came whole before ``deadline`` (of time.monotonic)."""
        call = _Call(deadline, *self._timeouts, self._bearer, self._api_key)
        try:
            with self._send(self._base_url + path, params, call) as response:
                wire = _whole_body(response)
        except _NETWORK_ERRORS as exc:
            raise Fault(type(exc).__name__) from None
        return Answer(response.status_code, response.headers.get("Retry-After", ""), _json(_inflated(wire)))

    def lines(self, url: str, *, deadline: float) -> Iterator[bytes]:
        """The lines of a gzip file of any size. It is a public file of another host, so the secret stays here."""
        call = _Call(deadline, self._timeouts[0], EXPORT_READ_TIMEOUT)
        try:
            with self._send(url, {}, call) as response:
                if response.status_code != 200:
                    raise Fault(f"status {response.status_code}", status=response.status_code)
                yield from _lines(_inflating(_blocks(response)))
        except (*_NETWORK_ERRORS, zlib.error) as exc:
            raise Fault(type(exc).__name__) from None

    def _send(self, url: str, params: Mapping[str, str], call: _Call) -> requests.Response:
        token = _call.set(call)
        try:
            return self._session().get(
                url,
                params={name: value.encode(errors="replace") for name, value in params.items()},
                stream=True,
                allow_redirects=False,
                timeout=(call.within(call.connect_timeout), call.within(call.read_timeout)),
            )
        finally:
            _call.reset(token)

    def _session(self) -> requests.Session:
        """This process's session: after a fork, parent and child must not speak over one socket."""
        pid = os.getpid()
        return self._sessions.get(pid) or self._sessions.setdefault(pid, _session())


def _session() -> requests.Session:
    session = _Session()
    session.trust_env = False  # no netrc, no proxy found in the environment
    session.headers["Accept-Encoding"] = "gzip"
    session.headers["Accept"] = "application/json"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=MAX_CONNECTIONS, max_retries=0))
    return session


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes: ``read`` would wait for a full block, ``iter_content`` for a decoded one."""
    while block := response.raw.read1(_BLOCK, decode_content=False):
        yield block


def _whole_body(response: requests.Response) -> bytes:
    body = bytearray()
    for block in _blocks(response):
        body += block
        if len(body) > MAX_WIRE_BYTES:
            raise Fault("the body is too large")
    return bytes(body)


def _inflated(wire: bytes) -> bytes:
    """The body without gzip. Its first bytes tell: Content-Encoding lies both ways (seerr-team/seerr#3050)."""
    if not wire.startswith(_GZIP):
        return wire
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(wire, MAX_BODY_BYTES)
    except zlib.error:
        raise Fault("the gzip body is damaged") from None
    if not unpacker.eof:
        raise Fault("the gzip body is cut short or too large")
    return body


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _lenient_json(body) if rb"\ud" in body.lower() else None


def _lenient_json(body: bytes) -> Any:
    """JSON with half a surrogate pair in it, for which orjson would refuse a page of twenty films."""
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _inflating(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks, unpacked a megabyte at a time if the first bytes are gzip's."""
    blocks = iter(blocks)
    first = next(blocks, b"")
    while len(first) < len(_GZIP) and (more := next(blocks, b"")):
        first += more
    if not first.startswith(_GZIP):
        yield from chain([first], blocks)
        return
    unpacker = zlib.decompressobj(wbits=31)
    for block in chain([first], blocks):
        while block and not unpacker.eof:
            yield unpacker.decompress(block, 2**20)
            block = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise Fault("the gzip file is cut short")


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > 2**20:
            raise Fault("a line without an end")
    if rest:
        yield rest
