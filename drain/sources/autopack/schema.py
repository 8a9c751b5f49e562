"""Tables and columns of an Autopack database that we read, and those that may be missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table we read: columns it must have, and columns we take when they are there."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    mandatory: bool = True

    def select(self, present: set[str], tail: str) -> str:
        """SELECT that yields every column we know under its name, NULL where the source has none."""
        wanted = (*self.required, *self.optional)
        columns = ", ".join(
            f'"{name}"' if name in present else f'NULL AS "{name}"' for name in wanted
        )
        return f'SELECT {columns} FROM "{self.name}" {tail}'  # noqa: S608 - our own names only


TIERS = Table("tiers", ("id", "run_id"), ("tier_index",), mandatory=False)
RUNS = Table("runs", ("id",), ("created_at",))
PHASES = Table(
    "phases",
    ("phase_id", "run_id", "state"),
    (
        "tier_id",
        "phase_index",
        "name",
        "task_category",
        "complexity",
        "scope",
        "retry_attempt",
        # Until December 2025 the one counter of a phase.
        "attempts_used",
        "last_attempt_timestamp",
        "last_failure_reason",
        "created_at",
        "updated_at",
        "started_at",
        "completed_at",
    ),
)
ESTIMATIONS = Table(
    "token_estimation_v2_events",
    ("event_id", "run_id", "phase_id"),
    (
        "timestamp",
        "category",
        "model",
        "predicted_output_tokens",
        "actual_output_tokens",
        "success",
        "truncated",
        "stop_reason",
    ),
    mandatory=False,
)
ESCALATIONS = Table(
    "token_budget_escalation_events",
    ("event_id", "run_id", "phase_id"),
    ("timestamp", "reason", "attempt_index", "escalation_factor", "base_value", "retry_max_tokens"),
    mandatory=False,
)
TABLES = (RUNS, TIERS, PHASES, ESTIMATIONS, ESCALATIONS)
TELEMETRY = (ESTIMATIONS, ESCALATIONS)
