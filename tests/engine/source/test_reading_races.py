"""One reading of a source at a time, whoever asks and whoever dies; what is due goes to one worker."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.source import reading
from drain.engine.source.reading import read_asked, read_due, read_source
from drain.sources.errors import SourceError
from tests.engine.source.scheduled import BY, MINUTE, NOON, caught, every_minute, known

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    return caught(monkeypatch)


def elsewhere(act: Callable[[], object]) -> Thread:
    """On a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_two_never_read_one_source_at_the_same_time_and_a_dead_one_holds_nobody_up(
    lite, monkeypatch
):
    source = known(lite)
    inside, on = Event(), Event()
    count: list[int] = []

    def slow(*_: object) -> object:
        count.append(1)
        inside.set()
        assert on.wait(60)
        raise SourceError("enough")

    monkeypatch.setattr(reading, "import_sql", slow)
    thread = elsewhere(lambda: read_source(source, BY))
    assert inside.wait(60)
    with pytest.raises(EngineError, match="is being read already"):
        read_source(source, BY)
    assert "already" in read_asked(source.pk, timezone.now())
    assert len(count) == 1
    on.set()
    thread.join(60)
    assert not thread.is_alive()
    assert read_source(source, BY) == "enough"
    # Whoever dies takes the lock along.
    key = [reading.LOCK_SPACE, source.pk]
    held = elsewhere(lambda: connection.cursor().execute("SELECT pg_advisory_lock(%s, %s)", key))
    held.join(60)
    with connection.cursor() as cursor:
        # Its server process takes a moment to notice.
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
    assert read_source(source, BY) == "enough"


@pytest.mark.django_db(transaction=True)
def test_two_hosts_hand_what_is_due_to_one_worker(lite, sent):
    known(lite)
    every_minute()
    threads = [elsewhere(lambda: read_due(NOON + MINUTE)) for _ in range(2)]
    for thread in threads:
        thread.join(60)
    assert len(sent) == 1
