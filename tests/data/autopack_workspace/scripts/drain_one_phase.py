"""Stands in for Autopack's script: runs one phase of the database in DATABASE_URL, as STUB_MODE tells it to.

STUB_MODE: complete (default), fail, hang, divert (runs the earliest queued phase instead), stuck (leaves the phase
EXECUTING), retry (fails with TOKEN_ESCALATION). The mode of a single phase: STUB_MODE_<phase id, - as _>.
STUB_TELEMETRY: how many events a run phase leaves (default 2).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from datetime import UTC, datetime

REASONS = {
    "fail": "CI collection/import error: ModuleNotFoundError: No module named 'coverage_tracker'",
    "retry": "TOKEN_ESCALATION: output truncated at 8192 tokens",
}
EVENT = """
INSERT INTO token_estimation_v2_events (run_id, phase_id, timestamp, category, complexity, deliverable_count,
    deliverables_json, predicted_output_tokens, actual_output_tokens, selected_budget, success, truncated, model,
    is_truncated_output, created_at)
VALUES (?, ?, ?, 'implementation', 'medium', 1, '[]', 2000, 1800, 4096, 1, 0, 'stub-model', 0, ?)
"""


def main() -> int:
    """Run one phase; 0 when it is complete."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--phase-id", required=True)
    parser.add_argument("--force", action="store_true")
    args = parser.parse_args()
    mode = os.environ.get(
        "STUB_MODE_" + args.phase_id.replace("-", "_"), os.environ.get("STUB_MODE", "complete")
    )
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    database = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30, isolation_level=None)
    phase = args.phase_id
    if mode == "divert":
        phase = earliest_queued(database, args.run_id)
        set_state(database, args.run_id, args.phase_id, "QUEUED")
    set_state(database, args.run_id, phase, "EXECUTING", started_at=now())
    print(f"[stub] {args.run_id}/{phase}: {mode}", flush=True)  # noqa: T201 - its log
    if mode == "hang":
        time.sleep(3600)
    if mode == "stuck":
        return 0
    for _ in range(int(os.environ.get("STUB_TELEMETRY", "2"))):
        database.execute(EVENT, (args.run_id, phase, now(), now()))
    reason = REASONS.get(mode)
    state = "FAILED" if reason else "COMPLETE"
    set_state(database, args.run_id, phase, state, last_failure_reason=reason, completed_at=now())
    return 1 if reason else 0


def earliest_queued(database: sqlite3.Connection, run_id: str) -> str:
    """The phase that Autopack's executor would take first."""
    row = database.execute(
        "SELECT phase_id FROM phases WHERE run_id = ? AND state = 'QUEUED' ORDER BY phase_index LIMIT 1",
        (run_id,),
    ).fetchone()
    return str(row[0])


def set_state(
    database: sqlite3.Connection, run_id: str, phase_id: str, state: str, **columns: object
) -> None:
    """Write a phase's state and the given columns."""
    sets = {"state": state, "updated_at": now(), **columns}
    assignments = ", ".join(f"{name} = ?" for name in sets)
    database.execute(
        f"UPDATE phases SET {assignments} WHERE run_id = ? AND phase_id = ?",
        (*sets.values(), run_id, phase_id),
    )


def now() -> str:
    """The time as SQLAlchemy writes it to SQLite: naive, UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


if __name__ == "__main__":
    sys.exit(main())
