"""The obstacle of a waiting phase, as a link to the page where it can be removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drain.dashboard.http.links import cause_href, link, phase_href
from drain.engine.queue.explain import Explanation
from drain.models import Phase
from drain.models.vocabulary import PhaseState
from drain.policy.reasons import ExclusionReason

_WAITS = (ExclusionReason.WAITS_FOR_QUEUED, ExclusionReason.WAITS_FOR_DEPENDENCY)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An obstacle of a phase; `queued_pk` only for a queued phase, which has ways out of its own."""

    label: str
    href: str
    queued_pk: int = 0
    run_id: str = ""


def blocker_of(phase: Phase, why: Explanation, needs: Sequence[dict[str, Any]]) -> Obstacle | None:
    """Return what this phase waits for; None where nothing that has a page holds it back."""
    if why.reason in _WAITS:
        return _phase(phase, why.detail, needs)
    if why.reason == ExclusionReason.RUN_HELD:
        return Obstacle("Holds, and who may release this one", f"{link('queued-list')}#holds")
    if why.reason == ExclusionReason.FINGERPRINT_SNOOZED and phase.last_fingerprint:
        return Obstacle("The snoozed fingerprint", cause_href(why.detail.rpartition(" ")[2]))
    if why.reason == ExclusionReason.NO_EXECUTOR:
        return Obstacle("Executors", link("admin:drain_executorprofile_changelist"))
    return None


def _phase(phase: Phase, detail: str, needs: Sequence[dict[str, Any]]) -> Obstacle | None:
    """The phase that the detail names; the longest name, where one begins with another."""
    named = [need for need in needs if need["phase_id"] in detail]
    if not named:
        return None
    need = max(named, key=lambda each: len(each["phase_id"]))
    elsewhere, label = need["elsewhere"], need["phase_id"]
    return Obstacle(
        f"{label} of {elsewhere}" if elsewhere else label,
        phase_href(need["pk"]),
        need["pk"] if need["state"] == PhaseState.QUEUED else 0,
        elsewhere or phase.run.run_id,
    )
