import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from utils.management.commands.erd import BEGIN, END, diagram


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "ARCHITECTURE.md"
    path.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    return path


def test_draws_between_the_marks_and_nowhere_else(document):
    call_command("erd", document)
    assert document.read_text() == f"above\n{BEGIN}\n```mermaid\n{diagram()}\n```\n{END}\nbelow\n"


def test_checking_fails_on_an_old_diagram_and_changes_nothing(document):
    before = document.read_text()
    with pytest.raises(CommandError, match="shows an old diagram"):
        call_command("erd", document, "--check")
    assert document.read_text() == before
    call_command("erd", document)
    call_command("erd", document, "--check")


def test_a_document_without_marks_is_refused(document):
    document.write_text("no marks")
    with pytest.raises(CommandError, match="no erd marks"):
        call_command("erd", document)


def test_shows_every_model_of_ours_and_how_they_hang_together():
    drawn = diagram()
    ours = [model.__name__ for model in apps.get_models() if model.__module__.startswith("apps.")]
    assert [name for name in ours if f"    {name} {{" not in drawn] == []
    assert "    User ||--o{ Session : user" in drawn
    assert "    User ||--o| LibraryState : user" in drawn
    assert "    Movie }o--o{ Genre : genres" in drawn
    assert "        uuid id PK" in drawn
    assert "Group" not in drawn
