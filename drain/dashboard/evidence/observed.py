"""The requirement of a check and its observation, as the cells of its row."""

from __future__ import annotations

from typing import Any

from drain.dashboard.evidence.comparison import points
from drain.evidence.fixes.sentences import WORDS
from drain.evidence.fixes.verdict import Ruling
from drain.evidence.statistics.sequence import SURELY
from drain.policy.words import NOTHING


def observed_cells(kind: str, observed: dict[str, Any]) -> tuple[str, str, str]:
    """Return as texts a check's requirement, its observation, and the bounds of the observation."""
    threshold, value = observed.get("threshold"), observed.get("value")
    bounds = (observed.get("low"), observed.get("high"))
    if "ruling" in observed:
        return "works", WORDS[Ruling(observed["ruling"])].lower(), NOTHING
    if kind == "yield":
        shown = "" if value is None else f"{value:.2f} /min"
        return f"≥ {threshold or 0:g} /min", shown, _between(bounds, 1, f" at {SURELY}")
    if kind == "completion_rate":
        shown = "" if value is None else f"{value * 100:.1f} %"
        return f"≥ {(threshold or 0) * 100:g} %", shown, _between(bounds, 100, f" % at {SURELY}")
    if kind == "rate_not_worse":
        return (
            "> 0 points",
            "" if value is None else points(value),
            _between(bounds, 100, " at 95 %"),
        )
    found = observed.get("found")
    return "0", "" if found is None else f"{found:,}", _between(bounds, 100, " % at 95 %")


def _between(bounds: tuple[Any, Any], scale: float, unit: str) -> str:
    low, high = bounds
    if low is None or high is None:
        return NOTHING
    return f"{low * scale:.1f} to {high * scale:.1f}{unit}".replace("-", "−")
