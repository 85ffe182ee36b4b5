"""Finding films by title: as it is typed, or else as it was probably meant."""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.db.models import F, Q, Value
from rapidfuzz import process
from rapidfuzz.distance import OSA

from apps.movies.models import Movie
from apps.movies.querysets import MovieQuerySet
from apps.movies.titles import closeness, has_title, has_words
from utils.text import searchable

logger = logging.getLogger(__name__)

RANKED = 200  # films among which closeness decides; a word of every tenth title is not worth sorting them all
SHORTEST = 4  # letters; a shorter word is one edit away from too many others, but for two letters swapped
LONGEST = 30
NEAREST = 8  # words tried in place of one
MOST_REPAIRED = 4  # words of one query that begin no word of the catalogue
MOST_DOUBTED = 10  # words of a query of which any may be wrong
MAX_AGE = 600  # seconds


class Found(NamedTuple):
    """The films, best first, and the text that really found them: not the one asked for if it was corrected."""

    films: MovieQuerySet
    searched_for: str


class Reading(NamedTuple):
    """One or two words that may be meant by one, and how many edits away they are."""

    words: str
    edits: int


class Meant(NamedTuple):
    """One reading of a whole query, and whether it is a whole title."""

    words: str
    edits: int
    whole: bool


Slot = tuple[Reading, ...]  # what one word of a query may mean, nearest first


def find(films: MovieQuerySet, text: str) -> Found:
    """Those of ``films`` whose titles hold every word; where there is none, those of the nearest spelling.

    At most ``RANKED`` films, the most popular, and as many that have just this title.
    """
    words = searchable(text)
    found = _ranked(films, words)
    if found is not None:
        return Found(found, text)
    corrected = _corrected(films, words)
    found = _ranked(films, corrected) if corrected else None
    return Found(films.none(), text) if found is None else Found(found, corrected or text)


def _ranked(films: MovieQuerySet, words: str) -> MovieQuerySet | None:
    matching = films.filter(has_words(words))
    ids = list(matching.order_by("-popularity", "tmdb_id").values_list("pk", flat=True)[:RANKED])
    if not ids:
        return None
    if len(ids) == RANKED:
        ids += films.filter(has_title(words)).order_by("-popularity", "tmdb_id").values_list("pk", flat=True)[:RANKED]
    return films.filter(pk__in=ids).order_by(closeness(words), "-popularity", "tmdb_id")


def _corrected(films: MovieQuerySet, words: str) -> str | None:
    """The nearest spelling that finds something: by edits, then by the popularity of what it finds."""
    if not words:
        return None
    vocabulary = vocabulary_keeper.vocabulary()
    for readings in vocabulary.readings(words):
        best = _best(films, readings)
        if best:
            return best
    return None


def _best(films: MovieQuerySet, readings: Sequence[Sequence[Slot]]) -> str | None:
    wanted = Q()
    for slots in readings:
        wanted |= _any_of_each(slots)
    # Not the bare column: PostgreSQL walked its index of popularity past 500,000 films, 150 ms, to find forty.
    by_popularity = (F("popularity") + Value(0.0)).desc()
    popular = films.filter(wanted).order_by(by_popularity, "tmdb_id").values_list("search_text", flat=True)[:RANKED]
    meant = [_meant(slots, titles) for titles in popular for slots in readings]
    best = min(filter(None, meant), key=lambda m: (m.edits, not m.whole), default=None)  # the popular of the equal
    return best.words if best else None


def _any_of_each(slots: Sequence[Slot]) -> Q:
    wanted = Q()
    for slot in slots:
        either = Q()
        for reading in slot:
            either |= has_words(reading.words)
        wanted &= either
    return wanted


def _meant(slots: Sequence[Slot], titles: str) -> Meant | None:
    """The nearest reading of a query that a film with these titles holds, if it holds one."""
    begun = f" {titles.replace('|', ' ')}"
    chosen: list[Reading] = []
    for slot in slots:
        held = next((r for r in slot if all(f" {word}" in begun for word in r.words.split())), None)
        if held is None:
            return None
        chosen.append(held)
    words = " ".join(r.words for r in chosen)
    return Meant(words, sum(r.edits for r in chosen), whole=words in titles.split("|"))


@dataclass(frozen=True)
class Vocabulary:
    """The words of all titles with the number of films that have them, to look up what a misspelled one meant."""

    counts: dict[str, int]
    alphabetical: list[str]
    by_length: dict[int, list[str]]

    @classmethod
    def of(cls, search_texts: Iterable[str]) -> Vocabulary:
        counts: Counter[str] = Counter()
        for titles in search_texts:
            counts.update(set(titles.replace("|", " ").split()))
        by_length: dict[int, list[str]] = defaultdict(list)
        for word in counts:
            by_length[len(word)].append(word)
        return cls(dict(counts), sorted(counts), dict(by_length))

    def begins_a_word(self, beginning: str) -> bool:
        place = bisect_left(self.alphabetical, beginning)
        return place < len(self.alphabetical) and self.alphabetical[place].startswith(beginning)

    def near(self, word: str) -> list[Reading]:
        """The words that this one may be a slip for, nearest first, then the most used."""
        if len(word) < SHORTEST:
            return [Reading(swapped, 1) for swapped in _swapped(word) if swapped in self.counts]
        if len(word) > LONGEST:
            return []
        edits = 1 if len(word) < 6 else 2
        hits: list[Reading] = []
        for length in range(len(word) - edits, len(word) + edits + 1):
            choices = self.by_length.get(length, ())
            scored = process.extract(word, choices, scorer=OSA.distance, score_cutoff=edits, limit=None)
            hits += (Reading(choice, int(distance)) for choice, distance, _ in scored if distance)
        hits += self._halves(word)
        return sorted(hits, key=lambda hit: (hit.edits, -self._use(hit.words)))[:NEAREST]

    def corrected(self, text: str) -> str | None:
        """Each unknown word replaced by the nearest known; None if there is no unknown word, or none near one."""
        words = searchable(text).split()
        slots = [(Reading(word, 0),) if self.begins_a_word(word) else tuple(self.near(word)) for word in words]
        if not all(slots) or all(slot[0].edits == 0 for slot in slots):
            return None
        return " ".join(slot[0].words for slot in slots)

    def readings(self, words: str) -> Iterable[list[list[Slot]]]:
        """What a query that finds nothing may mean, the likelier first: its unknown words misspelled, or any word."""
        asked = words.split()
        unknown = {word for word in asked if not self.begins_a_word(word)}
        if len(unknown) > MOST_REPAIRED or len(asked) > MOST_DOUBTED:
            return
        slots = [self._slot(word, known=word not in unknown) for word in asked]
        repaired = [
            reading for reading in ((slots if unknown else []), *self._joined(asked)) if reading and all(reading)
        ]
        if repaired:
            yield repaired
        if all(slots):
            doubted = [
                slot if word in unknown else (*slot, *self.near(word)) for word, slot in zip(asked, slots, strict=True)
            ]
            if any(len(slot) > 1 for slot in doubted):
                yield [doubted]

    def _slot(self, word: str, *, known: bool) -> Slot:
        return (Reading(word, 0),) if known else tuple(self.near(word))

    def _joined(self, words: list[str]) -> list[list[Slot]]:
        """The query with two neighbours made one, wherever that makes a known word."""
        same: list[Slot] = [(Reading(word, 0),) for word in words]
        return [
            [*same[:i], (Reading(first + second, 1),), *same[i + 2 :]]
            for i, (first, second) in enumerate(pairwise(words))
            if first + second in self.counts
        ]

    def _halves(self, word: str) -> list[Reading]:
        pairs = ((word[:i], word[i:]) for i in range(1, len(word)))
        return [Reading(f"{a} {b}", 1) for a, b in pairs if a in self.counts and b in self.counts]

    def _use(self, words: str) -> int:
        return min(self.counts[word] for word in words.split())


def _swapped(word: str) -> list[str]:
    """Three letters with two neighbours swapped: "the" for "teh"."""
    if len(word) != SHORTEST - 1:
        return []
    return [swapped for swapped in (word[1] + word[0] + word[2], word[0] + word[2] + word[1]) if swapped != word]


class VocabularyKeeper:
    """Keeps one vocabulary in the process, and has it counted anew behind the back of whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget it; whoever asks next counts anew."""
        self._vocabulary = Vocabulary({}, [], {})
        self._due = 0.0
        self._counting: threading.Thread | None = None

    def vocabulary(self) -> Vocabulary:
        """The words of the catalogue of at most a few minutes ago; while there are none, of now."""
        if not self._vocabulary.counts:
            with self._lock:
                if not self._vocabulary.counts:  # not counted by another thread while this one waited
                    self._count()
        elif time.monotonic() >= self._due:
            self._count_behind()
        return self._vocabulary

    def _count(self) -> None:
        self._due = time.monotonic() + MAX_AGE
        texts = Movie.objects.order_by().values_list("search_text", flat=True)
        self._vocabulary = Vocabulary.of(texts.iterator(chunk_size=5000))

    def _count_behind(self) -> None:
        with self._lock:
            if time.monotonic() < self._due:
                return
            self._due = time.monotonic() + MAX_AGE
            self._counting = threading.Thread(target=self._count_and_close, name="vocabulary", daemon=True)
            self._counting.start()

    def _count_and_close(self) -> None:
        try:
            self._count()
        except DatabaseError:
            logger.warning("The search keeps its old vocabulary: the titles could not be read", exc_info=True)
        finally:
            connection.close()


vocabulary_keeper = VocabularyKeeper()
