from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from apps.favorites.movielens.files import NotMovieLens
from apps.favorites.movielens.load import movielens_import


class Command(BaseCommand):
    help = (
        "Load a MovieLens download of your own (https://grouplens.org/datasets/movielens/) as catalogue and community: "
        "ml-latest-small, 25M, 32M and their like, or 1M with --links. Running it again adds only what is missing. "
        "GroupLens' licence is between you and them: read the README in the download."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="The zip file, or the folder with its files.")
        parser.add_argument(
            "--links", type=Path, help="Where to find TMDb ids, which 1M lacks: a newer release, or its links.csv."
        )

    def handle(self, *, path: Path, links: Path | None, **options: Any) -> None:
        with tqdm(unit="B", unit_scale=True, disable=None) as bar:  # None: no bar where nobody watches

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                report = movielens_import(path, links=links, progress=progress)
            except NotMovieLens as exc:
                raise CommandError(str(exc)) from exc
        for line in report.lines():
            self.stdout.write(line)
