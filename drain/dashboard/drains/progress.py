"""The progress of a session: its bar, the counts under it, its pace and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.dashboard.drains.queries import PlanState
from drain.dashboard.ui.formats import percent
from drain.models import DrainSession
from drain.models.vocabulary import SessionState


@dataclass(frozen=True, slots=True)
class ProgressPart:
    """One number under the bar; without a state it is named by its word."""

    state: str
    word: str
    count: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The content of the progress card; times in seconds, None where nothing is known yet."""

    bar: list[tuple[str, int]]
    total: int
    done: int
    share: float | None
    parts: list[ProgressPart]
    seconds: float
    """Of work; `rest` are those paused or interrupted."""
    rest: float
    pace: float | None
    """Phases per minute."""
    left_seconds: float | None


def progress(
    session: DrainSession,
    counts: dict[str, Any],
    plan: PlanState,
    now: datetime,
    *,
    going: bool,
) -> Progress:
    """Return the progress by the session's counts and its plan;
    `going` counts running attempts, else their ends.
    """
    seconds = session.worked(now).total_seconds()
    done = max(session.selected - plan.waiting - plan.running - plan.left, 0)
    pace = done / (seconds / 60) if done and seconds > 1 else None
    bar = _bar(counts, plan)
    # Nobody knows how long a pause lasts, nor that what was stopped goes on.
    goes_on = session.state == SessionState.RUNNING
    return Progress(
        bar=bar,
        total=max(session.selected, sum(n for _, n in bar), 1),
        done=done,
        share=done / session.selected if session.selected else None,
        parts=_parts(session, counts, plan, going=going),
        seconds=seconds,
        rest=session.rest(now).total_seconds(),
        pace=pace,
        left_seconds=plan.waiting / pace * 60 if pace and plan.waiting and goes_on else None,
    )


def rate_words(counts: dict[str, Any]) -> str:
    """The completion rate of a session with its n, the attempts that count: "85.0 %, n 40"."""
    rated = counts["complete"] + counts["failed"] + counts["lost"]
    return f"{percent(counts['complete'] / rated)}, n {rated:,}" if rated else ""


def causes_words(counts: dict[str, Any]) -> str:
    """Return the number of fingerprints of a session's failures: "1 fingerprint"; empty without a failure."""
    causes = counts["causes"]
    return f"{causes:,} fingerprint{'s' if causes > 1 else ''}" if causes else ""


def _bar(counts: dict[str, Any], plan: PlanState) -> list[tuple[str, int]]:
    names = ("complete", "lost", "retryable", "skipped", "cancelled")
    return [
        ("complete", counts["complete"]),
        ("failed", counts["failed"] - counts["timeouts"]),
        *((name, counts[name]) for name in names[1:]),
        ("timeout", counts["timeouts"]),
        ("running", plan.running),
    ]


def _parts(
    session: DrainSession, counts: dict[str, Any], plan: PlanState, *, going: bool
) -> list[ProgressPart]:
    minutes = counts["attempt_seconds"] / 60
    events = f"{counts['telemetry_events'] / minutes:.1f} per min" if minutes else ""
    return [
        ProgressPart("", "Selected", session.selected, f"of {session.total_failed:,} failed"),
        ProgressPart("complete", "", counts["complete"], rate_words(counts)),
        ProgressPart("failed", "", counts["failed"] - counts["timeouts"], causes_words(counts)),
        ProgressPart(
            "retryable", "", counts["retryable"], "counts in no rate" if counts["retryable"] else ""
        ),
        ProgressPart("timeout", "Timeouts", counts["timeouts"]),
        *([ProgressPart("lost", "", counts["lost"])] if counts["lost"] else []),
        ProgressPart("running", "", plan.running)
        if going
        else ProgressPart("", "Telemetry events", counts["telemetry_events"], events),
        _rest(going, plan),
    ]


def _rest(going: bool, plan: PlanState) -> ProgressPart:
    left = f"{plan.left:,} left the plan" if plan.left else ""
    if going:
        return ProgressPart("", "Not started", plan.waiting, left)
    return ProgressPart("", "Not run", plan.waiting + plan.left, left)
