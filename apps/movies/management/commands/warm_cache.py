from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apps.movies.warming import cache_warm
from utils.progress import bar


class Command(BaseCommand):
    help = "Have the answers that are asked for first in the cache: lists, genres, the most popular films."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--films", type=int, default=100, help="Pages of so many popular films.")

    def handle(self, *, films: int, **options: Any) -> None:
        if not settings.REDIS_URL:
            self.stderr.write("Without REDIS_URL each process has a cache of its own: this warms none but this one.")
        warmed, failed = cache_warm(films=films, progress=bar("warm", "answers"))
        self.stdout.write(f"answers kept: {warmed:,}\nnot to be had: {failed:,}")
