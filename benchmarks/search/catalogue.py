"""A scratch database full of titles, gone when the benchmark ends."""

from __future__ import annotations

import csv
import gzip
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

BATCH = 5000


@contextmanager
def scratch_database() -> Iterator[str]:
    """A migrated database of its own: a file on SQLite, ``test_<name>`` beside the database that DATABASE_URL names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.testing")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/never.sqlite3")
        django.setup()
        from django.db import connection

        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = f"{folder}/scratch.sqlite3"
        before = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield connection.vendor
        finally:
            connection.creation.destroy_test_db(str(before), verbosity=0)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The films of a CSV with a ``title``, and an ``original_title`` and a ``vote_count`` if it has them."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["title"]]


def load(rows: list[dict[str, str]], copies: int, chance: random.Random) -> None:
    """Each film, then the others of ``copies`` films a title with words changed, never as popular as it is."""
    from django.db import connection

    from apps.movies.models import Movie

    words = [word for row in rows for word in row["title"].split()]
    batch: list[Movie] = []
    for copy in range(copies):
        for i, row in enumerate(rows):
            votes = float(row.get("vote_count") or 0)
            film = Movie(tmdb_id=1 + copy * len(rows) + i, title=row["title"][:300], popularity=votes)
            if copy:
                film.title = _altered(row["title"], words, chance)[:300]
                film.popularity = votes * chance.random() / 2
            else:
                film.original_title = row.get("original_title", "")[:300]
            film.set_search_text()
            batch.append(film)
            if len(batch) == BATCH:
                Movie.objects.bulk_create(batch)
                batch.clear()
    Movie.objects.bulk_create(batch)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE movies_movie" if connection.vendor == "postgresql" else "ANALYZE")


def _altered(title: str, words: list[str], chance: random.Random) -> str:
    """A word exchanged for one of another title; in every fifth title also a made-up name, of two halves of words."""
    parts = title.split()
    parts[chance.randrange(len(parts))] = chance.choice(words)
    if chance.random() < 0.2:
        first, second = chance.choices(words, k=2)
        parts.append(first[: len(first) // 2 + 1] + second[len(second) // 2 :].lower())
    return " ".join(parts)
