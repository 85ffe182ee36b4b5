from __future__ import annotations

from typing import Any

from apps.movies.genres import genres_store_all
from apps.movies.management.tmdb_command import TMDbCommand
from utils.tmdb_client import TMDbClient


class Command(TMDbCommand):
    help = "Read TMDb's genres anew."

    def sync(self, client: TMDbClient, **options: Any) -> dict[str, Any]:
        return {"genres": genres_store_all(client)}
