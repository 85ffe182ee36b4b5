"""docs/DEMO.md, before an audience, on a server as it is run."""

import json
import re

from benchmarks.drills.stack import ROOT
from benchmarks.tour import Tour, walk


def script(document):
    """Without what is answered, and without the films, which are others on another day."""
    lines, is_answer = [], False
    for line in document.splitlines():
        is_answer = (
            not line.startswith(("$ ", "```", "    -d")) and (is_answer or line[:1] in "{24") and "```" not in line
        )
        if not is_answer:
            lines.append(re.sub(r"(tmdb_id\D+|favorites/|explain/)\d+", r"\1N", line))
    return lines


def answers(document):
    return [json.loads(answer) for answer in re.findall(r"^\{\n.*?^\}$", document, flags=re.MULTILINE | re.DOTALL)]


def test_every_command_of_the_demo_is_answered_as_its_words_say(server):
    tour = Tour(f"http://127.0.0.1:{server.ports[0]}")
    walk(tour)
    assert script(tour.document) == script((ROOT / "docs" / "DEMO.md").read_text())

    trending, early, questions, first_minute, first, saved, second, dismissed, third, why = answers(tour.document)
    assert (len(trending["data"]), len(questions["data"])) == (3, 6)
    assert (early["meta"]["fallback_reason"], early["meta"]["personalised"]) == ("no_signal", False)
    assert (first_minute["liked"], first_minute["disliked"]) == (3, 1)
    liked = {questions["data"][place]["title"] for place in (1, 3, 5)}
    assert all(any(title in reason for title in liked) for reason in first["data"][0]["reasons"])
    favorite, gone = first["data"][1]["tmdb_id"], dismissed["data"]["tmdb_id"]
    assert saved["message"] == "Saved."
    assert favorite in ids(first)
    assert favorite not in ids(second)
    assert gone == ids(second)[0]
    assert gone not in ids(third)
    assert why["would_show"] is False
    assert "not interested" in why["held_back"][0]


def ids(answer):
    return [film["tmdb_id"] for film in answer["data"]]
