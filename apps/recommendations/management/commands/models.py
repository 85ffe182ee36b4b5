from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.recommendations.models import ModelVersion
from apps.recommendations.promotion import model_activate, model_roll_back
from utils.exceptions import ApplicationError


class Command(BaseCommand):
    help = "Trained models: which there are, which one answers, and the way back to the one before."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="Every version, newest first, with its verdict.")
        activate = actions.add_parser("activate", help="Let this version answer, whatever its verdict.")
        activate.add_argument("name")
        actions.add_parser("rollback", help="Let the version answer that answered before.")

    def handle(self, *, action: str, name: str = "", **options: Any) -> None:
        try:
            self.stdout.write({"list": _listed, "activate": lambda: _activated(name), "rollback": _back}[action]())
        except ModelVersion.DoesNotExist:
            raise CommandError(f"there is no model {name}") from None
        except ApplicationError as exc:
            raise CommandError(str(exc)) from exc


def _listed() -> str:
    lines = [f"{version.name}  {version.status:9}  {_sentence(version)}" for version in ModelVersion.objects.all()]
    return "\n".join(lines) or "nothing trained yet"


def _sentence(version: ModelVersion) -> str:
    return str(version.card.get("verdict", {}).get("sentence", "-"))


def _activated(name: str) -> str:
    version = ModelVersion.objects.get(name=name)
    model_activate(version)
    return f"model {version.name} answers now"


def _back() -> str:
    return f"model {model_roll_back().name} answers again"
