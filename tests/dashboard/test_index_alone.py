"""The many failures of a common fingerprint are read from indexes alone:
of a hundred thousand no row is looked at.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from drain.dashboard.fingerprints import became, queries
from drain.engine.queue import ledger
from drain.evidence.comparison.sides import FAILURES, Side
from drain.evidence.fixes import scope
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    many,
)

pytestmark = pytest.mark.django_db
FAILED, PLANNED = "drain_attempt_failures", "drain_candidate_fingerprint"
ABOUT = Side("", touched=("k",))
VALUES: dict[str, Any] = {
    **ABOUT.values("a"), "keys": ["k"], "possible": [], "failures": FAILURES, "since": NOON, "fix": NOON, "now": NOON,
    "latest": 9, "sessions": [1], "source": None, "runs": None,
}  # fmt: skip
_OTHERS = """
SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE indrelid IN ('drain_attempt'::regclass, 'drain_candidate'::regclass, 'drain_phase'::regclass)
    AND NOT indisunique AND c.relname <> ALL(%s)
"""


@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        (f"SELECT FROM drain_attempt a WHERE {ABOUT.where('a')}", [FAILED, PLANNED]),
        (scope._NAMING, [FAILED]),
        (queries._HOURS, [FAILED]),
        (queries._AROUND, [FAILED]),
        (became._BECAME, [FAILED]),
        (became._COMPLETE, [FAILED]),
        (ledger._LEDGER, ["drain_phase_failed_cause", "drain_phase_queued_since"]),
    ],
    ids=["phases of a fix", "drains of a fix", "hours", "around", "became", "completed", "ledger"],
)
def test_a_statement_asks_an_index_for_no_more_than_it_has(statement, indexes):
    run, session = RunFactory(), SessionFactory()
    phases = many(
        PhaseFactory, [{"run": run, "state": state} for state in ("FAILED", "QUEUED") * 300]
    )
    theirs = [{"session": session, "phase": phase, "fingerprint": "k"} for phase in phases]
    many(CandidateFactory, theirs)
    many(AttemptFactory, theirs)
    with connection.cursor() as cursor:
        # The statistics of these rows, and not of those that other tests had.
        cursor.execute(
            "ANALYZE drain_run, drain_phase, drain_attempt, drain_candidate, drain_drainsession"
        )
        # Whether it could do without the rows is asked,
        # and not which index is cheapest for the few of a test.
        cursor.execute(_OTHERS, [indexes])
        for (other,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {other}")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {statement}", VALUES)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for index in indexes:
        assert f"Index Only Scan using {index} on" in plan, plan
