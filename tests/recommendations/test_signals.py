from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations

import pytest

from apps.favorites.events import Event, EventKind
from apps.favorites.models import RATING_VALUES
from apps.recommendations.signals import PRECEDENCE, Signal, confidence_of, signals_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(kind, value=1.0, *, user=1, film=1, at=NOON):
    return Event(user, film, EventKind(kind), value, at)


@pytest.mark.parametrize(
    ("kind", "value", "confidence"),
    [
        ("favorite", 1.0, 1.5),
        ("hidden", 1.0, -1.0),
        ("watchlist", 1.0, 0.3),
        ("viewing", 1.0, 0.5),
        ("viewing", 0.4, 0.2),
        ("viewing", 0.0, 0.0),
        ("rating", 10.0, 1.5),
        ("rating", 7.0, 1.0),
        ("rating", 6.5, 0.3),
        ("rating", 6.0, 0.3),
        ("rating", 5.5, -0.5),
        ("rating", 5.0, -0.5),
        ("rating", 0.5, -0.5),
    ],
)
def test_an_event_means_this_much(kind, value, confidence):
    assert confidence_of(event(kind, value)) == pytest.approx(confidence)


def test_a_higher_rating_never_means_less():
    confidences = [confidence_of(event("rating", value)) for value in RATING_VALUES]
    assert confidences == sorted(confidences)


def test_every_kind_of_event_has_its_place_in_the_precedence():
    assert sorted(PRECEDENCE) == sorted(EventKind)


@pytest.mark.parametrize(("decisive", "other"), list(combinations(PRECEDENCE, 2)))
def test_of_two_events_on_a_film_the_weightier_kind_decides_in_either_order(decisive, other):
    late, early = event(other, 0.5, at=NOON + timedelta(days=9)), event(decisive, 8.0)
    expected = {(1, 1): Signal(confidence_of(early), NOON, 8.0 if decisive == EventKind.RATING else None)}
    assert signals_of([late, early]) == signals_of([early, late]) == expected


def test_of_several_viewings_the_newest_decides_and_of_simultaneous_ones_the_fullest():
    viewings = [
        event("viewing", 1.0, at=NOON - timedelta(hours=1)),
        event("viewing", 0.2),
        event("viewing", 0.6),
    ]
    outcomes = [signals_of(order) for order in permutations(viewings)]
    assert outcomes == [{(1, 1): Signal(0.3, NOON, None)}] * len(outcomes)


def test_films_and_users_are_kept_apart():
    signals = signals_of([event("favorite"), event("hidden", film=2), event("watchlist", user=2)])
    assert {key: signal.confidence for key, signal in signals.items()} == {(1, 1): 1.5, (1, 2): -1.0, (2, 1): 0.3}


def test_no_events_are_no_signals():
    assert signals_of([]) == {}
