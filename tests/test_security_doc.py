"""docs/SECURITY.md says what is so: each row has a removal and a test, and python -m tests.defences tries them."""

import re

import pytest

from tests.defences import document
from tests.defences.document import ROOT, TEST, rows
from tests.defences.removals import REMOVALS

ROWS = rows()
HEAD = "| id | threat | answer | test |\n|---|---|---|---|\n"
GOOD = "| API1.1 | a threat | an answer | `tests/test_security.py::test_exports_are_few` |\n"
CHAPTERS = {*(f"API{n}" for n in range(1, 11)), *(f"JWT3.{n}" for n in range(1, 13))}


def test_every_row_has_one_id_and_every_id_a_removal_and_the_other_way_round():
    ids = [row.id for row in ROWS]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(REMOVALS)


def test_no_chapter_is_left_out():
    prefixes = {".".join(parts[:n]) for row in ROWS if (parts := row.id.split(".")) for n in (1, 2)}
    assert prefixes > CHAPTERS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_test_of_a_row_is_there(row):
    named = TEST.fullmatch(f"`{row.test}`")
    assert re.search(rf"^ *def {named['name']}\(", (ROOT / named["path"]).read_text(), re.MULTILINE)


@pytest.mark.parametrize("row_id", REMOVALS)
def test_what_a_removal_takes_away_is_there(row_id):
    for edit in REMOVALS[row_id].edits:
        assert (ROOT / edit.file).read_text().count(edit.text) == edit.times, edit
        assert edit.instead != edit.text


@pytest.mark.parametrize(
    "bad",
    [
        GOOD.replace(" a threat ", "  "),
        GOOD.replace(" an answer ", "  "),
        GOOD.replace("`tests/test_security.py::test_exports_are_few`", ""),
        GOOD.replace("| an answer ", ""),
        GOOD.replace("API1.1", "API"),
        GOOD.replace("::test_exports_are_few", ""),
        GOOD.replace("tests/", "docs/"),
    ],
)
def test_a_row_without_a_part_is_refused(tmp_path, monkeypatch, bad):
    monkeypatch.setattr(document, "DOCUMENT", tmp_path / "SECURITY.md")
    document.DOCUMENT.write_text(HEAD + GOOD)
    assert [row.id for row in rows()] == ["API1.1"]
    document.DOCUMENT.write_text(HEAD + GOOD + bad)
    with pytest.raises(ValueError, match="This row has"):
        rows()
