"""The rows of docs/SECURITY.md: what each defence is for, and the test that holds it."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "SECURITY.md"
HEADS = ("| id |", "|---|")
ID = re.compile(r"[A-Z]+[0-9]*(\.[0-9]+)+")
TEST = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?:\w+::)?(?P<name>test_\w+)(?:\[.+\])?`")


class Row(NamedTuple):
    id: str
    threat: str
    answer: str
    test: str  # as pytest is asked for it


def rows() -> list[Row]:
    """Every row of every table, in order; raises ValueError for one that is no row of four cells."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    return [_row(line) for line in lines if not line.startswith(HEADS)]


def _row(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    if len(cells) != len(Row._fields) or not all(cells):
        raise ValueError(f"This row has not an id, a threat, an answer and a test: {line}")
    row_id, threat, answer, test = cells
    if not ID.fullmatch(row_id) or not TEST.fullmatch(test):
        raise ValueError(f"This row has no id such as API1.1, or no `tests/file.py::test_name`: {line}")
    return Row(row_id, threat, answer, test.strip("`"))
