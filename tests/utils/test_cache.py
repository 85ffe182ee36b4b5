import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from utils import cache, shared
from utils.cache import Busy, Cache, Entry
from utils.exceptions import ApplicationError

TTL = 3600
NOW = "2026-03-01T12:00:00Z"

needs_redis = pytest.mark.skipif("not __import__('django.conf', fromlist=['']).settings.REDIS_URL", reason="REDIS_URL")


@pytest.fixture
def lists():
    return Cache("lists")


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


class Builder:
    """Builds "1", "2", ... and counts; fails while told to."""

    def __init__(self, **entry):
        self.entry = {"ttl": TTL} | entry
        self.times = 0
        self.failing = False

    def __call__(self):
        self.times += 1
        if self.failing:
            raise ApplicationError("no answer")
        return Entry.of(b"%d" % self.times, **self.entry)


def test_what_is_fresh_is_built_once(lists, clock):
    build = Builder()
    assert [lists.get_or_build("key", build).body for _ in range(3)] == [b"1"] * 3
    assert build.times == 1


def test_keys_and_names_are_kept_apart(lists, clock):
    build = Builder()
    bodies = [lists.get_or_build("a", build), lists.get_or_build("b", build), Cache("details").get_or_build("a", build)]
    assert [kept.body for kept in bodies] == [b"1", b"2", b"3"]


def test_what_is_due_is_served_once_more_and_built_anew(lists, clock):
    build = Builder()
    lists.get_or_build("key", build)
    clock.shift(timedelta(seconds=1.2 * TTL))
    stale = lists.get_or_build("key", build)
    assert (stale.body, stale.stale, stale.age) == (b"1", True, 1.2 * TTL)
    fresh = lists.get_or_build("key", build)
    assert (fresh.body, fresh.stale, fresh.age) == (b"2", False, 0)


def test_the_background_has_a_builder_of_its_own(lists, clock):
    lists.get_or_build("key", Builder())
    clock.shift(timedelta(seconds=1.2 * TTL))
    lists.get_or_build("key", Builder(), renew=lambda: Entry.of(b"at leisure", ttl=TTL))
    assert lists.get_or_build("key", Builder()).body == b"at leisure"


def test_what_was_built_together_does_not_fall_due_together(clock):
    due = [Entry.of(b"", ttl=TTL).due_at - time.time() for _ in range(200)]
    assert 0.9 * TTL <= min(due) < 0.92 * TTL < 0.98 * TTL < max(due) <= TTL


def test_an_answer_outlives_the_one_who_made_it(lists, clock):
    build = Builder()
    lists.get_or_build("key", build)
    build.failing = True
    clock.shift(timedelta(days=3))
    assert lists.get_or_build("key", build).body == b"1"
    assert build.times == 2


def test_a_failed_builder_is_left_alone_for_a_while(lists, clock):
    build = Builder()
    lists.get_or_build("key", build)
    build.failing = True
    clock.shift(timedelta(seconds=2 * TTL))
    for _ in range(5):
        assert lists.get_or_build("key", build).stale
    assert build.times == 2
    build.failing = False
    clock.shift(timedelta(seconds=cache.REST + 1))
    lists.get_or_build("key", build)
    assert lists.get_or_build("key", build).body == b"3"


def test_in_the_end_it_is_gone(lists, clock, settings):
    build = Builder()
    lists.get_or_build("key", build)
    clock.shift(timedelta(seconds=1.2 * TTL + settings.CACHE_KEEP_STALE))
    cache.forget_all()  # Redis counts by the real clock
    shared.ask(lambda redis: [redis.delete(key) for key in redis.scan_iter(f"{settings.CACHE_PREFIX}*key")], None)
    build.failing = True
    with pytest.raises(ApplicationError, match="no answer"):
        lists.get_or_build("key", build)


def test_with_nothing_kept_a_failure_is_told_and_remembered_a_moment(lists, clock):
    build = Builder()
    build.failing = True
    for _ in range(3):
        with pytest.raises(ApplicationError, match="no answer"):
            lists.get_or_build("key", build)
    assert build.times == 1
    build.failing = False
    clock.shift(timedelta(seconds=cache.REST))
    assert lists.get_or_build("key", build).body == b"2"


def test_an_unknown_failure_is_nobodys_answer(lists):
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lists.get_or_build("key", broken)
    assert lists.get_or_build("key", Builder()).body == b"1"


def test_what_is_stale_at_birth_is_not_built_anew_at_once(lists, clock):
    build = Builder(made_at=time.time() - 2 * TTL)
    for _ in range(3):
        assert lists.get_or_build("key", build).stale
    assert build.times == 1
    clock.shift(timedelta(seconds=cache.REST + 1))
    lists.get_or_build("key", build)
    assert build.times == 2


def test_that_something_is_missing_is_kept_as_well(lists, clock):
    build = Builder(missing=True)
    assert all(lists.get_or_build("key", build).missing for _ in range(2))
    assert build.times == 1


def test_a_flush_forgets_one_cache_and_no_other(lists, clock):
    other, build = Cache("details"), Builder()
    lists.get_or_build("key", build)
    other.get_or_build("key", build)
    lists.flush()
    assert lists.get("key", build) is None
    assert other.get("key", build).body == b"2"


def test_an_entry_survives_packing(clock):
    made = Entry.of(b"a body\nof two lines", ttl=TTL, missing=True)
    assert Entry.unpacked(made.packed()) == made


def test_many_who_miss_at_once_share_one_build(lists):
    build = Builder()

    def slow():
        time.sleep(0.2)
        return build()

    with ThreadPoolExecutor(20) as pool:
        bodies = {kept.body for kept in pool.map(lambda _: lists.get_or_build("key", slow), range(20))}
    assert (bodies, build.times) == ({b"1"}, 1)


def test_many_who_find_it_due_share_one_build_and_none_waits(lists, settings):
    settings.JOBS_EAGER = False
    build, built = Builder(ttl=0.1), threading.Event()
    lists.get_or_build("key", build)
    time.sleep(0.15)

    def slow():
        assert built.wait(5)
        return Entry.of(b"new", ttl=TTL)

    with ThreadPoolExecutor(20) as pool:
        bodies = {kept.body for kept in pool.map(lambda _: lists.get("key", slow), range(50))}
    assert bodies == {b"1"}  # all were served while the builder was still at it
    built.set()
    deadline = time.monotonic() + 5
    while lists.get("key", build).body != b"new" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert lists.get("key", build).body == b"new"
    assert build.times == 1


def test_who_waits_too_long_is_told_to_come_again(lists, monkeypatch):
    with (
        cache.flight("work"),
        ThreadPoolExecutor(1) as pool,
        pytest.raises(Busy) as refused,
    ):
        pool.submit(lambda: cache.flight("work", patience=0.05).__enter__()).result()
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "2"})
    with cache.flight("work", patience=0.05):
        pass


@needs_redis
def test_what_one_process_built_another_has(lists, clock):
    build = Builder()
    lists.get_or_build("key", build)
    cache.forget_all()  # another process has an empty memory
    assert Cache("lists").get_or_build("key", build).body == b"1"
    assert build.times == 1


@needs_redis
def test_the_newer_entry_of_another_process_is_taken_over(lists, clock):
    build = Builder()
    lists.get_or_build("key", build)
    clock.shift(timedelta(seconds=1.2 * TTL))
    newer = Entry.of(b"newer", ttl=TTL)
    shared.put(lists._versioned("key"), newer.packed(), seconds=60)
    assert lists.get_or_build("key", build).body == b"newer"
    assert build.times == 1


@needs_redis
def test_a_flush_reaches_other_processes_soon(lists, clock):
    build, elsewhere = Builder(), Cache("lists")
    elsewhere.get_or_build("key", build)
    lists.flush()
    clock.shift(timedelta(seconds=cache.VERSION_CHECK + 1))
    assert elsewhere.get("key", build) is None
