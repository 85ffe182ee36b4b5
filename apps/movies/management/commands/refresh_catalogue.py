from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.movies.management.tmdb_command import say
from apps.movies.sync import catalogue_refresh
from utils.cache import Busy
from utils.progress import bar
from utils.tmdb_client import TMDbError, tmdb_for_jobs


class Command(BaseCommand):
    help = (
        "Read anew what TMDb told us five months ago, and blank what it told six months ago (docs/TERMS.md). "
        "Where there is no TMDb any more, the latter alone."
    )

    def handle(self, **options: Any) -> None:
        try:
            say(self, catalogue_refresh(tmdb_for_jobs(), progress=bar("refresh", "films")))
        except (TMDbError, Busy) as failure:
            raise CommandError(f"{failure}. What is too old was blanked all the same.") from failure
