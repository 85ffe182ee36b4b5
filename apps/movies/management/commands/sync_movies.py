from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.movies.lists import PAGES, list_refresh
from apps.movies.management.tmdb_command import TMDbCommand
from apps.movies.models import ListEntry
from utils.progress import bar
from utils.tmdb_client import TMDbClient
from utils.tmdb_client.records import MAX_PAGE


class Command(TMDbCommand):
    help = "Read TMDb's lists: trending, popular, top rated, now playing, upcoming."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lists", nargs="*", choices=[*ListEntry.Name.values, []], help="Left out: all of them.")
        parser.add_argument(
            "--pages",
            type=int,
            default=PAGES,
            help=f"20 films each, at most {MAX_PAGE}; the scheduled run keeps {PAGES}.",
        )

    def sync(self, client: TMDbClient, **options: Any) -> dict[str, Any]:
        pages = min(options["pages"], MAX_PAGE)
        names = [ListEntry.Name(name) for name in options["lists"]] or list(ListEntry.Name)
        summary = {}
        for name in names:
            summary[f"{name}, pages"] = list_refresh(name, client, pages=pages, progress=bar(name, "pages"))
            summary[f"{name}, films"] = ListEntry.objects.filter(name=name).count()
        return summary
