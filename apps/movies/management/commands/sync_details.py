from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from apps.movies.management.tmdb_command import TMDbCommand
from apps.movies.sync import details_sync
from utils.progress import bar
from utils.tmdb_client import TMDbClient


class Command(TMDbCommand):
    help = "Read films in full, the popular first: those never read so, changed since, or read long ago."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, help="At most so many films. Left out: all that are due.")
        parser.add_argument("--days", type=int, default=30, help="Read again what was last read so many days ago.")

    def sync(self, client: TMDbClient, **options: Any) -> dict[str, Any]:
        older_than = timedelta(days=options["days"])
        return details_sync(client, limit=options["limit"], older_than=older_than, progress=bar("details", "films"))
