from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.recommendations import registry
from apps.recommendations.training import NothingToLearn, train


class Command(BaseCommand):
    help = "Train the engines on everything in the tables, judge each by time, and let the result answer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--engine", action="append", choices=registry.NAMES, help="Only these (default: all).")
        parser.add_argument("--if-changed", action="store_true", help="Do nothing while the data is what it was.")

    def handle(self, *, engine: list[str] | None, if_changed: bool, **options: Any) -> None:
        try:
            report = train(names=engine or registry.NAMES, if_changed=if_changed, say=self.stdout.write)
        except NothingToLearn as exc:
            raise CommandError(str(exc)) from exc
        state = "trained and active" if report.is_new else "is up to date"
        self.stdout.write(self.style.SUCCESS(f"model {report.version.name} {state}"))
