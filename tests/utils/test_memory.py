from datetime import timedelta

import time_machine

from utils.memory import Memory


def test_a_value_stays_until_its_time():
    memory = Memory(10)
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        memory.put("key", "value", until=1772366400 + 60)
        assert memory.get("key") == "value"
        assert "key" in memory
        clock.shift(timedelta(seconds=61))
        assert memory.get("key") is None
        assert "key" not in memory


def test_the_least_recently_used_goes_first():
    memory = Memory(10, weigh=len)
    for key in "abc":
        memory.put(key, "123", until=9e9)
    memory.get("a")
    memory.put("d", "123", until=9e9)
    assert [key for key in "abcd" if key in memory] == ["a", "c", "d"]


def test_what_is_larger_than_all_of_it_is_not_kept():
    memory = Memory(10, weigh=len)
    memory.put("small", "1", until=9e9)
    memory.put("large", "1" * 11, until=9e9)
    assert ("small" in memory, "large" in memory) == (True, False)


def test_what_is_over_already_is_not_kept_and_ends_what_was():
    memory = Memory(10)
    memory.put("key", "value", until=9e9)
    memory.put("key", "other", until=0)
    assert memory.get("key") is None


def test_forgets_one_or_all():
    memory = Memory(10)
    for key in "abc":
        memory.put(key, key, until=9e9)
    memory.pop("a")
    memory.pop("a")
    assert [key for key in "abc" if key in memory] == ["b", "c"]
    memory.clear()
    assert "b" not in memory
