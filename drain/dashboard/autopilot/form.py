"""What somebody typed into the form of an autopilot, as the autopilot that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drain.dashboard.drains.form import PACE, PARALLEL, STOPS, NumberField
from drain.engine.autopilot.rules import Wanted
from drain.engine.queue.selection import PhaseFilter
from drain.evidence.fixes.rollout import SAMPLE
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import Limits

_OFFERED = ("batch_size", "phase_timeout_seconds", "max_failure_rate", "max_lifetime_attempts")
LIMITS = (PARALLEL, *(each for each in STOPS if each.name in _OFFERED), *PACE)
"""The limits of the form; the command and the API take all."""
BUDGET = (
    NumberField("attempts", "Attempts", "a day"),
    NumberField("minutes", "Minutes of drains", "a day", whole=False),
    NumberField("events", "Events of telemetry", "a day"),
)
SAMPLE_FIELD = NumberField("sample", "Sample of a fix", "phases")
PAUSE_FIELD = NumberField("pause_after", "Pause after", "useless drains")
FIRST = {"trigger": "schedule", "cron": "30 2 * * *", "pause_after": "3", "sample": str(SAMPLE)}
"""What an empty form holds."""
FILTERS = (
    ("labels", "Labels of runs", "gpu nightly"),
    ("run_ids", "Runs", "names with spaces between them"),
    ("run_prefixes", "Runs that begin so", "nightly-"),
    ("sources", "Sources", ""),
    ("names", "Phases", "build test-*"),
    ("fingerprints", "Fingerprints, by key", ""),
    ("categories", "Categories of the last failure", ""),
)
"""Name, label and example of the filters of the form, each a list of words."""


def wanted(values: Mapping[str, str], zone: str) -> Wanted:
    """Return what the form asks for. Raises LimitError for what is no number."""
    on_fix = values.get("trigger") == "fix"
    numbers = {each.name: _number(each, values) for each in (*LIMITS, *BUDGET)}
    limits: dict[str, Any] = {
        each.name: numbers[each.name] for each in LIMITS if numbers[each.name] is not None
    }
    pause, sample = _number(PAUSE_FIELD, values), _number(SAMPLE_FIELD, values)
    asked: dict[str, Any] = {name: tuple(values.get(name, "").split()) for name, _, _ in FILTERS}
    budget: dict[str, Any] = {each.name: numbers[each.name] for each in BUDGET}
    return Wanted(
        name=values.get("name", ""),
        cron="" if on_fix else values.get("cron", ""),
        on_fix=on_fix,
        timezone=values.get("timezone") or zone,
        quiet=values.get("quiet", ""),
        filter=PhaseFilter(error=values.get("error", ""), **asked),
        limits=Limits(**limits),
        sample=SAMPLE if sample is None else int(sample),
        budget=Amount(**budget),
        pause_after=int(pause) if pause else None,
    )


def _number(field: NumberField, values: Mapping[str, str]) -> float | None:
    text = values.get(field.name, "")
    return field.parse(text[:40]) if text else None
