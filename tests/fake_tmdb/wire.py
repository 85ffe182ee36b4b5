"""HTTP as bytes: responses, the exchange a fault may spoil, and a server that can drop every connection."""

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

JSON_TYPE = "application/json; charset=utf-8"
HEARTBEAT = 0.05


class Response(NamedTuple):
    """A body of bytes goes out with its length, an iterator of bytes in chunks."""

    status: int
    body: bytes | Iterator[bytes]
    headers: dict[str, str]

    def head(self, **instead: str) -> bytes:
        """The status line and headers; ``instead`` overrules, its underscores standing for hyphens."""
        framing = (
            {"content-length": str(len(self.body))}
            if isinstance(self.body, bytes)
            else {"transfer-encoding": "chunked"}
        )
        headers = framing | self.headers | {name.replace("_", "-"): value for name, value in instead.items()}
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}", *(f"{name}: {headers[name]}" for name in headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


def json_response(body: Any, status: int = 200, max_age: int | None = None) -> Response:
    """JSON as TMDb sends it: a weak ETag always, Cache-Control where it may be kept."""
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": JSON_TYPE}
    if status == HTTPStatus.OK:
        headers["etag"] = f'W/"{blake2b(encoded, digest_size=16).hexdigest()}"'
    if max_age is not None:
        headers["cache-control"] = f"public, max-age={max_age}"
    return Response(status, encoded, headers)


class Exchange:
    """One request on its connection: what was asked, and every way to answer it, the wrong ones included."""

    def __init__(self, handler: "Handler") -> None:
        target = urlsplit(handler.path)
        self.method = handler.command
        self.path = unquote(target.path)
        self.query = dict(parse_qsl(target.query, keep_blank_values=True))
        self.headers = handler.headers
        self.port = int(handler.server.server_address[1])
        self.honest: Callable[[], Response]
        self._handler = handler

    def body(self) -> bytes:
        return self._handler.rfile.read(int(self.headers.get("content-length") or 0))

    def send(self, response: Response) -> None:
        if isinstance(response.body, bytes):
            self.write(response.head() + response.body)
            return
        self.write(response.head())
        for chunk in response.body:
            self.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.write(b"0\r\n\r\n")

    def write(self, raw: bytes) -> None:
        self._handler.wfile.write(raw)

    def close(self) -> None:
        """End the connection in order once this exchange is over."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """End the connection with a RST."""
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()
        os.close(connection.detach())

    def hold(self, over: Event, seconds: float = float("inf")) -> bool:
        """Say nothing for a while; False if the client left or the fault was over before."""
        deadline = time.monotonic() + seconds
        connection = self._handler.connection
        while (left := deadline - time.monotonic()) > 0:
            if over.wait(min(HEARTBEAT, left)) or _left(connection):
                return False
        return True


def _left(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        self.server.play(Exchange(self))

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """The request log is the fake's own."""


class Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping it drops them."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int, play: Callable[[Exchange], None]) -> None:
        self.play = play
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks the name service who we are
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in mid-answer is what faults are for; anything else is a bug of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)
