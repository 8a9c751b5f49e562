"""The card under the title of a session that stopped: why, and what can safely be done next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.dashboard.drains.empty_plan import nothing_selected
from drain.dashboard.drains.queries import PlanState
from drain.dashboard.drains.steps import Fact, NextStep, step
from drain.dashboard.http.links import attempt_href, cause_href, run_href
from drain.dashboard.ui.formats import percent
from drain.dashboard.ui.times import at
from drain.evidence.report.stops import Stop, stops_of
from drain.models import Attempt, DrainSession, Fingerprint
from drain.models.vocabulary import FAILURE_OUTCOMES, SessionState
from drain.policy.actions import ActionSubject, after_stop
from drain.policy.reasons import ExclusionReason, StopReason
from drain.policy.words import counted, last_line

_OF_ATTEMPT = ("number", "error", "fingerprint", "phase__phase_id", "run__run_id")


@dataclass(frozen=True, slots=True)
class StopCardView:
    """The reason for a drain's stop, the facts about it, and the next steps, the safest first."""

    sentence: str
    facts: Sequence[Fact]
    steps: Sequence[NextStep]


def stop_cards(
    session: DrainSession, plan: PlanState, verdicts: Sequence[dict[str, Any]]
) -> list[StopCardView]:
    """A card for each rule that stopped the drain or left a fingerprint or runs alone, as in a report."""
    if session.stop_reason == StopReason.NOTHING_SELECTED:
        return [_nothing_card(session)]
    stopped = any(row["stop"] for row in verdicts)
    counts_fingerprints = session.limits.get("max_session_fingerprint_repeats")
    if not (session.stop_reason or stopped or counts_fingerprints):
        return []  # a page asks no more than it must
    return [_card(session, stop, plan) for stop in stops_of(session)]


def _card(session: DrainSession, stop: Stop, plan: PlanState) -> StopCardView:
    whole = bool(session.stop_reason) and stop.rule == session.stop_reason
    attempt = _tripping_attempt(session, stop, whole)
    not_run = plan.waiting + plan.left if whole else stop.not_run
    begun = _begun(session) if whole else "Stopped in part"
    read = [] if attempt is None else [_read(attempt)]
    return StopCardView(
        f"{begun}: {stop.sentence}",
        [
            *_facts(stop, attempt),
            Fact("Not run", f"{not_run:,} of {counted(session.selected, 'phase')}"),
        ],
        read + [step(action, session) for action in stop.actions],
    )


def _begun(session: DrainSession) -> str:
    return "Stopping" if session.state == SessionState.STOPPING else "Stopped"


def _nothing_card(session: DrainSession) -> StopCardView:
    found = nothing_selected(session)
    rule = Fact("Stopped by", StopReason.NOTHING_SELECTED.value, mono=True)
    actions = found.actions or after_stop(StopReason.NOTHING_SELECTED, ActionSubject())
    return StopCardView(
        found.sentence, [*found.facts, rule], [step(action, session) for action in actions]
    )


def _tripping_attempt(session: DrainSession, stop: Stop, whole: bool) -> Attempt | None:
    """The attempt that stopped the session, else the last that failed in the first run that was left."""
    found = Attempt.objects.select_related("phase", "run").only(*_OF_ATTEMPT)
    if whole:
        return found.filter(pk=session.stop_attempt_id).first() if session.stop_attempt_id else None
    failed = found.filter(
        session=session, run__run_id=next(iter(stop.runs), ""), outcome__in=FAILURE_OUTCOMES
    )
    return failed.order_by("-pk").first()


def _facts(stop: Stop, attempt: Attempt | None) -> list[Fact]:
    facts = [_stopped_by(stop.rule)]
    if stop.limit:
        seen, limit = (_measured(stop.rule, text) for text in (stop.observed, stop.limit))
        found = (
            Fact("Observed / limit", f"{seen} / {limit}")
            if seen
            else Fact("Limit", f"{limit}, reached")
        )
        facts.append(found)
    if key := stop.key or (attempt.fingerprint if attempt else ""):
        facts.append(_fingerprint(key))
    if attempt is not None:
        named = f"#{attempt.pk} {attempt.phase.phase_id}, attempt {attempt.number}"
        facts.append(Fact("Tripped by", named, attempt_href(attempt.pk)))
    if stop.runs:
        more = f" and {stop.run_count - 3:,} more" if stop.run_count > 3 else ""
        facts.append(Fact("Runs", f"{', '.join(stop.runs[:3])}{more}", run_href(stop.runs[0])))
    return facts


def _measured(rule: str, text: str) -> str:
    """Return a card's stored value of a limit with its unit; one that cannot be read stays as it is."""
    if rule not in _UNITS or not text:
        return text
    try:
        return _UNITS[rule](text)
    except ValueError:
        return text


_UNITS: dict[str, Callable[[str], str]] = {
    StopReason.FAILURE_RATE: lambda text: percent(float(text), 0),
    StopReason.MAX_TOTAL_MINUTES: lambda text: f"{float(text):,g} min",
    StopReason.UNTIL: lambda text: at(datetime.fromisoformat(text)),
    StopReason.MAX_CONSECUTIVE_ZERO_YIELD: lambda text: counted(int(text), "attempt"),
    StopReason.SAMPLE_FAILED: lambda text: f"{int(text):,} complete",
    ExclusionReason.FINGERPRINT_STOPPED: lambda text: counted(int(text), "time"),
    ExclusionReason.RUN_STOPPED: lambda text: counted(int(text), "time"),
    ExclusionReason.RUN_TIMEOUTS: lambda text: counted(int(text), "timeout"),
}


def _stopped_by(rule: str) -> Fact:
    """The limit or event by its name in the command line and the API; a person has none there."""
    if rule == StopReason.PERSON:
        return Fact("Stopped by", "a person")
    return Fact("Stopped by", rule, mono=True)


def _fingerprint(key: str) -> Fact:
    """The fingerprint in the words of its title; by its key where nothing was kept of it."""
    found = Fingerprint.objects.filter(key=key).values_list("title", "status").first()
    title, state = found or (key, "")
    return Fact("Fingerprint", title, cause_href(key), template=True, state=state)


def _read(attempt: Attempt) -> NextStep:
    href = attempt_href(attempt.pk)
    return NextStep(
        f"Read attempt #{attempt.pk}", last_line(attempt.error), href=href, action="Open log"
    )
