"""What came of the lists that were shown: by algorithm, by scenario, or by model.

Lists count by the day they were made, whenever somebody did something with them; days are those of UTC. The database
adds up; only the ids of films and the latencies are read row by row, and kept as counts and as one number a list.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

import numpy as np
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.recommendations.analytics.exposure import AT_ONCE, Exposure, exposure_of
from apps.recommendations.analytics.rates import ListSums, Rate, rate_of
from apps.recommendations.models import Feedback, RecommendationList

GROUPINGS = {"algorithm": "algorithm", "scenario": "scenario", "model": "model_version"}  # by column
KINDS = [kind.value for kind in Feedback.Kind]

Record: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Latency:
    """Milliseconds that half of the lists, and 95 % of them, took at most."""

    p50: float
    p95: float


@dataclass(frozen=True)
class AnalyticsRow:
    """The lists of one key. Rates, coverage and novelty are of what was shown; None where nothing was.

    coverage: share of the catalogue's films that were shown.
    novelty: mean over what was shown of -log2 of the share of all lists asked about that showed the same film: as
        ``metrics.novelty``, with lists in the place of users. 0 when every list shows the same films; compare it within
        one answer only.
    """

    key: str
    lists: int
    impressions: int
    opened: int
    liked: int
    dismissed: int
    watched: int
    click_rate: Rate | None
    like_rate: Rate | None
    coverage: float
    novelty: float | None
    latency_ms: Latency
    fallback_rate: float
    fallbacks: dict[str, int]


@dataclass
class Day:
    date: date
    impressions: int = 0
    opened: int = 0
    liked: int = 0


@dataclass(frozen=True)
class Analytics:
    """``rows``: most shown first. ``days``: every day there was, oldest first. ``films``: those of the catalogue."""

    since: datetime
    until: datetime
    rows: list[AnalyticsRow]
    days: list[Day]
    films: int

    @property
    def n_days(self) -> int:
        return len(self.days)


@dataclass
class _Tally:
    """What is counted of the lists of one key."""

    lists: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, ListSums] = field(default_factory=lambda: {kind: ListSums() for kind in KINDS})

    @property
    def impressions(self) -> int:
        return self.by_kind[KINDS[0]].shown

    def add_made(self, record: Record) -> None:
        self.lists += record["lists"]
        if record["fallback_reason"]:
            self.fallbacks[record["fallback_reason"]] += record["lists"]
        for sums in self.by_kind.values():
            sums.lists += record["lists_shown"]
            sums.shown += record["impressions"]
            sums.shown_squared += record["impressions_squared"]

    def add_done(self, record: Record) -> None:
        """What was done with one list."""
        for kind, sums in self.by_kind.items():
            sums.done += record[kind]
            sums.done_squared += record[kind] ** 2
            sums.shown_by_done += record[kind] * record["list__shown"]


def analytics(*, days: int, by: str, only: Mapping[str, str]) -> Analytics:
    """Of the last so many days, today among them, in four queries; ``by`` and the keys of ``only`` are GROUPINGS."""
    until = timezone.now()
    since = datetime.combine(until.astimezone(UTC).date() - timedelta(days - 1), time.min, UTC)
    wanted = {"created_at__gte": since, "created_at__lt": until} | {GROUPINGS[name]: only[name] for name in only}
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    by_day = {day.date: day for day in (Day(since.date() + timedelta(n)) for n in range(days))}
    for record in _made(wanted, GROUPINGS[by]):
        tallies[record["key"]].add_made(record)
        by_day[record["day"]].impressions += record["impressions"]
    for record in _done(wanted, GROUPINGS[by]):
        tallies[record["key"]].add_done(record)
        day = by_day[record["list__created_at"].date()]
        day.opened += record["opened"]
        day.liked += record["liked"]
    exposure = exposure_of(RecommendationList.objects.filter(**wanted), column=GROUPINGS[by])
    rows = _rows(tallies, exposure)
    return Analytics(since, until, rows, list(by_day.values()), exposure.n_films)


def _made(wanted: Record, column: str) -> Iterable[Record]:
    """Lists and what they showed, by key, day and reason of a fallback."""
    lists = RecommendationList.objects.filter(**wanted).order_by()
    return lists.values("fallback_reason", key=F(column), day=TruncDate("created_at", tzinfo=UTC)).annotate(
        lists=Count("pk"),
        lists_shown=Count("pk", filter=Q(shown__gt=0)),
        impressions=Sum("shown"),
        impressions_squared=Sum(F("shown") * F("shown")),
    )


def _done(wanted: Record, column: str) -> Iterator[Record]:
    """What was done with each list that anything was done with."""
    feedback = Feedback.objects.filter(**{f"list__{name}": value for name, value in wanted.items()}).order_by()
    # The moment and not its day: SQLite leaves days to Python, for each row before it groups them.
    by_list = feedback.values("list_id", "list__shown", "list__created_at", key=F(f"list__{column}"))
    return by_list.annotate(**{kind: Count("pk", filter=Q(kind=kind)) for kind in KINDS}).iterator(AT_ONCE)


def _rows(tallies: Mapping[str, _Tally], exposure: Exposure) -> list[AnalyticsRow]:
    coverage, novelty = exposure.coverage(), exposure.novelty()
    rows = [
        _row(key, tally, exposure.latencies[key], coverage=coverage[key], novelty=novelty[key])
        for key, tally in tallies.items()
        if tally.lists and key in exposure.rows  # else its lists came, or went, between two of the queries
    ]
    return sorted(rows, key=lambda row: (-row.impressions, -row.lists, row.key))


def _row(key: str, tally: _Tally, latencies: Sequence[float], **of_films: Any) -> AnalyticsRow:
    p50, p95 = np.percentile(latencies, [50, 95])
    return AnalyticsRow(
        key=key,
        lists=tally.lists,
        impressions=tally.impressions,
        **{kind: sums.done for kind, sums in tally.by_kind.items()},
        click_rate=rate_of(tally.by_kind["opened"]),
        like_rate=rate_of(tally.by_kind["liked"]),
        latency_ms=Latency(float(p50), float(p95)),
        fallback_rate=tally.fallbacks.total() / tally.lists,
        fallbacks=dict(tally.fallbacks.most_common()),
        **of_films,
    )
