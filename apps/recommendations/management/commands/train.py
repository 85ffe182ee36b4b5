from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.recommendations import registry
from apps.recommendations.training import AlreadyTraining, NothingToLearn, TrainingReport, train


class Command(BaseCommand):
    help = "Train the engines on everything in the tables, judge each by time, and let the result answer if it is good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--engine", action="append", choices=registry.NAMES, help="Only these (default: all).")
        parser.add_argument("--if-changed", action="store_true", help="Do nothing while the data is what it was.")

    def handle(self, *, engine: list[str] | None, if_changed: bool, **options: Any) -> None:
        try:
            report = train(names=engine or registry.NAMES, if_changed=if_changed, say=self.stdout.write)
        except (NothingToLearn, AlreadyTraining) as exc:
            raise CommandError(str(exc)) from exc
        name, verdict = report.version.name, report.version.card.get("verdict", {})
        if report.is_new:
            self.stdout.write(verdict["sentence"])
        if report.is_new and report.is_rejected:
            raise CommandError(f"model {name} is rejected; the one before it goes on answering")
        state = "trained and active" if report.is_new else _why_not_again(report)
        self.stdout.write(self.style.SUCCESS(f"model {name} {state}"))


def _why_not_again(report: TrainingReport) -> str:
    return "was rejected, and nothing has changed since" if report.is_rejected else "is up to date"
