"""A community with a taste of its own, for engines to find out: who opens what of a list, and who likes what they open.

No factor model: a viewer's taste is a set of moods, and what of a list they open is decided film by film, from the top,
by rules. Films come in series, where the next part draws whoever liked the one before. What viewers are in the mood for
follows what they watched last, and turns after a few films of one kind. A mood that a viewer cannot stand spoils a film
whatever else is in it. And there is noise: lower ranks are looked at less, some things are opened by accident.

Every number stands here, and none of them was chosen by what an engine makes of it: README.md says how that was held.
Fame is invented and independent of all else: it decides what people came across before there was a recommender, and
never whether they like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

N_FILMS = 600
N_VIEWERS = 200
N_MOODS = 12
NONE = -1

# Films. The largest mood has some 100 of them, the smallest 27.
MOOD_SIZES = 1 / np.arange(4, 4 + N_MOODS)
HAVE_A_SECOND_MOOD = 0.25
IN_SERIES = 0.3
SERIES_LENGTHS = (3, 4, 5, 6)
DUDS = 0.2
FAME_EXPONENT = 0.9  # of Zipf's law

# What a catalogue says of a film tells little of its mood.
N_GENRES = 8
GENRE_OF_ITS_MOOD = 0.6  # else any other
KEYWORDS_A_MOOD = 4
KEYWORD_OF_ITS_MOOD = 0.5
STRAY_KEYWORDS = 2

# Viewers.
TASTE_SIZES = {1: 0.3, 2: 0.45, 3: 0.25}
CANNOT_STAND = 0.5  # of the viewers: one mood

# The chance that a film is opened by who looks at it.
OF_THE_MOMENT = 0.45  # its mood is to their taste, and what they are in the mood for
TO_TASTE = 0.3
BY_SECOND_MOOD = 0.2  # only its second mood is to their taste
NOT_TO_TASTE = 0.04
NOT_STOOD = 0.01
NEXT_PART = 0.7  # of a series whose part before they liked
OUT_OF_TURN = 0.4  # times as likely, where they have not watched the part before
ONE_MORE = 0.75  # times as likely, for each film of its mood that they opened in the same list
BY_ACCIDENT = 0.02
LOOKED_AT = 1 / (1 + 0.08 * np.arange(100))  # by rank: 1, .93, .86, ..., .58 at the tenth
TURNS_AFTER = 3  # films of one mood in a row

# The chance that a film is liked by who opened it, and dismissed by who looked at it and did not.
LIKED_TO_TASTE = 0.8
LIKED_OTHERWISE = 0.2
LIKED_DUD = 0.15
DISMISSED_TO_TASTE = 0.03
DISMISSED_OTHERWISE = 0.12

# Before there was a recommender: lists by fame alone.
FIRST_LISTS = 8
FIRST_LIST_LENGTH = 10


@dataclass(frozen=True)
class Films:
    """Aligned by position.

    mood, second_mood, part_before: int64 (n_films,), NONE where there is none; dud: bool; fame: float64, sums to 1.
    genres, keywords: what a catalogue says of each film, as numbers.
    """

    mood: NDArray[np.int64]
    second_mood: NDArray[np.int64]
    part_before: NDArray[np.int64]
    dud: NDArray[np.bool_]
    fame: NDArray[np.float64]
    genres: list[list[int]]
    keywords: list[list[int]]


@dataclass
class Viewer:
    """``taste`` and ``cannot_stand`` are for good; ``moment``, the mood they are in, and the rest change as they watch.

    row: how many films of the mood ``row_mood`` they watched last, without another between.
    """

    taste: tuple[int, ...]
    cannot_stand: int
    moment: int
    row_mood: int = NONE
    row: int = 0
    watched: set[int] = field(default_factory=set)
    liked: set[int] = field(default_factory=set)
    dismissed: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Clicks:
    """What somebody did with a list: films by position, in the order of the list. Who opens a film watches it."""

    opened: list[int]
    liked: list[int]
    dismissed: list[int]


class World:
    """Films and viewers of one seed; the same seed and the same lists, the same clicks."""

    def __init__(self, seed: int, n_films: int = N_FILMS, n_viewers: int = N_VIEWERS) -> None:
        self.seed = seed
        rng = np.random.default_rng(seed)
        self.films = _films(rng, n_films)
        self.viewers = [_viewer(rng) for _ in range(n_viewers)]

    def clicks(self, user: int, shown: Sequence[int], rng: np.random.Generator) -> Clicks:
        """What viewer ``user`` does with the films of a list, best first. They remember it."""
        viewer, films = self.viewers[user], self.films
        told = Clicks([], [], [])
        for rank, (film, dice) in enumerate(zip(shown, rng.random((len(shown), 5)), strict=True)):
            if dice[0] >= LOOKED_AT[rank]:
                continue
            alike = sum(bool(films.mood[film] == films.mood[other]) for other in told.opened)
            if dice[1] < max(self.chance(user, film) * ONE_MORE**alike, BY_ACCIDENT):
                told.opened.append(film)
                if dice[2] < self._chance_to_like(viewer, film):
                    told.liked.append(film)
                    viewer.liked.add(film)
                self._watch(viewer, film, dice[3])
            elif dice[4] < (DISMISSED_TO_TASTE if self.is_to_taste(user, film) else DISMISSED_OTHERWISE):
                told.dismissed.append(film)
                viewer.dismissed.add(film)
        return told

    def chance(self, user: int, film: int) -> float:
        """That the viewer opens the film, looking at it, first in a list."""
        viewer, mood, second = self.viewers[user], self.films.mood[film], self.films.second_mood[film]
        before = self.films.part_before[film]
        if viewer.cannot_stand in (mood, second) and viewer.cannot_stand != NONE:
            return NOT_STOOD
        if before in viewer.liked:
            return NEXT_PART
        if mood in viewer.taste:
            chance = OF_THE_MOMENT if mood == viewer.moment else TO_TASTE
        else:
            chance = BY_SECOND_MOOD if second in viewer.taste else NOT_TO_TASTE
        return chance if before == NONE or before in viewer.watched else chance * OUT_OF_TURN

    def is_to_taste(self, user: int, film: int) -> bool:
        """By one of its moods, and no mood that the viewer cannot stand."""
        viewer = self.viewers[user]
        moods = {int(self.films.mood[film]), int(self.films.second_mood[film])} - {NONE}
        return viewer.cannot_stand not in moods and not moods.isdisjoint(viewer.taste)

    def films_left(self, user: int) -> list[int]:
        """Those that the viewer has neither watched nor dismissed."""
        viewer = self.viewers[user]
        return sorted(set(range(len(self.films.mood))) - viewer.watched - viewer.dismissed)

    def _chance_to_like(self, viewer: Viewer, film: int) -> float:
        if self.films.dud[film]:
            return LIKED_DUD
        return LIKED_TO_TASTE if self.films.mood[film] in viewer.taste else LIKED_OTHERWISE

    def _watch(self, viewer: Viewer, film: int, dice: float) -> None:
        """The mood of the moment becomes that of the film, or another after a few of one kind; ``dice`` picks which."""
        viewer.watched.add(film)
        mood = int(self.films.mood[film])
        viewer.row = viewer.row + 1 if mood == viewer.row_mood else 1
        viewer.row_mood = mood
        if mood not in viewer.taste:
            return
        others = [other for other in viewer.taste if other != mood]
        tired = viewer.row >= TURNS_AFTER and others
        viewer.moment = others[int(dice * len(others))] if tired else mood


def first_history(world: World) -> list[list[Clicks]]:
    """For each viewer what they did with each of FIRST_LISTS lists, drawn by fame, before there was a recommender."""
    rng = np.random.default_rng([world.seed, 1])
    return [[_by_fame(world, user, rng) for _ in range(FIRST_LISTS)] for user in range(len(world.viewers))]


def _by_fame(world: World, user: int, rng: np.random.Generator) -> Clicks:
    left = np.array(world.films_left(user))
    fame = world.films.fame[left] / world.films.fame[left].sum()
    shown = rng.choice(left, size=FIRST_LIST_LENGTH, replace=False, p=fame)
    return world.clicks(user, shown.tolist(), rng)


def _films(rng: np.random.Generator, n: int) -> Films:
    mood = rng.choice(N_MOODS, size=n, p=MOOD_SIZES / MOOD_SIZES.sum())
    others = (mood + rng.integers(1, N_MOODS, size=n)) % N_MOODS
    fame = np.arange(1, n + 1) ** -FAME_EXPONENT
    return Films(
        mood=mood,
        second_mood=np.where(rng.random(n) < HAVE_A_SECOND_MOOD, others, NONE),
        part_before=_series(rng, mood),
        dud=rng.random(n) < DUDS,
        fame=rng.permutation(fame / fame.sum()),
        genres=[[_genre(rng, of_film)] for of_film in mood.tolist()],
        keywords=[_keywords(rng, of_film) for of_film in mood.tolist()],
    )


def _series(rng: np.random.Generator, mood: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n_films,): the part before, for IN_SERIES of each mood's films, in series of SERIES_LENGTHS."""
    before = np.full(len(mood), NONE)
    for one in range(N_MOODS):
        of_mood = rng.permutation(np.flatnonzero(mood == one))
        start, end = 0, int(len(of_mood) * IN_SERIES)
        while end - start >= min(SERIES_LENGTHS):
            parts = of_mood[start : min(start + int(rng.choice(SERIES_LENGTHS)), end)]
            before[parts[1:]] = parts[:-1]
            start += len(parts)
    return before


def _genre(rng: np.random.Generator, mood: int) -> int:
    """Moods share genres, since there are fewer of them."""
    own = mood % N_GENRES
    return own if rng.random() < GENRE_OF_ITS_MOOD else int((own + rng.integers(1, N_GENRES)) % N_GENRES)


def _keywords(rng: np.random.Generator, mood: int) -> list[int]:
    stray = rng.choice(N_MOODS * KEYWORDS_A_MOOD, size=STRAY_KEYWORDS, replace=False).tolist()
    own = [mood * KEYWORDS_A_MOOD + int(rng.integers(KEYWORDS_A_MOOD))] if rng.random() < KEYWORD_OF_ITS_MOOD else []
    return sorted({*stray, *own})


def _viewer(rng: np.random.Generator) -> Viewer:
    size = rng.choice(list(TASTE_SIZES), p=list(TASTE_SIZES.values()))
    moods = rng.choice(N_MOODS, size=size + 1, replace=False, p=MOOD_SIZES / MOOD_SIZES.sum()).tolist()
    hated = moods.pop() if rng.random() < CANNOT_STAND else NONE
    return Viewer(taste=tuple(moods[:size]), cannot_stand=hated, moment=moods[0])
