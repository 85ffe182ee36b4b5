from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.favorites.community import community_refresh
from apps.favorites.demo import DEMO_EMAIL, DEMO_PASSWORD, demo_community_load, demo_login_make
from apps.movies.demo import demo_catalogue_load


class Command(BaseCommand):
    help = "Load a catalogue of well-known films and a simulated community that rated them; safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--login", action="store_true", help="Also make an account with a password that everybody knows."
        )

    def handle(self, *, login: bool, **options: Any) -> None:
        films = demo_catalogue_load()
        viewers = demo_community_load()
        community_refresh()  # where nothing is scheduled, this is what keeps votes and trends up to date
        self.stdout.write(f"demo: {films} films and {viewers} simulated viewers added")
        if login:
            demo_login_make()
            self.stdout.write(f"demo: login {DEMO_EMAIL} / {DEMO_PASSWORD}")
