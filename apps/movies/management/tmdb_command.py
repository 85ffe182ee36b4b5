from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from utils.cache import Busy
from utils.tmdb_client import TMDbClient, TMDbError, TMDbUnauthorised, tmdb_for_jobs


class TMDbCommand(BaseCommand):
    """A command that asks TMDb; a subclass writes ``sync``, which returns the summary to print."""

    def sync(self, client: TMDbClient, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    def handle(self, **options: Any) -> None:
        client = tmdb_for_jobs()
        if client is None:
            raise CommandError("There is no TMDb here: set TMDB_READ_TOKEN (see .env.example).")
        try:
            summary = self.sync(client, **options)
        except TMDbUnauthorised as failure:
            raise CommandError(f"TMDb does not accept our credential: {failure}. Look at TMDB_READ_TOKEN.") from failure
        except (TMDbError, Busy) as failure:
            raise CommandError(f"{failure}. What was read is kept: run the command again to go on.") from failure
        say(self, summary)


def say(command: BaseCommand, summary: dict[str, Any]) -> None:
    for name, value in summary.items():
        command.stdout.write(f"{name.replace('_', ' ')}: {value:,}")
