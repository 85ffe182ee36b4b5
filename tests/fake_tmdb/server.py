"""TMDb on loopback: routing between the log, the faults, planted answers, the catalogue and the control paths."""

import hmac
import json
import threading
import time
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.fake_tmdb.api import Api
from tests.fake_tmdb.catalogue import Catalogue
from tests.fake_tmdb.errors import Refusal, not_found, unauthorized
from tests.fake_tmdb.exports import export
from tests.fake_tmdb.faults import FAULTS, Fault
from tests.fake_tmdb.recordings import Recording, end_to_end_headers
from tests.fake_tmdb.request_log import Request, RequestLog
from tests.fake_tmdb.wire import JSON_TYPE, Exchange, Response, Server, json_response

CONTROL = "/_control/"
EXPORTS = "/p/exports"
ROOTS = ("/3/", "/p/", "/_control/", "/elsewhere")


class Planted(NamedTuple):
    query: dict[str, str] | None
    response: Response

    def exactness(self) -> int:
        """The more parameters, the more exact; the page says least."""
        return -1 if self.query is None else sum(1 if name == "page" else 2 for name in self.query)

    def answers(self, query: dict[str, str]) -> bool:
        """Every parameter planted was asked for; a page left out is the first."""
        asked = {"page": "1"} | query
        return self.query is None or ({"page": "1"} | self.query).items() <= asked.items()


class FakeTMDb:
    """A TMDb that one can break. Start it with ``with`` or ``start()``; then ``url`` is what TMDB_BASE_URL takes.

    Paths here may be given as below ``url`` ("/movie/7") or as they are on the wire ("/3/movie/7").
    """

    def __init__(
        self,
        port: int = 0,
        n_films: int = 2000,
        seed: int = 1,
        token: str | None = None,
        catalogue: Catalogue | None = None,
        moving: bool = True,
    ) -> None:
        self.port = port
        self.token = token
        self.catalogue = catalogue or Catalogue(n_films, seed)
        self.api = Api(self.catalogue, moving=moving)
        self._server: Server | None = None
        self._log = RequestLog()
        self._faults: list[Fault] = []
        self._planted: dict[str, list[Planted]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/3"

    @property
    def exports_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{EXPORTS}"

    def start(self) -> Self:
        """Listen, after a stop on the same port again."""
        self._server = Server(self.port, self._play)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), name="fake-tmdb", daemon=True).start()
        return self

    def stop(self) -> None:
        """A dead port: nobody listens, and every open connection is dropped."""
        if self._server is not None:
            server, self._server = self._server, None
            server.shutdown()
            server.server_close()
            server.drop_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.heal()
        self.stop()

    def fault(
        self, name: str, share: float = 1.0, path_prefix: str = "", times: int | None = None, **options: Any
    ) -> None:
        """From now on a share of the requests below a path goes wrong; faults add up until ``heal``.

        ``times`` ends it after so many; ``options`` are those of the function in ``faults``.
        """
        if name not in FAULTS:
            raise ValueError(f"No fault is called {name}; there are {', '.join(FAULTS)}.")
        self._faults = [*self._faults, Fault(name, share, _on_wire(path_prefix), times, options)]

    def heal(self) -> None:
        """End all faults; requests that hang are let go."""
        healed, self._faults = self._faults, []
        for fault in healed:
            fault.over.set()

    @property
    def requests(self) -> list[Request]:
        return self._log.latest()

    def calls(self, path_prefix: str = "") -> int:
        """How many requests came below a path."""
        start = _on_wire(path_prefix)
        return sum(count for path, count in self._log.counts().items() if path.startswith(start))

    def busiest_second(self) -> int:
        """The largest number of requests in any second, wherever it begins."""
        return self._log.busiest_second()

    def reset(self) -> None:
        """No faults, no planted answers, an empty log; edits of the catalogue stay."""
        self.heal()
        self._planted = {}
        self._log.clear()

    def answer(
        self,
        path: str,
        status: int,
        body: Any,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> None:
        """Plant one answer: bytes and text go out as they are, anything else as JSON.

        Without ``query`` it answers every request for the path, otherwise those that ask for at least that; a query
        without a page means the first page. The latest of the most exact wins.
        """
        encoded = body.encode() if isinstance(body, str) else body
        response = Response(status, encoded, {}) if isinstance(encoded, bytes) else json_response(body, status)
        response = response._replace(headers={"content-type": JSON_TYPE} | response.headers | (headers or {}))
        planted = [Planted(query, response), *self._planted.get(_on_wire(path), [])]
        self._planted[_on_wire(path)] = sorted(planted, key=Planted.exactness, reverse=True)

    def replay(self, recording: Recording) -> None:
        """Plant a recording at its path."""
        request = recording["request"]
        headers = end_to_end_headers(recording)
        self.answer(request["path"], recording["status"], recording["body"], headers, request["query"])

    def edit(self, tmdb_id: int, **fields: Any) -> None:
        """Change a film; see ``Catalogue.edit``."""
        self.catalogue.edit(tmdb_id, **fields)

    def delete(self, tmdb_id: int) -> None:
        """The film is gone: 404 with code 34, in no list, named by no change."""
        self.catalogue.delete(tmdb_id)

    def restore(self, tmdb_id: int) -> None:
        self.catalogue.restore(tmdb_id)

    def _play(self, exchange: Exchange) -> None:
        if exchange.path.startswith(CONTROL):
            exchange.send(self._control(exchange))
            return
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        self._log.add(Request(time.monotonic(), exchange.method, exchange.path, exchange.query, headers))
        exchange.honest = lambda: self._respond(exchange)
        for fault in self._faults:
            if fault.strikes(exchange.path) and fault.play(exchange):
                return
        exchange.send(exchange.honest())

    def _respond(self, exchange: Exchange) -> Response:
        try:
            if exchange.path.startswith(EXPORTS):
                return Response(200, export(self.catalogue, exchange.path), {"content-type": "application/gzip"})
            if exchange.method != "GET" or not exchange.path.startswith("/3/"):
                raise not_found()
            self._check_credential(exchange)
            planted = self._planted_for(exchange)
            if planted is not None:
                return planted
            answer = self.api.answer(exchange.path.removeprefix("/3/"), exchange.query)
            return json_response(answer.body, max_age=answer.max_age)
        except Refusal as refusal:
            return json_response(refusal.body, refusal.status)

    def _planted_for(self, exchange: Exchange) -> Response | None:
        planted = self._planted.get(exchange.path, [])
        return next((one.response for one in planted if one.answers(exchange.query)), None)

    def _check_credential(self, exchange: Exchange) -> None:
        scheme, _, bearer = (exchange.headers.get("Authorization") or "").partition(" ")
        given = bearer.strip() if scheme.lower() == "bearer" else exchange.query.get("api_key", "")
        if not given or (self.token is not None and not hmac.compare_digest(given.encode(), self.token.encode())):
            raise unauthorized()

    def _control(self, exchange: Exchange) -> Response:
        """The same from outside the process; neither counted nor faulted."""
        action = exchange.path.removeprefix(CONTROL)
        try:
            wanted = json.loads(exchange.body() or b"{}")
            if action == "fault":
                self.fault(**wanted)
            elif action == "delete":
                self.delete(int(wanted["tmdb_id"]))
            elif action in ("heal", "reset"):
                getattr(self, action)()
            elif action != "stats":
                return json_response({"error": f"no control is called {action}"}, 404)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return json_response({"error": str(error)}, 400)
        return json_response(self._stats())

    def _stats(self) -> dict[str, Any]:
        return {"calls": self._log.counts(), "total": self.calls(), "busiest_second": self.busiest_second()}


def _on_wire(path: str) -> str:
    """A path as it is on the wire; one below ``url`` is spelt out."""
    return path if not path or path.startswith(ROOTS) else f"/3/{path.lstrip('/')}"
