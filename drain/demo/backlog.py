"""The demo's Autopack database: `research-system-v2` and two dozen runs more, with times up to now.

The same seed makes the same backlog; only the times move.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from drain.demo.reasons import COLLECTION, MISSING_MODULE, any_reason, broken_syntax

RESEARCH = "research-system-v2"
SEED = 20251228
MORE_RUNS = 24
# The bad commit went in this long ago: until then almost everything completed.
BROKEN_HOURS = 30.0
# The columns that an import reads, as Autopack declares them.
SCHEMA = """
CREATE TABLE runs (id VARCHAR PRIMARY KEY, state VARCHAR NOT NULL, created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL);
CREATE TABLE phases (id INTEGER PRIMARY KEY, phase_id VARCHAR NOT NULL, run_id VARCHAR NOT NULL,
    phase_index INTEGER NOT NULL, name VARCHAR NOT NULL, state VARCHAR(10) NOT NULL, task_category VARCHAR,
    complexity VARCHAR, scope JSON, retry_attempt INTEGER NOT NULL DEFAULT 0, last_failure_reason VARCHAR,
    created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, started_at DATETIME, completed_at DATETIME,
    UNIQUE (run_id, phase_id));
CREATE TABLE token_estimation_v2_events (event_id INTEGER PRIMARY KEY, run_id VARCHAR NOT NULL,
    phase_id VARCHAR NOT NULL, timestamp DATETIME NOT NULL, category VARCHAR NOT NULL,
    predicted_output_tokens INTEGER NOT NULL, actual_output_tokens INTEGER NOT NULL,
    success BOOLEAN NOT NULL, truncated BOOLEAN NOT NULL, stop_reason VARCHAR, model VARCHAR NOT NULL);
CREATE TABLE token_budget_escalation_events (event_id INTEGER PRIMARY KEY, run_id VARCHAR NOT NULL,
    phase_id VARCHAR NOT NULL, timestamp DATETIME NOT NULL, reason VARCHAR, attempt_index INTEGER,
    escalation_factor FLOAT, base_value INTEGER, retry_max_tokens INTEGER);
"""

# Events have rising numbers, as a pipeline writes them: imports read on from the highest that they know.
_IN_ORDER = """
CREATE TEMPORARY TABLE written AS SELECT * FROM token_estimation_v2_events ORDER BY timestamp, event_id;
UPDATE written SET event_id = rowid;
DELETE FROM token_estimation_v2_events;
INSERT INTO token_estimation_v2_events SELECT * FROM written;
DROP TABLE written;
"""


@dataclass(frozen=True, slots=True)
class DemoPhase:
    """A phase as the demo wants it; `hours_ago` is when it got its state."""

    phase_id: str
    name: str
    state: str
    hours_ago: float
    reason: str | None = None


def build(path: Path, now: datetime) -> None:
    """Make the database unless it is there; it appears whole or not at all."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    database = sqlite3.connect(draft)
    try:
        with database:
            _fill(database, now)
    finally:
        database.close()
    draft.replace(path)


def _fill(database: sqlite3.Connection, now: datetime) -> None:
    random = Random(SEED)  # noqa: S311 - a repeatable demo, not a secret
    database.executescript(SCHEMA)
    _insert_run(database, RESEARCH, list(_research(random)), now, random)
    for number in range(MORE_RUNS):
        run_id = f"fileorg-p2-{2000 + number}{random.choice('abcdefghkmnpqrstuvwx')}"
        _insert_run(database, run_id, list(_more(random)), now, random)
    database.executescript(_IN_ORDER)


def _research(random: Random) -> Iterator[DemoPhase]:
    """The run of the report: 2 complete, 5 failed, and one that waits in the queue since 25 hours."""
    yield DemoPhase("research-foundation", "Research foundation", "COMPLETE", 40)
    yield DemoPhase("research-gatherers", "Research gatherers", "COMPLETE", 38)
    for hours, phase_id, name, reason in (
        (29.5, "research-orchestrator", "Research orchestrator", COLLECTION),
        (29, "research-synthesis", "Research synthesis", MISSING_MODULE),
        (28, "research-review", "Research review", COLLECTION),
        (27, "research-cli", "Research CLI", broken_syntax(random)),
        (26, "research-testing-polish", "Testing and polish", None),
    ):
        yield DemoPhase(phase_id, name, "FAILED", hours, reason)
    yield DemoPhase("research-integration", "Research integration", "QUEUED", 25)


def _more(random: Random) -> Iterator[DemoPhase]:
    count = random.randint(5, 14)
    begun = random.uniform(20, 47)
    for number in range(1, count + 1):
        hours = max(begun - number * random.uniform(0.4, 1.4), 1.0)
        failed = random.random() < (0.85 if hours < BROKEN_HOURS else 0.12)
        state, reason = ("FAILED", any_reason(random)) if failed else ("COMPLETE", None)
        if number == count and random.random() < 0.3:
            state, reason = "QUEUED", None
        yield DemoPhase(
            f"fileorg-phase-{number}", f"File organiser phase {number}", state, hours, reason
        )


def _insert_run(
    database: sqlite3.Connection,
    run_id: str,
    phases: list[DemoPhase],
    now: datetime,
    random: Random,
) -> None:
    created = now - timedelta(hours=max(phase.hours_ago for phase in phases) + 1)
    database.execute(
        "INSERT INTO runs VALUES (?, 'PHASE_EXECUTION', ?, ?)",
        (run_id, naive(created), naive(created)),
    )
    for index, phase in enumerate(phases):
        ended = now - timedelta(hours=phase.hours_ago)
        _insert_phase(database, run_id, index, phase, (created, ended), random)
        if phase.state == "COMPLETE":
            _insert_events(database, run_id, phase.phase_id, ended, random)


def _insert_phase(
    database: sqlite3.Connection,
    run_id: str,
    index: int,
    phase: DemoPhase,
    times: tuple[datetime, datetime],
    random: Random,
) -> None:
    created, ended = times
    ran = phase.state != "QUEUED"
    # A crash at import takes seconds, work takes minutes.
    took = timedelta(seconds=random.uniform(2, 9) if phase.reason else random.uniform(120, 900))
    scope = {"paths": [f"src/autopack/{run_id.partition('-')[0]}/{phase.phase_id}.py"]}
    database.execute(
        "INSERT INTO phases (phase_id, run_id, phase_index, name, state, task_category, complexity, scope,"
        " retry_attempt, last_failure_reason, created_at, updated_at, started_at, completed_at)"
        " VALUES (?, ?, ?, ?, ?, 'implementation', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            phase.phase_id, run_id, index, phase.name, phase.state,
            random.choice(("low", "medium", "high")), json.dumps(scope), int(phase.state == "FAILED"),
            phase.reason, naive(created), naive(ended),
            naive(ended - took) if ran else None, naive(ended) if ran else None,
        ),
    )  # fmt: skip


def _insert_events(
    database: sqlite3.Connection, run_id: str, phase_id: str, ended: datetime, random: Random
) -> None:
    for back in range(random.randint(1, 4)):
        predicted = random.randint(1500, 6000)
        actual = int(predicted * random.uniform(0.6, 1.4))
        at = naive(ended - timedelta(seconds=30 * back))
        database.execute(
            "INSERT INTO token_estimation_v2_events (run_id, phase_id, timestamp, category,"
            " predicted_output_tokens, actual_output_tokens, success, truncated, model)"
            " VALUES (?, ?, ?, 'implementation', ?, ?, 1, 0, 'demo-model')",
            (run_id, phase_id, at, predicted, actual),
        )


def naive(moment: datetime) -> str:
    """A time as SQLAlchemy writes it to SQLite: naive, UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
