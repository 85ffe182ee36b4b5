import sys
from typing import Any

from django.core.management.base import BaseCommand

from apps.operations.doctor import examine
from apps.operations.findings import Finding, Level


class Command(BaseCommand):
    help = "Say what is wrong with this installation and how to mend it; exits with 1 where something fails."
    requires_system_checks: list[str] = []  # they are a line of their own, and stop nothing

    def handle(self, **options: Any) -> None:
        failed = False
        for name, finding in examine():
            self.stdout.write(self._style(finding)(_line(name, finding)))
            failed = failed or finding.level == Level.FAIL
        if failed:
            sys.exit(1)

    def _style(self, finding: Finding) -> Any:
        return {Level.OK: str, Level.WARN: self.style.WARNING, Level.FAIL: self.style.ERROR}[finding.level]


def _line(name: str, finding: Finding) -> str:
    fix = f". Fix: {finding.fix}" if finding.fix else ""
    return f"{finding.level:<4}   {name:<13}   {finding.says}{fix}"
