import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings

from utils import shared

needs_redis = pytest.mark.skipif(not django_settings.REDIS_URL, reason="needs the Redis of REDIS_URL")


@contextmanager
def mute_redis(settings):
    """Something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        options = {"SOCKET_CONNECT_TIMEOUT": 0.25, "SOCKET_TIMEOUT": 0.25}
        settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url, "OPTIONS": options}}
        settings.REDIS_URL = url
        yield


def test_without_redis_nothing_is_there_and_every_lock_is_free(settings):
    settings.REDIS_URL = ""
    shared.put("key", b"value", seconds=60)
    assert shared.get("key") is None
    with shared.lock("lock", hold=1, patience=0) as one, shared.lock("lock", hold=1, patience=0) as other:
        assert (one, other) == (True, True)


def test_a_redis_that_does_not_answer_costs_two_time_outs_and_then_nothing(settings):
    with mute_redis(settings):
        began = time.monotonic()
        for _ in range(20):
            assert shared.get("key") is None
            shared.put("key", b"value", seconds=60)
            with shared.lock("lock", hold=1, patience=1) as ours:
                assert ours
        assert time.monotonic() - began < 1.2


def test_a_redis_that_is_back_is_asked_again(settings, monkeypatch):
    with mute_redis(settings):
        for _ in range(3):
            shared.get("key")
        assert shared.BREAKER.current_state == "open"
    settings.REDIS_URL = "redis://somewhere"
    monkeypatch.setattr(shared.BREAKER, "_reset_timeout", 0.05)
    time.sleep(0.1)
    assert shared.ask(lambda _redis: "an answer", "none") == "an answer"
    assert shared.BREAKER.current_state == "closed"


@needs_redis
def test_bytes_come_back_as_they_went():
    shared.put("marquee-test:bytes", b"\x00\xff any", seconds=60)
    assert shared.get("marquee-test:bytes") == b"\x00\xff any"


@needs_redis
def test_a_lock_has_one_holder():
    def held(_):
        with shared.lock("marquee-test:lock", hold=10, patience=0.01) as ours:
            time.sleep(0.2)
            return ours

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(held, range(8))) == 1
    with shared.lock("marquee-test:lock", hold=10, patience=0.01) as ours:
        assert ours


@needs_redis
def test_a_lock_outlives_a_dead_holder_by_its_hold_and_no_longer(caplog):
    with shared.lock("marquee-test:short", hold=0.1, patience=0.01):
        time.sleep(0.15)
        with shared.lock("marquee-test:short", hold=10, patience=0.01) as ours:
            assert ours
    assert "a lock was gone before it was released" in caplog.text
