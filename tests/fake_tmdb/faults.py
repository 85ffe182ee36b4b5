"""Everything that can go wrong between TMDb and a client, by name.

A fault is a function of an exchange; it answers, or spoils the connection, and returns True. One that returns False
has only delayed things, and the next fault or the honest answer follows.
"""

import gzip
import json
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tests.fake_tmdb import errors
from tests.fake_tmdb.wire import JSON_TYPE, Exchange, Response, json_response

HTML = b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
BLOCK = 8 << 20
Player = Callable[..., bool]


@dataclass
class Fault:
    """A fault in force: for a share of the requests below a path, and for the first ``times`` of them alone."""

    name: str
    share: float = 1.0
    path_prefix: str = ""
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._play = FAULTS[self.name]
        self._chance = random.Random(self.name)
        self._lock = threading.Lock()

    def strikes(self, path: str) -> bool:
        with self._lock:
            if self.times == 0 or not path.startswith(self.path_prefix) or self._chance.random() >= self.share:
                return False
            if self.times is not None:
                self.times -= 1
            return True

    def play(self, exchange: Exchange) -> bool:
        return self._play(exchange, self.over, **self.options)


def latency(exchange: Exchange, over: threading.Event, seconds: float = 0.5) -> bool:
    over.wait(seconds)
    return False


def hang(exchange: Exchange, over: threading.Event) -> bool:
    """Never answers; lets go when the client does, or when healed."""
    exchange.hold(over)
    exchange.close()
    return True


def reset(exchange: Exchange, over: threading.Event) -> bool:
    exchange.reset()
    return True


def too_many(exchange: Exchange, over: threading.Event, retry_after: int | str = 1) -> bool:
    return _refuse(exchange, errors.too_many_requests(), {"retry-after": str(retry_after)})


def too_many_silent(exchange: Exchange, over: threading.Event) -> bool:
    return _refuse(exchange, errors.too_many_requests())


def server_error(exchange: Exchange, over: threading.Event) -> bool:
    return _refuse(exchange, errors.internal_error())


def unavailable(exchange: Exchange, over: threading.Event) -> bool:
    return _refuse(exchange, errors.offline())


def unauthorized(exchange: Exchange, over: threading.Event) -> bool:
    return _refuse(exchange, errors.unauthorized())


def bad_gateway_html(exchange: Exchange, over: threading.Event) -> bool:
    return _send(exchange, Response(502, HTML, {"content-type": "text/html"}))


def html(exchange: Exchange, over: threading.Event) -> bool:
    return _send(exchange, Response(200, HTML, {"content-type": "text/html"}))


def empty_body(exchange: Exchange, over: threading.Event) -> bool:
    return _send(exchange, exchange.honest()._replace(body=b""))


def truncated(exchange: Exchange, over: threading.Event, early_close: bool = False) -> bool:
    """Half of the JSON: announced as all there is, or the connection closed early."""
    response, body = _honest(exchange)
    half = body[: len(body) // 2]
    if early_close:
        exchange.write(response.head() + half)
        exchange.close()
        return True
    return _send(exchange, response._replace(body=half))


def two_documents(exchange: Exchange, over: threading.Event) -> bool:
    response, body = _honest(exchange)
    return _send(exchange, response._replace(body=body + body))


def stray_gzip(exchange: Exchange, over: threading.Event) -> bool:
    """gzip that no header announces."""
    response, body = _honest(exchange)
    return _send(exchange, response._replace(body=gzip.compress(body, mtime=0)))


def false_gzip(exchange: Exchange, over: threading.Event) -> bool:
    """A header that announces gzip over plain bytes."""
    response = exchange.honest()
    return _send(exchange, response._replace(headers=response.headers | {"content-encoding": "gzip"}))


def drip(exchange: Exchange, over: threading.Event, interval: float = 1.0) -> bool:
    """The honest answer a byte at a time, headers included."""
    response, body = _honest(exchange)
    for byte in response.head() + body:
        exchange.write(bytes([byte]))
        if not exchange.hold(over, interval):
            exchange.close()
            break
    return True


def huge(exchange: Exchange, over: threading.Event, megabytes: int = 36) -> bool:
    """One valid JSON document with many megabytes of padding."""
    head, tail, block = b'{"page":1,"results":[],"padding":"', b'"}', b" " * (1 << 20)
    response = Response(200, b"", {"content-type": JSON_TYPE})
    exchange.write(response.head(content_length=str(len(head) + len(tail) + megabytes * len(block))) + head)
    for _ in range(megabytes):
        exchange.write(block)
    exchange.write(tail)
    return True


def gzip_bomb(exchange: Exchange, over: threading.Event, megabytes: int = 512) -> bool:
    """Half a megabyte that inflates to a valid JSON document of many hundreds."""
    headers = {"content-type": JSON_TYPE, "content-encoding": "gzip"}
    return _send(exchange, Response(200, _bomb(megabytes), headers))


def redirect(exchange: Exchange, over: threading.Event, to: str | None = None) -> bool:
    """308 to another host: ``localhost`` for 127.0.0.1, where a client that follows should not bring its token."""
    location = to or f"http://localhost:{exchange.port}/elsewhere{exchange.path}"
    return _send(exchange, Response(308, b"", {"location": location}))


def nan(exchange: Exchange, over: threading.Event) -> bool:
    """Python's json writes and reads NaN; JSON has no such thing."""
    return _spoil(exchange, _with_nan)


def nulls(exchange: Exchange, over: threading.Event, depth: int = 1) -> bool:
    """Every value that lies deeper than ``depth`` is null; 0 leaves only the keys of the top level."""
    return _spoil(exchange, lambda body: _with_nulls(body, depth + 1))


def wrong_types(exchange: Exchange, over: threading.Event) -> bool:
    """Numbers as strings, strings as lists, lists as objects, objects as lists, under the right keys."""
    return _spoil(exchange, lambda body: {name: _swapped(value) for name, value in body.items()})


def _send(exchange: Exchange, response: Response) -> bool:
    exchange.send(response)
    return True


def _refuse(exchange: Exchange, refusal: errors.Refusal, headers: dict[str, str] | None = None) -> bool:
    response = json_response(refusal.body, refusal.status)
    return _send(exchange, response._replace(headers=response.headers | (headers or {})))


def _honest(exchange: Exchange) -> tuple[Response, bytes]:
    """The honest answer with its body in one piece."""
    response = exchange.honest()
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    return response._replace(body=body), body


def _spoil(exchange: Exchange, change: Callable[[Any], Any]) -> bool:
    """The honest answer with its JSON changed, keeping status and headers; what is not JSON goes out as it is."""
    response, body = _honest(exchange)
    if response.headers.get("content-type") == JSON_TYPE:
        body = json.dumps(change(json.loads(body)), ensure_ascii=False).encode()
    return _send(exchange, response._replace(body=body))


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_nan(inner) for inner in value]
    return float("nan") if isinstance(value, float) else value


def _with_nulls(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {name: _with_nulls(inner, depth - 1) for name, inner in value.items()} if value else None
    if isinstance(value, list) and depth > 0:
        return [_with_nulls(inner, depth) for inner in value]
    return value if depth > 0 else None


def _swapped(value: Any) -> Any:
    if isinstance(value, dict):
        return [_swapped(inner) for inner in value.values()]
    if isinstance(value, list):
        return {str(place): _swapped(inner) for place, inner in enumerate(value)}
    return [value] if isinstance(value, str) else str(value)


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    """One gzip stream, its compressed block repeated, since compressing half a gigabyte would take seconds."""
    return b"".join(_bomb_pieces(-(-(megabytes << 20) // BLOCK)))


def _bomb_pieces(n_blocks: int) -> Iterator[bytes]:
    head, tail, block = b'{"page":1,"results":[],"padding":"', b'"}', b" " * BLOCK
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    yield _deflated(head)
    yield _deflated(block) * n_blocks
    yield _deflated(tail, last=True)
    checksum = zlib.crc32(head)
    for _ in range(n_blocks):
        checksum = zlib.crc32(block, checksum)
    size = len(head) + n_blocks * BLOCK + len(tail)
    yield zlib.crc32(tail, checksum).to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def _deflated(data: bytes, last: bool = False) -> bytes:
    """Data as deflate blocks that stand on their own, ending on a byte."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


PLAYERS: tuple[Player, ...] = (
    *(latency, hang, reset, drip, truncated, empty_body, huge, gzip_bomb),
    *(too_many, too_many_silent, server_error, bad_gateway_html, unavailable, unauthorized),
    *(html, two_documents, stray_gzip, false_gzip, redirect, nan, nulls, wrong_types),
)
FAULTS = {player.__name__: player for player in PLAYERS}
