"""The exit code of a drain is the first that holds of 5, 3, 4, 0."""

from __future__ import annotations

import pytest

from drain.policy.exit_codes import SessionEnd, exit_code, exit_sentence

WELL = {"state": "finished", "total_failed": 5, "selected": 5, "processed": 5, "lost": 0}
TABLE = [
    (0, {}),
    (0, {"lost": 4}),
    (0, {"total_failed": 0, "selected": 0, "processed": 0}),
    (0, {"state": "running", "processed": 0}),
    (0, {"state": "planned", "processed": 0}),
    (3, {"failed_checks": 1}),
    (3, {"failed_checks": 2, "state": "stopped"}),
    (4, {"state": "stopped"}),
    (4, {"state": "stopped", "processed": 0}),
    (5, {"state": "interrupted"}),
    (5, {"state": "cancelled"}),
    (5, {"state": "refused", "processed": 0}),
    (5, {"selected": 0, "processed": 0}),
    (5, {"lost": 5}),
    (5, {"lost": 5, "failed_checks": 1, "state": "stopped"}),
    (5, {"state": "interrupted", "failed_checks": 1}),
]


@pytest.mark.parametrize(("code", "changes"), TABLE)
def test_the_first_that_holds_decides(code, changes):
    ending = SessionEnd(**{**WELL, **changes})
    assert exit_code(ending) == code
    said = exit_sentence(ending)
    assert f"(exit {code})" in said if code else said == ""
