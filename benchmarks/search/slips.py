"""Slips of the finger, one function for each kind: a word, a seeded generator, and the word as it was typed."""

from __future__ import annotations

import random
from collections.abc import Callable
from string import ascii_lowercase

Slip = Callable[[str, random.Random], str]


def swapped(word: str, chance: random.Random) -> str:
    """Two different neighbours in the other's place; the word itself if all its letters are one."""
    places = [i for i in range(len(word) - 1) if word[i] != word[i + 1]]
    if not places:
        return word
    i = chance.choice(places)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def missing(word: str, chance: random.Random) -> str:
    i = chance.randrange(len(word))
    return word[:i] + word[i + 1 :]


def doubled(word: str, chance: random.Random) -> str:
    i = chance.randrange(len(word))
    return word[:i] + word[i] + word[i:]


def wrong(word: str, chance: random.Random) -> str:
    """Another letter in the place of one that is not the first."""
    return _replaced(word, chance.randrange(1, len(word)), chance)


def wrong_first(word: str, chance: random.Random) -> str:
    return _replaced(word, 0, chance)


def two(word: str, chance: random.Random) -> str:
    """Two slips of any kinds, which seldom undo each other."""
    for slip in chance.choices((swapped, missing, doubled, wrong), k=2):
        word = slip(word, chance)
    return word


def _replaced(word: str, i: int, chance: random.Random) -> str:
    return word[:i] + chance.choice(ascii_lowercase.replace(word[i], "")) + word[i + 1 :]


KINDS: dict[str, tuple[Slip, int]] = {  # and the letters that a word must have
    "letters swapped": (swapped, 4),
    "letter missing": (missing, 4),
    "letter doubled": (doubled, 4),
    "wrong letter": (wrong, 4),
    "wrong first letter": (wrong_first, 4),
    "two slips, 6+ letters": (two, 6),
}


def misspelled(title: str, kind: str, chance: random.Random) -> str | None:
    """The title with one of its words mistyped; None where no word is long enough, or the slip changes nothing."""
    slip, shortest = KINDS[kind]
    words = title.split()
    places = [i for i, word in enumerate(words) if len(word) >= shortest]
    if not places:
        return None
    i = chance.choice(places)
    words[i] = slip(words[i], chance)
    typed = " ".join(words)
    return typed if typed != title else None
