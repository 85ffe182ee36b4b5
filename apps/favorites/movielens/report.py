"""What an import did, and what it left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from apps.favorites.movielens.rows import FilmRow, Malformed

EXAMPLES = 10


@dataclass
class Skipped:
    """How many, and the first few."""

    total: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.total += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)

    def lines(self, what: str) -> Iterator[str]:
        if not self.total:
            return
        yield f"{what}: {self.total:,}"
        yield from (f"    {example}" for example in self.examples)
        if self.total > len(self.examples):
            yield f"    and {self.total - len(self.examples):,} more"


@dataclass
class Report:
    dataset: str
    films_added: int = 0
    films_known: int = 0
    without_tmdb_id: Skipped = field(default_factory=Skipped)
    doubles: Skipped = field(default_factory=Skipped)
    genres_unknown: Counter[str] = field(default_factory=Counter)  # label -> added films that have it
    users_added: int = 0
    ratings_added: int = 0
    ratings_known: int = 0
    ratings_merged: int = 0
    ratings_left_out: int = 0  # since their film was
    malformed: Skipped = field(default_factory=Skipped)

    def leave_out(self, film: FilmRow) -> None:
        self.without_tmdb_id.add(f"{film.movielens_id} {film.title}")

    def double(self, film: FilmRow, *, first: int, tmdb_id: int) -> None:
        self.doubles.add(f"{film.movielens_id} {film.title} is {first} again: TMDb {tmdb_id}")

    def pass_over(self, row: Malformed) -> None:
        self.malformed.add(str(row))

    def lines(self) -> Sequence[str]:
        return [*self._added(), *self._skipped()]

    def _added(self) -> Iterator[str]:
        yield self.dataset
        yield f"films    {self.films_added:,} added, {self.films_known:,} known already and left as they were"
        yield f"users    {self.users_added:,} added, none of whom can log in"
        yield f"ratings  {self.ratings_added:,} added, {self.ratings_known:,} known already"

    def _skipped(self) -> Iterator[str]:
        yield from self.without_tmdb_id.lines("films left out, since links.csv has no TMDb id for them")
        if self.ratings_left_out:
            yield f"ratings left out, since their film is: {self.ratings_left_out:,}"
        yield from self.doubles.lines("films listed twice, kept as one")
        if self.ratings_merged:
            yield f"ratings merged, since the user rated the film twice (the newer one stays): {self.ratings_merged:,}"
        yield from self.malformed.lines("malformed rows skipped")
        if self.genres_unknown:
            labels = ", ".join(f"{label} ({films:,})" for label, films in self.genres_unknown.most_common())
            yield f"genre labels that TMDb does not have, left off the films added: {labels}"
