from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.movies.caches import CACHES
from apps.movies.models import SyncState
from apps.movies.tmdb_store import blank
from apps.recommendations.training import forget_all_artifacts
from utils import cache


class Command(BaseCommand):
    help = (
        "Forget all that TMDb told us, as its terms ask of who stops using it: films are blanked but for their ids, "
        "caches flushed, trained models deleted. Accounts and libraries stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="There is no way back; say that you mean it.")

    def handle(self, *, yes: bool, **options: Any) -> None:
        if not yes:
            raise CommandError(
                "This cannot be undone: add --yes. Take TMDB_READ_TOKEN away first, or jobs read it all anew."
            )
        films = blank(before=timezone.now())
        SyncState.objects.all().delete()
        for kept in CACHES.values():
            kept.flush()
        cache.purge()
        self.stdout.write(f"films blanked: {films:,}\nmodels deleted: {forget_all_artifacts():,}")
