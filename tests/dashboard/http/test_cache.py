"""The cache that dashboards share: read once, and slow reads are renewed behind the back of their readers."""

from __future__ import annotations

import threading
import time

from django.core.cache import caches

from drain.dashboard.http import cache as module
from drain.dashboard.http.cache import shared


def test_facts_are_read_once_for_everybody():
    reads = iter(range(9))
    assert [shared("once", 60, lambda: next(reads)) for _ in range(3)] == [0, 0, 0]


def test_quick_facts_are_read_again_when_their_time_is_over(monkeypatch):
    monkeypatch.setattr(module, "SHARE", 0)
    reads = iter(range(9))
    assert shared("quick", 0, lambda: next(reads)) == 0
    assert shared("quick", 60, lambda: next(reads)) == 1


def test_nobody_waits_for_slow_facts_but_the_first(monkeypatch):
    monkeypatch.setattr(module, "SLOW_SECONDS", 0)
    monkeypatch.setattr(module, "SHARE", 0)
    may_read, reads = threading.Event(), iter(range(9))

    def slowly() -> int:
        may_read.wait(20)
        return next(reads)

    may_read.set()
    assert shared("slow", 0.05, slowly) == 0
    may_read.clear()
    _wait_until_over("slow")
    assert shared("slow", 60, slowly) == 0
    assert shared("slow", 60, slowly) == 0
    may_read.set()
    with module._reading["slow"]:
        assert shared("slow", 60, slowly) == 1


def test_slow_facts_that_cannot_be_read_again_stay_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.setattr(module, "SLOW_SECONDS", 0)
    monkeypatch.setattr(module, "SHARE", 0)
    assert shared("broken", 0.05, lambda: 7) == 7
    _wait_until_over("broken")
    assert shared("broken", 60, lambda: 1 // 0) == 7
    with module._reading["broken"]:
        assert "could not be read again: broken" in caplog.text


def _wait_until_over(key: str) -> None:
    while caches["pages"].get(key).until > time.monotonic():
        threading.Event().wait(0.01)
