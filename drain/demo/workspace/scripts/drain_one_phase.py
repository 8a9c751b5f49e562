"""Stands in for Autopack's script: runs one phase of the database in DATABASE_URL, after the fix went in.

What the fix mended completes now, some phases still fail with the cause that remains, a few need another
turn, and a few hang until they are ended, or for half a minute. The same phase behaves the same way at each
try, but for the turn that follows a TOKEN_ESCALATION.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import sys
import time
from datetime import UTC, datetime
from types import FrameType

EVENT = """
INSERT INTO token_estimation_v2_events (run_id, phase_id, timestamp, category, predicted_output_tokens,
    actual_output_tokens, success, truncated, model)
VALUES (?, ?, ?, 'implementation', ?, ?, ?, 0, 'demo-model')
"""
ESCALATION = """
INSERT INTO token_budget_escalation_events (run_id, phase_id, timestamp, reason, attempt_index,
    escalation_factor, base_value, retry_max_tokens)
VALUES (?, ?, ?, 'truncation', 1, 2.0, 4096, 8192)
"""
HANGS_SECONDS = 30
REPORTED = "research-system-v2"
MISSING = "DELIVERABLES_VALIDATION_FAILED: missing deliverables: tests/research/test_polish.py"


class Phase:
    """One phase in Autopack's database."""

    def __init__(self, database: sqlite3.Connection, run_id: str, phase_id: str) -> None:
        self.database = database
        self.key = (run_id, phase_id)
        found = database.execute(
            "SELECT last_failure_reason, retry_attempt, state FROM phases WHERE run_id = ? AND phase_id = ?",
            self.key,
        ).fetchone()
        if found is None:
            sys.exit(f"There is no phase {phase_id} in run {run_id}.")
        self.reason, self.retries = found[0] or "", found[1]

    def set(self, state: str, **columns: object) -> None:
        """Write the state and what comes with it."""
        values = {"state": state, "updated_at": now(), **columns}
        names = ", ".join(f"{name} = ?" for name in values)
        self.database.execute(
            f"UPDATE phases SET {names} WHERE run_id = ? AND phase_id = ?",  # noqa: S608 - own names
            (*values.values(), *self.key),
        )

    def end(self, reason: str | None) -> int:
        """Complete without a reason, failed with one; returns the exit code."""
        state = "FAILED" if reason else "COMPLETE"
        self.set(state, last_failure_reason=reason, completed_at=now())
        say(f"{state}{': ' + reason if reason else ''}")
        return 1 if reason else 0

    def note_telemetry(self, count: int, *, success: bool, luck: random.Random) -> None:
        """Leave telemetry events behind, as each call of a model does."""
        for _ in range(count):
            predicted = luck.randint(1500, 6000)
            actual = int(predicted * luck.uniform(0.7, 1.3))
            self.database.execute(EVENT, (*self.key, now(), predicted, actual, success))


def main() -> int:
    """Run the phase; 0 when it is complete."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--phase-id", required=True)
    parser.add_argument("--force", action="store_true")
    args = parser.parse_args()
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    database = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30, isolation_level=None)
    phase = Phase(database, args.run_id, args.phase_id)
    signal.signal(signal.SIGTERM, lambda number, frame: told_to_end(phase, number, frame))
    phase.set("EXECUTING", started_at=now(), retry_attempt=phase.retries + 1)
    return run(phase, random.Random(f"{args.run_id}/{args.phase_id}"))  # noqa: S311 - repeatable


def run(phase: Phase, luck: random.Random) -> int:
    """Run this phase now that the fix is in."""
    say(f"loading {phase.key[1]} of {phase.key[0]}")
    say("autonomous_executor imported")
    time.sleep(luck.uniform(0.2, 1.0))
    dice = luck.random()
    hangs = 0.7 if phase.reason.startswith("Phase drain timed out") else 0.04
    if phase.key[0] != REPORTED and luck.random() < hangs:
        say("waiting for the builder ...")
        time.sleep(HANGS_SECONDS)
        return phase.end(
            f"Phase drain timed out after {HANGS_SECONDS} seconds waiting for the builder"
        )
    if phase.reason.startswith("TOKEN_ESCALATION") and phase.retries < 2:
        phase.database.execute(ESCALATION, (*phase.key, now()))
        return phase.end("TOKEN_ESCALATION: output truncated at 8192 tokens (budget 4096)")
    reason = remaining(phase.key, phase.reason, dice)
    phase.note_telemetry(luck.randint(1, 4) if not reason else 1, success=not reason, luck=luck)
    say("builder answered")
    return phase.end(reason)


def remaining(key: tuple[str, str], reason: str, dice: float) -> str | None:
    """The cause that the fix did not touch; None where nothing is left in the way."""
    if key == (REPORTED, "research-testing-polish"):
        return MISSING
    stubborn = {"PATCH_FAILED": 0.7, "QUALITY_GATE_BLOCKED": 0.8, "DELIVERABLES": 0.3}
    for start, share in stubborn.items():
        if reason.startswith(start):
            return reason if dice < share else None
    return (
        "PATCH_FAILED: patch does not apply: src/core/paths.py: hunk #2 failed"
        if dice < 0.08
        else None
    )


def told_to_end(phase: Phase, number: int, frame: FrameType | None) -> None:
    """Autopack notes a drain that ran out of time as a failure of the phase."""
    del number, frame
    phase.set("FAILED", last_failure_reason="Phase drain timed out", completed_at=now())
    sys.exit(1)


def say(text: str) -> None:
    """Print one line of the log, as Autopack does."""
    sys.stdout.write(f"[{datetime.now(UTC):%H:%M:%S}] {text}\n")
    sys.stdout.flush()


def now() -> str:
    """The time as SQLAlchemy writes it to SQLite: naive, UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


if __name__ == "__main__":
    sys.exit(main())
