"""What the page of the audit shows of a change: only what is set, moments in the reader's zone."""

from __future__ import annotations

import pytest

from drain.dashboard.audit.views import changed
from drain.models import AuditEvent


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"state": "QUEUED"}, {"state": "SKIPPED"}, "state QUEUED → SKIPPED"),
        ({"url": ""}, {"url": "sqlite:///a"}, "url – → sqlite:///a"),
        ({}, {"until": None, "keys": [], "selected": 3}, "selected 3"),
        ({}, {"limits": {"parallel": 2, "sample": None}}, "limits parallel 2"),
        ({}, {"at": "2026-11-25T00:00:00+00:00"}, "at 2026-11-25 00:00 UTC"),
        ({}, {"at": "9999-12-31T23:59:00-12:00"}, "at 9999-12-31T23:59:00-12:00"),
        ({"reason": "disk full"}, {}, "reason disk full → –"),
    ],
)
def test_a_change_is_told_without_what_is_not_set(old, new, said):
    assert changed(AuditEvent(old=old, new=new)) == said
