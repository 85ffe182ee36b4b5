import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.config.test_production import GOOD, start
from utils.management.commands.configuration import differences, explained, readings, written

ROOT = Path(settings.BASE_DIR)
DOCUMENT = ROOT / "docs" / "CONFIGURATION.md"


def row(text, name):
    return next(line for line in text.splitlines() if line.startswith("| ") and f"`{name}`" in line)


def test_the_settings_and_the_example_name_the_same_variables():
    assert differences(readings(), explained()) == set()


def test_no_call_of_env_escapes_the_reader():
    """What is read in a way that the parser does not know would be missing from the document without a word."""
    modules = (ROOT / "config" / "settings").glob("*.py")
    calls = [name for module in modules for name in re.findall(r"env\.\w+\(\s*['\"]([A-Z_]+)", module.read_text())]
    assert sorted(reading.name for reading in readings()) == sorted(calls)
    assert len(calls) > 50


def test_the_committed_document_is_current():
    call_command("configuration", DOCUMENT, check=True)


def test_an_old_document_is_refused_and_written_anew(tmp_path):
    old = tmp_path / "CONFIGURATION.md"
    for text in (None, DOCUMENT.read_text().replace("604800", "604801")):
        if text:
            old.write_text(text)
        with pytest.raises(CommandError, match=r"run manage\.py configuration"):
            call_command("configuration", old, check=True)
    call_command("configuration", old)
    assert old.read_text() == DOCUMENT.read_text()


def test_a_variable_that_only_one_of_the_two_names_is_refused(tmp_path, settings):
    """A checkout whose settings read what its .env.example does not tell of, and the other way about."""
    modules = tmp_path / "config" / "settings"
    modules.mkdir(parents=True)
    (modules / "base.py").write_text('BOTH = env.int("BOTH", default=3 * 60)\nREAD = env.str("ONLY_READ")\n')
    (tmp_path / ".env.example").write_text("# Read me.\n\n# --- All ---\n\n# Both.\n#BOTH=1\n\n# Told.\n#ONLY_TOLD=1\n")
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=r"ONLY_READ, ONLY_TOLD$"):
        call_command("configuration", tmp_path / "CONFIGURATION.md")
    assert row(written(readings(), explained()), "BOTH") == "| `BOTH` | whole number | `180` | all | Both. |"


def test_rows_tell_the_type_the_default_and_who_reads_it():
    text = written(readings(), explained())
    assert "| number | `0.2` | all |" in row(text, "PROMOTION_TOLERANCE")
    assert "| `sqlite:///var/marquee.sqlite3` |" in row(text, "DATABASE_URL")
    assert "| `4`, `1` in development |" in row(text, "THROTTLE_PROCESSES")
    assert "| true or false | `true` | production |" in row(text, "SECURE_SSL_REDIRECT")


def test_production_wants_what_the_document_calls_required_and_nothing_more():
    text = written(readings(), explained())
    required = [line for line in text.splitlines() if "**required in production**" in line]
    assert [line.split("`")[1] for line in required] == list(GOOD)
    assert start(**GOOD).returncode == 0
    for name in GOOD:
        assert name in start(**{other: value for other, value in GOOD.items() if other != name}).stderr


def test_what_another_program_reads_it_does_read():
    """Sections that say who reads them: "Read by docker-compose.yml alone"."""
    sections = [section for section in explained() if section.title.startswith("Read by ")]
    assert sections
    for section in sections:
        reader = ROOT / section.title.removeprefix("Read by ").removesuffix(" alone")
        files = [reader] if reader.is_file() else reader.rglob("*.py")
        text = "".join(file.read_text() for file in files)
        names = [name for block in section.blocks for name in block.examples]
        assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []
