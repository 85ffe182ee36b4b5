"""What the analytics page says, in words and figures ready to be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode

from apps.recommendations.analytics.charts import MOST_BARS, DayChart, RateChart, interval, percent
from apps.recommendations.analytics.figures import GROUPINGS, AnalyticsRow, analytics
from apps.recommendations.analytics.rates import Rate
from apps.recommendations.models import Scenario

PERIODS = (7, 30, 90)  # days
NOTHING = "\N{EN DASH}"


Columns: TypeAlias = dict[str, Callable[[AnalyticsRow], str]]

TABLES: dict[str, Columns] = {
    "What came of it": {
        "Lists": lambda row: f"{row.lists:,}",
        "Shown": lambda row: f"{row.impressions:,}",
        "Opened": lambda row: f"{row.opened:,}",
        "Liked": lambda row: f"{row.liked:,}",
        "Watched": lambda row: f"{row.watched:,}",
        "Dismissed": lambda row: f"{row.dismissed:,}",
        "Click rate": lambda row: _rate(row.click_rate),
        "Like rate": lambda row: _rate(row.like_rate),
    },
    "What was shown, and how": {
        "Coverage": lambda row: percent(row.coverage),
        "Novelty": lambda row: NOTHING if row.novelty is None else f"{row.novelty:.1f} bits",
        "Half took": lambda row: f"≤ {row.latency_ms.p50:.0f} ms",
        "95 % took": lambda row: f"≤ {row.latency_ms.p95:.0f} ms",
        "Fallbacks": lambda row: percent(row.fallback_rate),
        "Why": lambda row: _reasons(row.fallbacks) or NOTHING,
    },
}


@dataclass(frozen=True)
class Link:
    """``href`` is empty where there is nowhere to go."""

    text: str
    href: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Table:
    """``lines``: of each row, its name and the figures of these columns."""

    title: str
    columns: list[str]
    lines: list[tuple[Link, list[str]]]


def page_of(wish: dict[str, Any]) -> dict[str, Any]:
    """The template's context for what ``analytics`` found by these arguments of it."""
    found = analytics(**wish)
    names = [Link(_label(wish["by"], row.key), _inside(wish, row.key)) for row in found.rows]
    return {
        "found": found,
        "by": wish["by"],
        "n_films": f"{found.films:,}",
        "rates": RateChart.of(found.rows, [name.text for name in names]),
        "most_bars": MOST_BARS,
        "by_day": DayChart.of(found.days),
        "tables": [_table(title, columns, names, found.rows) for title, columns in TABLES.items()],
        **_choices(wish),
    }


def _table(title: str, columns: Columns, names: Sequence[Link], rows: Sequence[AnalyticsRow]) -> Table:
    cells = [[cell(row) for cell in columns.values()] for row in rows]
    return Table(title, list(columns), list(zip(names, cells, strict=True)))


def _choices(wish: dict[str, Any]) -> dict[str, list[Link]]:
    """Links to the same page with one thing changed."""
    only = wish["only"]
    return {
        "periods": [
            Link("today" if days == 1 else f"{days} days", _href(wish | {"days": days}), days == wish["days"])
            for days in sorted({*PERIODS, wish["days"]})
        ],
        "groupings": [Link(by, _href(wish | {"by": by}), by == wish["by"]) for by in GROUPINGS],
        "limits": [
            Link(f"{name}: {_label(name, only[name])}", _href(wish | {"only": {k: only[k] for k in only if k != name}}))
            for name in only
        ],
    }


def _inside(wish: dict[str, Any], key: str) -> str:
    """To the lists of one row alone, by what they are not limited to yet."""
    only = wish["only"] | {wish["by"]: key}
    by = next((name for name in GROUPINGS if name not in only), "")
    return _href(wish | {"by": by, "only": only}) if by else ""


def _href(wish: dict[str, Any]) -> str:
    return "?" + urlencode({"days": wish["days"], "by": wish["by"], **wish["only"]})


def _label(grouping: str, key: str) -> str:
    if grouping == "scenario" and key in Scenario.values:
        return Scenario(key).label
    return key or "no model yet"


def _rate(rate: Rate | None) -> str:
    return f"{percent(rate.value, 2)} ({interval(rate)})" if rate else NOTHING


def _reasons(fallbacks: dict[str, int]) -> str:
    return ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in fallbacks.items())
