from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.operations.models import JobRecord


class Command(BaseCommand):
    help = "Put on record that a job outside of Marquee, such as the backup, has ended."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="such as backup")
        parser.add_argument("--failed", metavar="WHY", default="", help="what it failed with")
        parser.add_argument("--seconds", type=float, default=0.0, help="how long it took")

    def handle(self, *, name: str, failed: str, seconds: float, **options: Any) -> None:
        JobRecord.objects.record(name, seconds=seconds, error=failed)
        self.stdout.write(f"{name}: {'failed' if failed else 'done'}")
