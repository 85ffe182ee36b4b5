"""Many writers on one account: is every acknowledged write there, in the order that the versions tell?

Clients put, take off, rate and change in bulk the same films over HTTP, each as fast as it is answered. Afterwards the
account's lists are read: of every film the acknowledged write with the highest version must be what is there.

    DATABASE_URL=postgres://... python -m benchmarks.drills.writers --clients 100 --out writers.md
"""

from __future__ import annotations

import argparse
import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.drills.stack import Stack

PASSWORD = "four words nobody guesses"  # noqa: S105  # of an account that lives as long as the drill
SHELVES = ("favorites", "ratings", "watchlist", "hidden")
N_FILMS = 40

State = float | bool  # a rating's value, elsewhere whether the film is there


@dataclass
class Told:
    """What one client was told: by shelf and film, every version with the state that it left."""

    writes: list[tuple[str, int, int, State]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0


class Client(threading.Thread):
    def __init__(self, port: int, token: str, films: list[int], seconds: float, seed: int) -> None:
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.films, self.seconds, self.chance, self.told = films, seconds, random.Random(seed), Told()

    def run(self) -> None:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            shelf = self.chance.choice(SHELVES)
            self.chance.choices([self.put, self.post, self.take_off, self.bulk], [4, 1, 4, 1])[0](shelf)

    def put(self, shelf: str) -> None:
        film, value = self.chance.choice(self.films), self.value()
        _, version, _ = self.ask("PUT", f"{shelf}/{film}/", {"value": value} if shelf == "ratings" else {})
        self.note(shelf, film, version, value if shelf == "ratings" else True)

    def post(self, shelf: str) -> None:
        film, value = self.chance.choice(self.films), self.value()
        body = {"tmdb_id": film} | ({"value": value} if shelf == "ratings" else {})
        _, version, _ = self.ask("POST", f"{shelf}/", body)
        self.note(shelf, film, version, value if shelf == "ratings" else True)

    def take_off(self, shelf: str) -> None:
        film = self.chance.choice(self.films)
        _, version, _ = self.ask("DELETE", f"{shelf}/{film}/")
        self.note(shelf, film, version, False)

    def bulk(self, shelf: str) -> None:
        films, value = self.chance.sample(self.films, 6), self.value()
        add = [{"tmdb_id": film} | ({"value": value} if shelf == "ratings" else {}) for film in films[:3]]
        status, _, data = self.ask("POST", f"{shelf}/bulk/", {"add": add, "remove": films[3:]})
        if status == 200:
            for row in data["add"]:
                self.note(shelf, row["tmdb_id"], row["version"], value if shelf == "ratings" else True)
            for row in data["remove"]:
                self.note(shelf, row["tmdb_id"], row["version"], False)

    def value(self) -> float:
        return self.chance.randint(1, 20) / 2

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, int | None, Any]:
        began = time.monotonic()
        try:
            data = None if body is None else orjson.dumps(body)
            self.connection.request(method, f"/api/v1/{path}", data, self.headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.told.statuses[0] += 1
            return 0, None, None
        self.told.statuses[answer.status] += 1
        self.told.slowest = max(self.told.slowest, time.monotonic() - began)
        version = answer.headers.get("Library-Version")
        told = orjson.loads(content)["data"] if content else None
        return answer.status, int(version) if version else None, told

    def note(self, shelf: str, film: int, version: int | None, state: State) -> None:
        if version is not None:
            self.told.writes.append((shelf, film, version, state))


def account(port: int) -> tuple[str, list[int]]:
    """The token of a new account, and films to write about."""
    visitor = Client(port, "", [], 0, 0)
    visitor.headers = {"Content-Type": "application/json"}
    email = f"drill-{time.time_ns()}@example.org"
    _, _, tokens = visitor.ask("POST", "auth/register/", {"email": email, "password": PASSWORD})
    _, _, films = visitor.ask("GET", f"movies/?per_page={N_FILMS}")
    return tokens["access"], [film["tmdb_id"] for film in films]


def left_in(port: int, token: str, shelf: str) -> dict[int, State]:
    reader = Client(port, token, [], 0, 0)
    _, _, rows = reader.ask("GET", f"{shelf}/?per_page=100")
    return {row["movie"]["tmdb_id"]: row["value"] if shelf == "ratings" else True for row in rows}


def wrong_films(clients: list[Client], port: int, token: str) -> list[str]:
    """Films whose state is not what the acknowledged write with the highest version left."""
    last: dict[tuple[str, int], tuple[int, State]] = {}
    for client in clients:
        for shelf, film, version, state in client.told.writes:
            if version >= last.get((shelf, film), (0, False))[0]:
                last[shelf, film] = (version, state)
    left = {shelf: left_in(port, token, shelf) for shelf in SHELVES}
    return [
        f"{shelf} {film}: {left[shelf].get(film, False)}, but version {version} left {state}"
        for (shelf, film), (version, state) in sorted(last.items())
        if left[shelf].get(film, False) != state
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with Stack(redis=True, films=50) as stack:
        stack.manage("load_demo", "--verbosity", "0")
        port = stack.web.port
        token, films = account(port)
        clients = [Client(port, token, films, options.seconds, seed) for seed in range(options.clients)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        wrong = wrong_films(clients, port, token)
        database = stack.env["DATABASE_URL"].partition(":")[0]
        locked = (stack.folder / "web.log").read_text().count("database is locked")
    statuses = sum((client.told.statuses for client in clients), Counter[int]())
    failures = sum(count for status, count in statuses.items() if status >= 500 or status == 0)
    command = f"python -m benchmarks.drills.writers --clients {options.clients} --seconds {options.seconds:g}"
    report = f"""\
# {options.clients} writers on one account, {database}

`DATABASE_URL={database}://... {command}`

| | |
|---|---|
| writes | {statuses.total()} in {options.seconds:g} s, on {N_FILMS} films of four shelves |
| answers by status | {", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))} |
| slowest | {max(client.told.slowest for client in clients):.2f} s |
| failures (5xx, or no answer) | {failures} |
| "database is locked" in the log | {locked} |
| films that are not what their highest acknowledged version left | {len(wrong)} |
"""
    print(report, *wrong[:10], sep="\n")
    if options.out:
        options.out.write_text(report)
    if failures or locked or wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
