"""A tour of the product in five minutes, for an audience: every command is run as it is printed, and docs/DEMO.md is
what was said and answered. It lies here, with what else is run against a server that it starts and writes a document.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from benchmarks.drills.stack import ROOT, Process, free_port

Shown = Callable[[Any], Any]
SHOWN_AT = "http://127.0.0.1:8000"  # where `make run` serves
FIELD = (
    "field() { python3 -c 'import functools, json, sys; print(functools.reduce(lambda body, name: body[name], "
    'sys.argv[1].split("."), json.load(sys.stdin)))\' "$1"; }'
)
HEAD = f"""# Demo: five minutes with Marquee

<!-- Written by make demo-tour, from a run on the demo data. Change benchmarks/tour.py, then run it again. -->

What to say and what to type, in front of an audience. Start `make run` beforehand, and open
{SHOWN_AT}/api/docs/ in a browser beside the terminal. Every command below was run as it stands, in this
order; of the answers only what the words speak of is shown. `make demo-tour` replays it all against a server of its
own, `make demo-tour SERVER=http://...` against yours; `PAUSE=1` stops before each scene.
[QUICKSTART.md](QUICKSTART.md) is the long way, on real ratings.

```console
$ API={SHOWN_AT}/api/v1
$ JSON='Content-Type: application/json'
$ {FIELD}
```
"""


class Tour:
    """Says, asks and writes down. ``env`` holds the variables of the commands so far."""

    def __init__(self, server: str, *, pause: bool = False) -> None:
        self.server, self.pause = server, pause
        self.env = {"API": f"{server}/api/v1", "JSON": "Content-Type: application/json"}
        self.parts = [HEAD]
        self._scenes = 0

    @property
    def document(self) -> str:
        return "\n".join(self.parts)

    def scene(self, title: str, words: str) -> None:
        if self.pause:
            input("\n[Enter]")
        self._scenes += 1
        self._write(f"## {self._scenes}. {title}\n\n{words.strip()}\n")

    def ask(self, command: str, shown: Shown) -> Any:
        """The answer's body, of which the document shows a part."""
        body = json.loads(self._bash(command))
        if not body["success"]:
            raise RuntimeError(f"{command}: {body}")
        self._write(f"```console\n$ {command}\n{as_json(shown(body))}\n```\n")
        return body

    def keep(self, name: str, command: str, *, as_shown: str = "") -> None:
        """Set a variable to what the command prints; ``as_shown``, the command of whoever types it."""
        self.env[name] = self._bash(command).strip()
        self._write(f"```console\n$ {name}={as_shown or f'$({command})'}\n```\n")

    def see(self, command: str) -> None:
        """Run it and show all that it prints."""
        self._write(f"```console\n$ {command.replace(self.server, SHOWN_AT)}\n{self._bash(command).strip()}\n```\n")

    def _bash(self, command: str) -> str:
        return subprocess.run(  # noqa: S603 - our own commands
            ["/bin/bash", "-euo", "pipefail", "-c", f"{FIELD}\n{command}"],
            env=os.environ | self.env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def _write(self, part: str) -> None:
        self.parts.append(part)
        print(part, flush=True)


def walk(tour: Tour) -> None:
    tour.scene(
        "The whole API on one page",
        """
Show the browser. "Every endpoint is here, with its parameters, its answers and a button that tries it. The server makes
the page from its own code, and the tests hold its answers to it." Open **recommendations**, then
`GET /api/v1/recommendations/`, and show what an answer is made of.
""",
    )
    tour.see(f"curl -s -o /dev/null -w '%{{http_code}} %{{content_type}}\\n' {tour.server}/api/docs/")

    tour.scene(
        "What is on, for anybody",
        """
"No account is needed to browse. Each film says where we know it from: `demo` here, `tmdb` once there is a key. Without
one the same endpoint answers from our own tables."
""",
    )
    tour.ask('curl -s "$API/movies/trending/?per_page=3"', lambda body: {"data": list(map(card, body["data"]))})

    tour.scene("An account", '"An address and a password; a session that can be ended from any device."')
    email = f"{uuid4().hex}@example.org"
    tour.keep("EMAIL", f"echo {email}", as_shown='"you-$RANDOM@example.org"')
    register = (
        'curl -s "$API/auth/register/" -H "$JSON" '
        '-d "{\\"email\\": \\"$EMAIL\\", \\"password\\": \\"a film every night\\"}" | field data.access'
    )
    tour.keep("TOKEN", register)
    tour.env["AUTH"] = f"Authorization: Bearer {tour.env['TOKEN']}"
    tour.parts.append('```console\n$ AUTH="Authorization: Bearer $TOKEN"\n```\n')

    tour.scene(
        "Ask too early, and it says so",
        """
"We ask what people of the same taste like, of somebody without a taste so far. There are films in the answer, but it
does not call them personal: it says what was `requested`, what `served`, and why: `no_signal`."
""",
    )
    tour.ask('curl -s "$API/recommendations/?algorithm=knn&per_page=2" -H "$AUTH"', recommended)

    tour.scene(
        "The first minute",
        """
"So we ask. These films are well known, and chosen such that the answers tell most." Answer as somebody would: three
that they liked, one that they did not. Recommendations come with the answer, and they are personal.
""",
    )
    asked = tour.ask(
        'curl -s "$API/recommendations/onboarding/?n=6" -H "$AUTH"',
        lambda body: {"data": list(map(card, body["data"]))},
    )
    tour.ask(onboarding([film["tmdb_id"] for film in asked["data"]]), answered)

    tour.scene(
        "Reasons that name your own films",
        """
"Every film comes with its reasons, and they name films of *yours*. They are not written around the result: they are the
parts that its score is the sum of."
""",
    )
    first = tour.ask('curl -s "$API/recommendations/?per_page=3" -H "$AUTH"', recommended)

    tour.scene(
        "One more favorite, and the very next answer",
        '"No nightly job to wait for: the list is another one at the next request."',
    )
    tour.ask(
        f'curl -s -X PUT "$API/favorites/{favorite(first)}/" -H "$AUTH"', lambda body: {"message": body["message"]}
    )
    second = tour.ask('curl -s "$API/recommendations/?per_page=3" -H "$AUTH"', recommended)

    tour.scene(
        "Not this one",
        """
"Wave the first one away. It is gone from the next answer, and speaks against films like it." The feedback names the
list that the film was shown in; from that the staff's figures are made, such as clicks by engine.
""",
    )
    tour.keep("LIST", 'curl -s "$API/recommendations/?per_page=3" -H "$AUTH" | field meta.recommendation_id')
    gone = second["data"][0]["movie"]["tmdb_id"]
    tour.ask(
        f'curl -s "$API/recommendations/feedback/" -H "$AUTH" -H "$JSON" '
        f'-d "{{\\"recommendation_id\\": \\"$LIST\\", \\"tmdb_id\\": {gone}, \\"kind\\": \\"dismissed\\"}}"',
        lambda body: {"data": only(body["data"], "tmdb_id", "kind", "rank")},
    )
    tour.ask('curl -s "$API/recommendations/?per_page=3" -H "$AUTH"', recommended)

    tour.scene(
        "And why not?",
        '"Ask about any film: its place, its score, and each thing that holds it back, in words that tell what to do."',
    )
    tour.ask(f'curl -s "$API/recommendations/explain/{gone}/" -H "$AUTH"', explained)

    tour.scene(
        "Leave, and nothing stays", '"One request, with the password. All that was kept about this account is gone."'
    )
    tour.see(
        'curl -s -o /dev/null -w \'%{http_code}\\n\' -X DELETE "$API/auth/me/" -H "$AUTH" -H "$JSON" '
        '-d \'{"password": "a film every night"}\''
    )


def onboarding(ids: list[int]) -> str:
    """Likes every other film, and the third not at all."""
    said = {ids[1]: "liked", ids[2]: "disliked", ids[3]: "liked", ids[5]: "liked"}
    answers = json.dumps({"answers": [{"tmdb_id": film, "answer": answer} for film, answer in said.items()]})
    return f'curl -s "$API/recommendations/onboarding/" -H "$AUTH" -H "$JSON" \\\n    -d \'{answers}\''


def favorite(body: Any) -> int:
    """The second of a list: what it moves shows at the top."""
    return int(body["data"][1]["movie"]["tmdb_id"])


def only(whole: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: whole[name] for name in names}


def card(film: dict[str, Any]) -> dict[str, Any]:
    return only(film, "tmdb_id", "title", "year", "source")


def reasoned(item: dict[str, Any]) -> dict[str, Any]:
    return {**only(item["movie"], "tmdb_id", "title"), "reasons": [reason["text"] for reason in item["reasons"][:2]]}


def recommended(body: Any) -> Any:
    meta = only(body["meta"], "requested", "served", "fallback_reason", "personalised")
    return {"data": list(map(reasoned, body["data"])), "meta": meta}


def answered(body: Any) -> Any:
    counts = {name: len(body["data"][name]) for name in ("liked", "disliked")}
    films = [reasoned(item) for item in body["data"]["recommendations"][:2]]
    return {**counts, "recommendations": films, "meta": only(body["meta"], "served", "personalised")}


def explained(body: Any) -> Any:
    data = body["data"]
    return {
        **only(data["movie"], "title"),
        **only(data, "would_show", "rank", "of"),
        "reasons": [reason["text"] for reason in data["reasons"]],
        "held_back": [held["text"] for held in data["held_back"]],
    }


def as_json(value: Any) -> str:
    """Indented, but what lies in a list on one line."""
    lines = []
    for name, part in value.items():
        if isinstance(part, list) and part:
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in part)
            lines.append(f'  "{name}": [\n{rows}\n  ]')
        else:
            lines.append(f'  "{name}": {json.dumps(part, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}"


@contextmanager
def server_of_its_own() -> Iterator[str]:
    """What `make run` starts, on a port, a database and artifacts of its own."""
    with TemporaryDirectory() as folder:
        env = {
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            "DATABASE_URL": f"sqlite:///{folder}/marquee.sqlite3",
            "ARTIFACT_ROOT": f"{folder}/artifacts",
            "DJANGO_RUNSERVER_HIDE_WARNING": "true",
            "LOG_LEVEL": "WARNING",
        } | dict.fromkeys(("REDIS_URL", "CELERY_BROKER_URL", "TMDB_READ_TOKEN", "TMDB_API_KEY"), "")
        for words in ("migrate --verbosity 0", "load_demo", "train"):
            subprocess.run(  # noqa: S603 - our own commands
                [sys.executable, "manage.py", *words.split()],
                env=os.environ | env,
                cwd=ROOT,
                check=True,
                stdout=sys.stderr,
            )
        port = free_port()
        command = [sys.executable, "manage.py", "runserver", "--noreload", "--verbosity", "0", f"127.0.0.1:{port}"]
        server = Process(port, command, env)
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="such as http://127.0.0.1:8000; unset: one is started for the tour")
    parser.add_argument("--out", type=Path, help="where the document goes; unset: it is only printed")
    parser.add_argument("--pause", action="store_true", help="wait for Enter before each scene")
    options = parser.parse_args()
    if options.server:
        tour = Tour(options.server.rstrip("/"), pause=options.pause)
        walk(tour)
    else:
        with server_of_its_own() as server:
            tour = Tour(server, pause=options.pause)
            walk(tour)
    if options.out:
        options.out.write_text(tour.document, encoding="utf-8")


if __name__ == "__main__":
    main()
