import pytest

from benchmarks.drills.acknowledged import CUT, FAVORITE, RATING, VIEWING, Got, Kept, Told, Write, form, judge
from benchmarks.drills.faults import Result, recovery
from benchmarks.drills.strikes import FAULTS, Notes

ENVELOPE = b'{"success": false, "code": "service_unavailable", "message": "Later."}'
AT = "2026-11-23T04:00:00.000001+00:00"


def acknowledged(kind, film, **values):
    return Write(kind, film, acknowledged=True, **values)


def judged(*writes, **kept):
    return judge(Told("ada@example.org", writes=list(writes)), Kept(**kept))


def test_a_favorite_that_was_acknowledged_and_is_not_there_is_lost():
    assert judged(acknowledged(FAVORITE, 603), favorites={604}).lost
    assert not judged(acknowledged(FAVORITE, 603), favorites={603}).lost


def test_what_nobody_acknowledged_is_not_lost_but_told():
    verdict = judged(Write(FAVORITE, 603))
    assert (verdict.lost, verdict.never) == ([], 1)


@pytest.mark.parametrize(("times", "lost", "doubled"), [(0, 1, 0), (1, 0, 0), (2, 0, 1)])
def test_a_viewing_is_there_once(times, lost, doubled):
    verdict = judged(acknowledged(VIEWING, 603, watched_at=AT), viewings=[AT] * times)
    assert (len(verdict.lost), len(verdict.doubled)) == (lost, doubled)


def test_a_viewing_that_nobody_acknowledged_may_be_there_once_and_not_twice():
    assert judged(Write(VIEWING, 603, watched_at=AT), viewings=[AT, AT]).doubled


@pytest.mark.parametrize(
    ("row", "lost"),
    [
        ((8.0, 7), False),  # as acknowledged
        ((9.0, 8), False),  # a newer one, whose answer was lost
        (None, True),
        ((3.0, 5), True),  # an older one
        ((9.0, 7), True),  # its version with another value
        ((1.0, 8), True),  # a newer one that nobody asked for
    ],
)
def test_a_rating_is_the_newest_acknowledged_one_or_a_newer_one_without_an_answer(row, lost):
    writes = [
        acknowledged(RATING, 603, value=8.0, version=7),
        acknowledged(RATING, 603, value=3.0, version=5),
        Write(RATING, 603, value=9.0),
    ]
    assert bool(judged(*writes, ratings={603: row} if row else {}).lost) is lost


@pytest.mark.parametrize(
    ("status", "headers", "body", "is_right"),
    [
        (503, {"Retry-After": "5"}, ENVELOPE, True),
        (503, {}, ENVELOPE, False),
        (503, {"Retry-After": "5"}, b"<h1>Service Unavailable</h1>", False),
        (503, {"Retry-After": "5"}, b'{"detail": "no"}', False),
        (200, {}, b'{"success": true, "data": []}', True),
        (200, {}, b"", False),
        (204, {}, b"", True),
    ],
)
def test_an_answer_has_its_form_also_on_a_bad_day(status, headers, body, is_right):
    assert (form(status, headers, body) == "") is is_right


def answers(*statuses, took=0.1):
    """One a second, from second 1."""
    return [Got("GET movies/", at, at + took, status) for at, status in enumerate(statuses, start=1)]


def test_recovery_lasts_until_the_last_answer_that_was_not_good():
    assert recovery(answers(503, 200, CUT, 409, 200), healed=0.5) == 2.5
    assert recovery(answers(503, 503, 200), healed=2.5) == 0


@pytest.mark.parametrize(
    ("got", "is_broken"),
    [
        (answers(200, 503, 409, 201), False),
        (answers(200, 500), True),
        (answers(200, 404), True),
        (answers(200, 200, took=11), True),
        (answers(CUT), True),
        ([Got("GET movies/", 40, 41, 503)], True),  # 38 s after all was healed
    ],
)
def test_what_a_fault_may_not_do(got, is_broken):
    fault = next(fault for fault in FAULTS if not fault.may_cut)
    result = Result(fault, began=0, healed=2, told=[Told("ada@example.org", got=got)], notes=Notes())
    assert bool(result.broken()) is is_broken


def test_only_who_came_after_a_sigterm_may_be_cut_off():
    fault = next(fault for fault in FAULTS if fault.name == "sigterm")
    told = [Told("ada@example.org", got=answers(200, CUT, 200))]
    assert not Result(fault, 0, 5, told, Notes(ends=[(1.9, 2.5)])).broken()
    assert Result(fault, 0, 5, told, Notes(ends=[(2.1, 2.5)])).broken()
    assert Result(fault, 0, 5, told, Notes(ends=[(1.0, 1.9)])).broken()


def test_the_gap_is_the_longest_time_without_a_good_answer():
    told = [Told("ada@example.org", got=answers(200, 503, 503, 200, took=0))]
    assert Result(FAULTS[0], 0, 5, told, Notes()).gap == 3
