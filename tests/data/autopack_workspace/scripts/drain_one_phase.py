"""Stands in for Autopack's script of February 2026: what it does to the database, and how it ends.

A FAILED phase is requeued first; one that is neither FAILED nor QUEUED is refused with 2. Then the run's
first queued phase by (tier_index, phase_index) is run, whichever was asked for. The exit code is 0 only if
the phase asked for is COMPLETE. STUB_MODE says how a phase ends, STUB_MODE_<phase id, - as _> how a single
one does:

complete   COMPLETE (default), with STUB_TELEMETRY events (2)
queued     STUB_REASON written, retry_attempt raised, left QUEUED; FAILED once it was the fifth
retry      the same with TOKEN_ESCALATION
fail       FAILED with a reason
executing  left EXECUTING
stuck      left EXECUTING, and exit 0 all the same
exit_1     COMPLETE, and exit 1 all the same
import     dies before it has touched anything
crash      dies once the phase is requeued
hang       EXECUTING for an hour
idle       an hour before it touches anything
fixed      as it failed before: COMPLETE if the reason is one of STUB_FIXED (separated by |) or unknown; a TOKEN_ESCALATION
           asks for one more turn and has it; anything else as `queued` with the same reason
divert     the first queued phase other than the one asked for is run, and ends by its own mode
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
import urllib.request
from datetime import UTC, datetime

MOST_TRIES = 5
REASONS = {
    "fail": "CI collection/import error: ModuleNotFoundError: No module named 'coverage_tracker'",
    "retry": "TOKEN_ESCALATION: output truncated at 8192 tokens",
    "queued": os.environ.get("STUB_REASON", "PATCH_FAILED: hunk #3 failed at line 12"),
}
EVENT = """
INSERT INTO token_estimation_v2_events (run_id, phase_id, timestamp, category, complexity, deliverable_count,
    deliverables_json, predicted_output_tokens, actual_output_tokens, selected_budget, success, truncated, model,
    is_truncated_output, created_at)
VALUES (?, ?, ?, 'implementation', 'medium', 1, '[]', 2000, 1800, 4096, 1, 0, 'stub-model', 0, ?)
"""
FIRST_QUEUED = """
SELECT p.phase_id FROM phases p JOIN tiers t ON t.id = p.tier_id
WHERE p.run_id = ? AND p.state = 'QUEUED' AND p.phase_id <> ? ORDER BY t.tier_index, p.phase_index LIMIT 1
"""


class Script:
    """One call for one phase."""

    def __init__(self, run_id: str, phase_id: str) -> None:
        path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
        self.database = sqlite3.connect(
            f"file:{path}?mode=rw", uri=True, timeout=30, isolation_level=None
        )
        self.run_id, self.phase_id = run_id, phase_id

    def drain(self) -> int:
        mode = mode_of(self.phase_id)
        if mode == "import":
            raise ImportError("cannot import name 'gone' from 'autopack.executor'")
        if mode == "idle":
            time.sleep(3600)
        if self.state() == "FAILED":
            self.set(self.phase_id, "QUEUED", expect="FAILED")
        if self.state() != "QUEUED":
            say(f"Refusing to drain: phase state is {self.state()}, not QUEUED.")
            return 2
        if mode == "crash":
            raise RuntimeError("the executor could not be made")
        taken = self.first_queued("" if mode != "divert" else self.phase_id)
        if taken is not None:
            self.execute(taken, mode_of(taken))
        say(f"Final state: {self.state()}")
        done = self.state() == "COMPLETE" and mode != "exit_1"
        return 0 if done or mode == "stuck" else 1

    def execute(self, phase_id: str, mode: str) -> None:
        """Run one phase as Autopack's executor would."""
        mode, reason = self.ends(phase_id, mode)
        if not self.set(phase_id, "EXECUTING", expect="QUEUED", started_at=now()):
            say("somebody else was quicker")
            return
        say(f"{self.run_id}/{phase_id}: {mode}")
        if mode == "hang":
            time.sleep(3600)
        if mode in ("executing", "stuck"):
            return
        if mode in ("queued", "retry"):
            tries = int(str(self.column(phase_id, "retry_attempt"))) + 1
            self.set(
                phase_id,
                "FAILED" if tries >= MOST_TRIES else "QUEUED",
                last_failure_reason=reason,
                retry_attempt=tries,
                last_attempt_timestamp=now(),
            )
            return
        for _ in range(int(os.environ.get("STUB_TELEMETRY", "2"))):
            self.database.execute(EVENT, (self.run_id, phase_id, now(), now()))
        if mode == "fail":
            self.set(phase_id, "FAILED", last_failure_reason=reason, completed_at=now())
        else:
            self.set(phase_id, "COMPLETE", completed_at=now())

    def ends(self, phase_id: str, mode: str) -> tuple[str, str | None]:
        """Return the phase's end, and its reason."""
        if os.environ.get("STUB_CALLS_API") and not api_answers():
            return "fail", "EXCEPTION: ConnectionError: the API server is gone"
        if mode != "fixed":
            return mode, REASONS.get(mode)
        reason = str(self.column(phase_id, "last_failure_reason") or "")
        return self.after_the_fix(phase_id, reason), reason

    def after_the_fix(self, phase_id: str, reason: str) -> str:
        known = os.environ.get("STUB_FIXED", "").split("|")
        if not reason or any(word in reason for word in known):
            return "complete"
        again = self.column(phase_id, "last_attempt_timestamp") is not None
        return "complete" if again and reason.startswith("TOKEN_ESCALATION") else "queued"

    def first_queued(self, other_than: str) -> str | None:
        row = self.database.execute(FIRST_QUEUED, (self.run_id, other_than)).fetchone()
        return None if row is None else str(row[0])

    def state(self) -> str:
        return str(self.column(self.phase_id, "state"))

    def column(self, phase_id: str, name: str) -> object:
        sql = f"SELECT {name} FROM phases WHERE run_id = ? AND phase_id = ?"
        return self.database.execute(sql, (self.run_id, phase_id)).fetchone()[0]

    def set(self, phase_id: str, state: str, expect: str = "", **columns: object) -> bool:
        """Write a phase's state and the given columns if it is in the expected one."""
        sets = {"state": state, "updated_at": now(), **columns}
        assignments = ", ".join(f"{name} = ?" for name in sets)
        done = self.database.execute(
            f"UPDATE phases SET {assignments} WHERE run_id = ? AND phase_id = ? AND ? IN ('', state)",
            (*sets.values(), self.run_id, phase_id, expect),
        )
        return bool(done.rowcount)


def mode_of(phase_id: str) -> str:
    """Return the end that this phase is to come to."""
    own = os.environ.get("STUB_MODE_" + phase_id.replace("-", "_"), "")
    return own or os.environ.get("STUB_MODE", "complete")


def api_answers() -> bool:
    """Return whether the API server answers now and a moment later:
    one that another phase owns may be gone by then.
    """
    address = os.environ["AUTOPACK_API_URL"] + "/health"
    try:
        for _ in range(2):
            with urllib.request.urlopen(address, timeout=5):
                time.sleep(0.2)
    except OSError:
        return False
    return True


def say(line: str) -> None:
    print(f"[stub] {line}", flush=True)  # noqa: T201 - its log


def now() -> str:
    """The time as SQLAlchemy writes it to SQLite: naive, UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--phase-id", required=True)
    parser.add_argument("--force", action="store_true")
    args = parser.parse_args()
    return Script(args.run_id, args.phase_id).drain()


if __name__ == "__main__":
    sys.exit(main())
