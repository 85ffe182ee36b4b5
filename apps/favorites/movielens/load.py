"""A GroupLens download into our tables. Every batch is a whole transaction: after an interruption, run it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from apps.authentication.models import User
from apps.favorites.community import community_refresh
from apps.favorites.movielens.files import NotMovieLens, open_download
from apps.favorites.movielens.films import films_load
from apps.favorites.movielens.ratings import ratings_load
from apps.favorites.movielens.report import Report

LONGEST_NAME = 50  # leaves room in a user's alias for the colon and MovieLens' number

Progress = Callable[[int, int], None]


def movielens_import(path: Path, *, links: Path | None = None, progress: Progress = lambda done, total: None) -> Report:
    """Films into the catalogue, ratings into stand-ins' libraries; what is there already stays as it is.

    ``progress`` hears how many bytes were read, of how many. Raises NotMovieLens.
    """
    with open_download(path, links) as download:
        _check_name(download.name)
        report = Report(download.name)
        films, ratings = download.movies.size, download.ratings.size
        film_pks = films_load(download, report, lambda done: progress(done, films + ratings))
        ratings_load(download, film_pks, report, lambda done: progress(films + done, films + ratings))
    community_refresh()
    return report


def _check_name(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise NotMovieLens(f"{name} is too long a name for a dataset: at most {LONGEST_NAME} characters.")
    others = User.objects.exclude(kind=User.Kind.PSEUDONYMOUS)
    if others.filter(alias__startswith=f"{name}:").exists():
        raise NotMovieLens(f"{name} is the name of simulated users here: rename the folder of the download.")
