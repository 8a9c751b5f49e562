"""The demo has a past, made by imports as they would have found the backlog."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drain.demo import past
from drain.demo.backlog import build
from drain.evidence.rollups.state_history import history
from drain.models import Attempt, Phase, Source, TelemetryEvent, Transition
from drain.sources.autopack.importing import import_source

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_the_backlog_grew_hour_by_hour_and_ends_as_one_import_would_leave_it(tmp_path, monkeypatch):
    monkeypatch.setattr(past, "BETWEEN", timedelta(hours=12))
    path = tmp_path / "a.db"
    build(path, NOW)
    source = Source.objects.create(name="demo", kind="autopack", url=f"sqlite:///{path}")

    past.live_through(source, path, NOW)
    import_source(source, NOW)

    failed = [counts.get("FAILED", 0) for _, counts in history(NOW - timedelta(days=3))]
    assert failed == sorted(failed)
    assert failed[0] < 5 < 90 < failed[-1]
    assert (Phase.objects.count(), TelemetryEvent.objects.count()) == (226, 250)
    assert Attempt.objects.count() == Phase.objects.exclude(state="QUEUED").count()
    assert Transition.objects.filter(subject="phase", at__gt=NOW).count() == 0
    assert [item.name for item in tmp_path.iterdir()] == ["a.db"]
