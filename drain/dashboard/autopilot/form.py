"""The form of an autopilot: the typed values, and the autopilot that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drain.dashboard.drains.form import (
    NUMBERS,
    PACE,
    PARALLEL,
    STOPS,
    NumberField,
    shown,
)
from drain.dashboard.http.links import names_in
from drain.engine.autopilot.rules import AutopilotRequest
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
"""The values of an empty form."""
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


def wanted(
    values: Mapping[str, str], zone: str, old: AutopilotRequest | None = None
) -> AutopilotRequest:
    """Return what the form asks for. Raises LimitError for what is no number.

    What the form has no field for is as in `old`, the settings that are changed.
    """
    on_fix = old.on_fix if old else values.get("trigger") == "fix"
    numbers = {each.name: _number(each, values) for each in (*LIMITS, *BUDGET)}
    limits: dict[str, Any] = {
        each.name: getattr(Limits(), each.name)
        if numbers[each.name] is None
        else numbers[each.name]
        for each in LIMITS
    }
    pause, sample = _number(PAUSE_FIELD, values), _number(SAMPLE_FIELD, values)
    found = old.filter if old else PhaseFilter()
    asked: dict[str, Any] = {
        name: tuple(values.get(name, "").split()) for name, _, _ in filters_of(found)
    }
    budget: dict[str, Any] = {each.name: numbers[each.name] for each in BUDGET}
    return AutopilotRequest(
        name=old.name if old else values.get("name", ""),
        cron="" if on_fix else values.get("cron", ""),
        on_fix=on_fix,
        timezone=values.get("timezone") or zone,
        quiet=values.get("quiet", ""),
        filter=replace(found, error=values.get("error", ""), **asked),
        limits=replace(old.limits if old else Limits(), **limits),
        sample=int(sample) if sample is not None else old.sample if old else SAMPLE,
        budget=Amount(**budget),
        pause_after=int(pause) if pause else None,
    )


def filters_of(found: PhaseFilter) -> list[tuple[str, str, str]]:
    """Return the filters of FILTERS whose words can stand in a field with spaces between them."""
    return [
        each
        for each in FILTERS
        if not any(len(word.split()) != 1 for word in getattr(found, each[0]))
    ]


def values_of(asked: AutopilotRequest) -> dict[str, str]:
    """Return the values that the form of an autopilot holds before anything is typed."""
    limits = {each.name: each.shown(asked.limits) for each in LIMITS}
    budget = {name: shown(value) for name, value in asked.budget._asdict().items()}
    filters = {
        name: " ".join(getattr(asked.filter, name)) for name, _, _ in filters_of(asked.filter)
    }
    return {
        "name": asked.name,
        "trigger": "fix" if asked.on_fix else "schedule",
        "cron": asked.cron,
        "timezone": asked.timezone,
        "quiet": asked.quiet,
        "error": asked.filter.error,
        "sample": str(asked.sample),
        "pause_after": shown(asked.pause_after),
        **limits,
        **budget,
        **filters,
    }


def kept(asked: AutopilotRequest) -> dict[str, Any]:
    """Settings that the form has no field for, by name; they stay as they are."""
    fields = {"error", *(name for name, _, _ in filters_of(asked.filter))}
    offered = {each.name for each in LIMITS}
    usual = Limits().to_json()
    stay = {name: value for name, value in asked.filter.to_json().items() if name not in fields}
    stay |= {
        name: value
        for name, value in asked.limits.to_json().items()
        if name not in offered and value != usual[name]
    }
    return {name.replace("_", " "): value for name, value in stay.items()}


_FIELDS_OF_DRAIN = {"run": "run_ids", "source": "sources", "fingerprint": "fingerprints"}
"""Fields of a drain by their names here."""
_NOT_HERE = {
    "skip": "skipped prefixes",
    "source": "sources with a space in their names",
    "queued_policy": "the queued policy",
    "count_source_attempts": "the source's tries",
    "note": "the note",
}


def of_saved(saved: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """A saved drain as values of this form, and the words for what it sets that the form does not take."""
    usual = {each.name: each.shown(Limits()) for each in NUMBERS}
    usual["queued_policy"] = Limits().queued_policy.value
    own = {
        each.name: each.name for each in LIMITS if each.name != SAMPLE_FIELD.name
    } | _FIELDS_OF_DRAIN
    words = {each.name: each.label.lower() for each in NUMBERS} | _NOT_HERE
    asked = {name: text for name, text in saved.items() if text != usual.get(name, "")}
    spaced = any(" " in name for name in names_in("source", asked.get("source", "")))
    if spaced:
        del own["source"]
    values = {
        own[name]: " ".join(names_in(name, text)) if name in _FIELDS_OF_DRAIN else text
        for name, text in asked.items()
        if name in own
    }
    return values, [words[name] for name in asked if name not in own]


def _number(field: NumberField, values: Mapping[str, str]) -> float | None:
    text = values.get(field.name, "")
    return field.parse(text[:40]) if text else None
