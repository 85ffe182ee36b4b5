from __future__ import annotations

from typing import Any

from apps.movies.management.tmdb_command import TMDbCommand
from apps.movies.sync import ids_check
from utils.progress import bar
from utils.tmdb_client import TMDbClient


class Command(TMDbCommand):
    help = "Find the films that TMDb has no more, by its daily file of ids (28 MB)."

    def sync(self, client: TMDbClient, **options: Any) -> dict[str, Any]:
        return ids_check(client, progress=bar("ids", "lines"))
