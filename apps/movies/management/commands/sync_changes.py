from __future__ import annotations

from typing import Any

from apps.movies.management.tmdb_command import TMDbCommand
from apps.movies.sync import changes_sync
from utils.progress import bar
from utils.tmdb_client import TMDbClient


class Command(TMDbCommand):
    help = "Mark those of our films that TMDb changed since the last run, for sync_details to read anew."

    def sync(self, client: TMDbClient, **options: Any) -> dict[str, Any]:
        return changes_sync(client, progress=bar("changes", "pages"))
