"""Answers recorded from TMDb itself, one JSON file each, where this machine has them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Recording = dict[str, Any]
BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[3] / "shared" / "tmdb" / "recorded"
TRANSPORT_HEADERS = {"content-length", "transfer-encoding", "connection", "content-encoding", "date"}


def recordings() -> Iterator[Recording]:
    """Every recording of the folder MARQUEE_TMDB_RECORDED names, in the order of its files; none without one.

    To what the file says (request, status, headers, body) ``name`` adds the file's own name.
    """
    folder = Path(os.environ.get("MARQUEE_TMDB_RECORDED") or BESIDE_THE_REPOSITORY)
    for file in sorted(folder.glob("*.json")):
        yield json.loads(file.read_text(encoding="utf-8")) | {"name": file.stem}


def end_to_end_headers(recording: Recording) -> dict[str, str]:
    """The recorded headers but for those that belong to the connection."""
    headers: dict[str, str] = recording.get("headers") or {}
    return {name.lower(): value for name, value in headers.items() if name.lower() not in TRANSPORT_HEADERS}
