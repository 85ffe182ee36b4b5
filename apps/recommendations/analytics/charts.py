"""The charts of the analytics page: where each mark goes, in the units of its drawing, so that the template only draws.

Drawn on the server, since the pages of the admin run no script of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10
from typing import ClassVar

from apps.recommendations.analytics.figures import AnalyticsRow, Day
from apps.recommendations.analytics.rates import Rate

MOST_BARS = 20
WIDEST_INTERVAL = 2.0  # of the highest rate: that of a handful of lists would leave no room for the others
LONGEST_LABEL = 34  # letters
DATES = 6


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Bar:
    """``low`` and ``high`` are the ends of the whisker; one that goes on beyond the chart has no cap there."""

    label: str
    y: float
    width: float
    low: float
    high: float
    is_capped: bool
    text: str


@dataclass(frozen=True)
class RateChart:
    """A bar a row for the click rate, with its interval as a whisker."""

    bars: list[Bar]
    ticks: list[Tick]

    width: ClassVar = 900
    left: ClassVar = 260  # the labels end here
    right: ClassVar = 745  # the figures begin here
    step: ClassVar = 30

    @classmethod
    def of(cls, rows: Sequence[AnalyticsRow], labels: Sequence[str]) -> RateChart | None:
        """Of the rows shown most; None where nothing was shown."""
        drawn = [(label, row.click_rate) for label, row in zip(labels, rows, strict=True) if row.click_rate]
        if not drawn:
            return None
        marks = _round_marks(_top([rate for _, rate in drawn[:MOST_BARS]]))
        scale = (cls.right - cls.left) / marks[-1]
        bars = [cls._bar(place, label, rate, scale) for place, (label, rate) in enumerate(drawn[:MOST_BARS])]
        return cls(bars, [Tick(_at(cls.left + mark * scale), f"{100 * mark:g} %") for mark in marks])

    @classmethod
    def _bar(cls, place: int, label: str, rate: Rate, scale: float) -> Bar:
        high = cls.left + rate.high * scale
        return Bar(
            label=label if len(label) <= LONGEST_LABEL else f"{label[:LONGEST_LABEL]}…",
            y=cls.step * place,
            width=_at(rate.value * scale),
            low=_at(cls.left + rate.low * scale),
            high=_at(min(high, cls.right)),
            is_capped=high <= cls.right,
            text=f"{percent(rate.value, 2)} ({interval(rate)})",
        )

    @property
    def floor(self) -> int:
        return self.step * len(self.bars)

    @property
    def height(self) -> int:
        return self.floor + 24


@dataclass(frozen=True)
class Column:
    x: float
    y: float
    height: float
    title: str


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    title: str


@dataclass(frozen=True)
class DayChart:
    """Impressions of each day as columns, and under them the click rate of each as a line, which days without
    impressions interrupt."""

    dates: list[Tick]
    columns: list[Column]
    column_width: float
    counts: list[Tick]
    points: list[Point]
    lines: list[str]
    shares: list[Tick]

    width: ClassVar = 900
    left: ClassVar = 60
    floors: ClassVar = (150, 320)  # of the columns, and of the line
    rise: ClassVar = 120
    height: ClassVar = 350

    @classmethod
    def of(cls, days: Sequence[Day]) -> DayChart:
        room = (cls.width - cls.left) / len(days)
        middles = [_at(cls.left + room * (place + 0.5)) for place in range(len(days))]
        counts = _round_marks(max(4, *(day.impressions for day in days)))
        shares = _round_marks(max((day.opened / day.impressions for day in days if day.impressions), default=0) or 0.01)
        every = ceil(len(days) / DATES)
        placed = list(zip(middles, days, strict=True))
        points = [cls._point(x, day, shares[-1]) if day.impressions else None for x, day in placed]
        return cls(
            dates=[Tick(x, f"{day.date:%-d %b}") for x, day in placed[::every]],
            columns=[cls._column(x - room * 0.4, day, counts[-1]) for x, day in placed],
            column_width=_at(room * 0.8),
            counts=[Tick(cls._y(0, mark, counts[-1]), f"{mark:,.0f}") for mark in counts],
            points=[point for point in points if point],
            lines=list(_lines(points)),
            shares=[Tick(cls._y(1, mark, shares[-1]), f"{100 * mark:g} %") for mark in shares],
        )

    @classmethod
    def _column(cls, x: float, day: Day, top: float) -> Column:
        y = cls._y(0, day.impressions, top)
        return Column(_at(x), y, _at(cls.floors[0] - y), f"{day.date:%-d %b %Y}: {day.impressions:,} shown")

    @classmethod
    def _point(cls, x: float, day: Day, top: float) -> Point:
        rate = day.opened / day.impressions
        title = f"{day.date:%-d %b %Y}: {percent(rate, 2)} opened, {day.opened:,} of {day.impressions:,}"
        return Point(x, cls._y(1, rate, top), title)

    @classmethod
    def _y(cls, part: int, value: float, top: float) -> float:
        return _at(cls.floors[part] - cls.rise * value / top)


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def interval(rate: Rate) -> str:
    return f"{100 * rate.low:.2f}\N{EN DASH}{100 * rate.high:.2f}"


def _at(position: float) -> float:
    return round(position, 1)


def _top(rates: Sequence[Rate]) -> float:
    """The highest end of an interval that the chart is to hold."""
    highest = max(rate.high for rate in rates)
    return min(highest, WIDEST_INTERVAL * max(rate.value for rate in rates)) or highest


def _round_marks(top: float) -> list[float]:
    """From 0 in three to five equal steps that a person would choose, the last of them no lower than ``top``."""
    rough = top / 5
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999999)
    return [step * place for place in range(ceil(top / step - 1e-6) + 1)]


def _lines(points: Iterable[Point | None]) -> Iterable[str]:
    """The points of each unbroken line, as SVG has them."""
    for is_there, run in groupby(points, key=bool):
        if is_there:
            yield " ".join(f"{point.x},{point.y}" for point in run if point)
