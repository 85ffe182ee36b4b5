"""One model takes over from another under load, and back: does any request fail, and how long does it take?

Signed-in clients ask for recommendations all the while, each as fast as it is answered. A third into it another version
is activated by the API, two thirds into it that is rolled back. Then an array of the version before is truncated: it is
not to be activated, nor rolled back to.

    DATABASE_URL=postgres://... python -m benchmarks.drills.activation --clients 8 --seconds 60 --out activation.md
"""

from __future__ import annotations

import argparse
import http.client
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.drills.stack import Stack

PASSWORD = "four words nobody guesses"  # noqa: S105  # of accounts that live as long as the drill
STAFF = "operator@example.org"
ENGINES = ("popular", "genre_affinity", "knn")
LIKED = 8
ANSWERS_A_CONNECTION = 20  # then a new one, so that every client speaks with both workers
MODELS = "recommendations/models/"
SOON = 5.0  # seconds, until both workers serve what was activated or rolled back to


@dataclass(frozen=True)
class Got:
    """One answer: when it was asked for and came (seconds, monotonic), its status, and the model that it names."""

    at: float
    until: float
    status: int
    model: str


class Client(threading.Thread):
    def __init__(self, port: int, token: str = "", path: str = "recommendations/") -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.path, self.got, self.enough = path, list[Got](), threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            began = time.monotonic()
            status, told = self.ask("GET", self.path)
            meta = told.get("meta") or {}
            self.got.append(Got(began, time.monotonic(), status, str(meta.get("model_version") or "")))
            if len(self.got) % ANSWERS_A_CONNECTION == 0:
                self.connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and envelope; 0 without an answer."""
        try:
            data = None if body is None else orjson.dumps(body)
            self.connection.request(method, f"/api/v1/{path}", data, self.headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0, {}
        return answer.status, orjson.loads(content) if content.startswith(b"{") else {}


def staff_of(stack: Stack) -> Client:
    """A client signed in as somebody who may activate models."""
    code = f"from apps.authentication.models import User; User.objects.create_superuser({STAFF!r}, {PASSWORD!r})"
    stack.manage("shell", "--no-imports", "-c", code)
    _, told = Client(stack.web.port).ask("POST", "auth/login/", {"email": STAFF, "password": PASSWORD})
    return Client(stack.web.port, told["data"]["access"])


def viewer_of(port: int, number: int) -> Client:
    """A client signed in as somebody new who likes a few films."""
    visitor = Client(port)
    body = {"email": f"drill-{number}-{time.time_ns()}@example.org", "password": PASSWORD}
    _, told = visitor.ask("POST", "auth/register/", body)
    viewer = Client(port, told["data"]["access"])
    _, films = viewer.ask("GET", f"movies/?per_page={LIKED}&page={number + 1}")
    for film in films["data"]:
        viewer.ask("PUT", f"favorites/{film['tmdb_id']}/", {})
    return viewer


@dataclass(frozen=True)
class Switch:
    """From one model to another, by the API: the one that answers now, and how long the request took."""

    model: str
    status: int
    began: float
    seconds: float


def switched(staff: Client, path: str) -> Switch:
    began = time.monotonic()
    status, told = staff.ask("POST", f"{MODELS}{path}")
    return Switch(str((told.get("data") or {}).get("name")), status, began, time.monotonic() - began)


def lateness(switch: Switch, got: list[Got], until: float) -> float:
    """Seconds from the end of the switch until the last question that another model answered; 0 where none did."""
    done = switch.began + switch.seconds
    late = [one.at - done for one in got if done < one.at < until and one.model != switch.model]
    return max(late, default=0.0)


def truncate(root: Path, model: str) -> str:
    """Cut an array of the model short; its name."""
    array = next((root / model / "knn").glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-64])
    return f"{array.parent.name}/{array.name}"


def refusals(staff: Client, root: Path, model: str) -> list[str]:
    """What is said of activating a model whose array was cut short, and of rolling back to it."""
    said = [f"`{truncate(root, model)}` of the model before was cut short by 64 bytes."]
    for words, path in (("activating it", f"{model}/activate/"), ("rolling back to it", "roll-back/")):
        status, told = staff.ask("POST", f"{MODELS}{path}")
        said.append(f"{words}: {status} `{told.get('code')}`")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="marquee-models-"))
    with Stack(redis=True, films=50, ARTIFACT_ROOT=root) as stack:
        stack.manage("load_demo", "--verbosity", "0")
        for _ in range(2):
            stack.manage("train", *(word for name in ENGINES for word in ("--engine", name)))
        staff = staff_of(stack)
        newer, older = (model["name"] for model in staff.ask("GET", MODELS)[1]["data"])
        viewers = [viewer_of(stack.web.port, number) for number in range(options.clients)]
        for viewer in viewers:
            viewer.start()
        time.sleep(options.seconds / 3)
        there = switched(staff, f"{older}/activate/")
        time.sleep(options.seconds / 3)
        back = switched(staff, "roll-back/")
        time.sleep(options.seconds / 3)
        for viewer in viewers:
            viewer.enough.set()
        for viewer in viewers:
            viewer.join()
        said = refusals(staff, root, older)
        after = viewers[0].ask("GET", "recommendations/")[1]["meta"]["model_version"]
    got = [one for viewer in viewers for one in viewer.got]
    statuses = Counter(one.status for one in got)
    failures = len(got) - statuses[200]
    slowest = max(one.until - one.at for one in got)
    late = [lateness(there, got, back.began), lateness(back, got, float("inf"))]
    database = stack.env["DATABASE_URL"].partition(":")[0]
    command = f"python -m benchmarks.drills.activation --clients {options.clients} --seconds {options.seconds:g}"
    report = f"""\
# A model takes over under load, and back, {database}

`DATABASE_URL={database}://... {command}`

Two workers; {len(ENGINES)} engines ({", ".join(ENGINES)}) trained on the demo's community, twice.

| | |
|---|---|
| requests | {len(got)} in {options.seconds:g} s, by {options.clients} signed-in clients |
| answers by status | {", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))} |
| failed requests | {failures} |
| slowest | {slowest:.2f} s |
| activation by the API | {there.status}, in {there.seconds:.2f} s |
| until both workers served it | {late[0]:.2f} s after that answer |
| roll back by the API | {back.status}, in {back.seconds:.2f} s |
| until both workers served the one before | {late[1]:.2f} s after that answer |

{" ".join([said[0], *(f"{one[0].upper()}{one[1:]}." for one in said[1:])])} \
{"The active model stayed." if after == newer else f"It is {after} that answered then."}
"""
    print(report)
    if options.out:
        options.out.write_text(report)
    right = (there.model, back.model, after) == (older, newer, newer)
    in_time = all(one.seconds + seconds < SOON for one, seconds in zip((there, back), late, strict=True))
    if failures or not (right and in_time) or any("409" not in one for one in said[1:]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
