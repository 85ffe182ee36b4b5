from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Field, ForeignKey, Model

BEGIN, END = "<!-- erd: written by manage.py erd -->", "<!-- erd: end -->"


class Command(BaseCommand):
    help = "Draw our models as a Mermaid diagram into a document, between its erd marks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("document", type=Path)
        parser.add_argument("--check", action="store_true", help="Change nothing; fail where it would.")

    def handle(self, *, document: Path, check: bool, **options: Any) -> None:
        text = document.read_text(encoding="utf-8")
        if BEGIN not in text or END not in text:
            raise CommandError(f"{document} has no erd marks: {BEGIN} and {END}")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        drawn = f"{before}{BEGIN}\n```mermaid\n{diagram()}\n```\n{END}{after}"
        if not check:
            document.write_text(drawn, encoding="utf-8")
        elif drawn != text:
            raise CommandError(f"{document} shows an old diagram: run manage.py erd {document}")


def diagram() -> str:
    ours = [model for model in apps.get_models() if model.__module__.startswith("apps.")]
    lines = ["erDiagram"]
    for model in ours:
        lines += [f"    {model.__name__} {{", *_columns(model), "    }"]
    for model in ours:
        lines += _relations(model)
    return "\n".join(lines)


def _columns(model: type[Model]) -> Iterator[str]:
    for field in model._meta.local_fields:
        if not field.is_relation:
            yield f"        {_kind(field)} {field.name}{' PK' if field.primary_key else ' UK' if field.unique else ''}"


def _kind(field: Field[Any, Any]) -> str:
    return field.get_internal_type().removesuffix("Field").lower()


def _relations(model: type[Model]) -> Iterator[str]:
    for field in model._meta.local_fields:
        if isinstance(field, ForeignKey):
            many = "o|" if field.unique else "o{"
            yield f"    {field.related_model.__name__} ||--{many} {model.__name__} : {field.name}"
    for link in model._meta.local_many_to_many:
        through = link.remote_field.through
        if through and through._meta.auto_created and link.related_model.__module__.startswith("apps."):
            yield f"    {model.__name__} }}o--o{{ {link.related_model.__name__} : {link.name}"
