"""The card under the title of a session that stopped: why, and what can safely be done next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drain.dashboard.drains.empty_plan import nothing_selected
from drain.dashboard.drains.queries import PlanState
from drain.dashboard.drains.steps import Fact, Step, step
from drain.dashboard.http.links import attempt_href, cause_href, run_href
from drain.evidence.report.stops import Stop, stops_of
from drain.models import Attempt, DrainSession, Fingerprint
from drain.models.vocabulary import FAILURE_OUTCOMES, SessionState
from drain.policy.actions import Subject, after_stop
from drain.policy.argv import same_again
from drain.policy.reasons import ExclusionReason, RunStop, StopReason
from drain.policy.stopping.stops import StopRule
from drain.policy.words import last_line

_OF_ATTEMPT = ("number", "error", "fingerprint", "phase__phase_id", "run__run_id")


@dataclass(frozen=True, slots=True)
class StopCard:
    """Why a drain stopped, what is known about it, and what can be done next, the safest first."""

    sentence: str
    facts: Sequence[Fact]
    steps: Sequence[Step]


def stop_card(
    session: DrainSession, plan: PlanState, verdicts: Sequence[dict[str, Any]]
) -> StopCard | None:
    """Return the card of a drain that stopped early or left a run; None for any other."""
    card = dict(session.stop_card)
    rule = _rule(session.stop_reason)
    stopped = [row for row in verdicts if row["stop"]]
    if rule is None and stopped:
        rule = ExclusionReason(stopped[0]["stop"])
        card = {"sentence": stopped[0]["stop_detail"], "rule": rule.value}
    if rule is None and (cause := _cause_stop(session)) is not None:
        rule = ExclusionReason(cause.rule)
        card = {
            "sentence": cause.sentence,
            "limit": cause.limit,
            "observed": "reached",
            "key": cause.key,
        }
    if rule is None:
        return None
    if rule is StopReason.NOTHING_SELECTED:
        return _nothing_card(session)
    attempt = _tripping_attempt(session, stopped)
    card["key"] = card.get("key") or (attempt.fingerprint if attempt else "")
    return StopCard(
        f"{_begun(session)}: {card.get('sentence') or _sentence(rule)}",
        _facts(session, card, rule, attempt, plan, stopped),
        _steps(session, card, rule, attempt, stopped),
    )


def _cause_stop(session: DrainSession) -> Stop | None:
    """The card of a fingerprint that came too often in the session, which went on without it."""
    if not session.limits.get("max_session_fingerprint_repeats"):
        return None  # that limit is off, and a page asks no more than it must
    found = (stop for stop in stops_of(session) if stop.rule == ExclusionReason.FINGERPRINT_STOPPED)
    return next(found, None)


def _begun(session: DrainSession) -> str:
    return "Stopping" if session.state == SessionState.STOPPING else "Stopped"


def _nothing_card(session: DrainSession) -> StopCard:
    found = nothing_selected(session)
    rule = Fact("Stopped by", StopReason.NOTHING_SELECTED.value, mono=True)
    actions = found.actions or after_stop(StopReason.NOTHING_SELECTED, Subject())
    return StopCard(
        found.sentence, [*found.facts, rule], [step(action, session) for action in actions]
    )


def _tripping_attempt(session: DrainSession, stopped: Sequence[dict[str, Any]]) -> Attempt | None:
    """The attempt that stopped the session, else the last that failed in the first run it left."""
    found = Attempt.objects.select_related("phase", "run").only(*_OF_ATTEMPT)
    if session.stop_attempt_id is not None:
        return found.filter(pk=session.stop_attempt_id).first()
    if not stopped:
        return None
    failed = found.filter(session=session, run=stopped[0]["run_pk"], outcome__in=FAILURE_OUTCOMES)
    return failed.order_by("-pk").first()


def _rule(name: str) -> StopRule | None:
    for kind in (StopReason, RunStop, ExclusionReason):
        if name in list(kind):
            return kind(name)
    return None


def _sentence(rule: StopRule) -> str:
    if isinstance(rule, RunStop):
        return rule.value
    return f"{rule.sentence[0].lower()}{rule.sentence[1:]}"


def _facts(
    session: DrainSession,
    card: dict[str, Any],
    rule: StopRule,
    attempt: Attempt | None,
    plan: PlanState,
    stopped: Sequence[dict[str, Any]],
) -> list[Fact]:
    facts = [_stopped_by(rule)]
    if card.get("limit") not in ("", None):
        facts.append(
            Fact("Observed / limit", f"{_short(card['observed'])} / {_short(card['limit'])}")
        )
    if card.get("key"):
        facts.append(_fingerprint(card["key"]))
    if attempt is not None:
        named = f"#{attempt.pk} {attempt.phase.phase_id}, attempt {attempt.number}"
        facts.append(Fact("Tripped by", named, attempt_href(attempt.pk)))
    if stopped:
        names = ", ".join(row["run_id"] for row in stopped[:3])
        facts.append(Fact("Runs stopped", names, run_href(stopped[0]["run_id"])))
    not_run = plan.waiting + plan.left
    return [*facts, Fact("Not run", f"{not_run:,} of {session.selected:,} phases")]


def _stopped_by(rule: StopRule) -> Fact:
    """The limit or event by its name in the command line and the API; a person has none there."""
    if rule is StopReason.PERSON:
        return Fact("Stopped by", "a person")
    return Fact("Stopped by", rule.value, mono=True)


def _fingerprint(key: str) -> Fact:
    """The fingerprint in the words of its title; by its key where nothing was kept of it."""
    found = Fingerprint.objects.filter(key=key).values_list("title", "status").first()
    title, state = found or (key, "")
    return Fact("Fingerprint", title, cause_href(key), template=True, state=state)


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _steps(
    session: DrainSession,
    card: dict[str, Any],
    rule: StopRule,
    attempt: Attempt | None,
    stopped: Sequence[dict[str, Any]],
) -> list[Step]:
    run_id = attempt.run.run_id if attempt else (stopped[0]["run_id"] if stopped else "RUN")
    if attempt is None and not stopped and rule is ExclusionReason.FINGERPRINT_STOPPED:
        cause = _cause_stop(session)
        return [step(action, session) for action in (cause.actions if cause else ())]
    subject = Subject(
        session=str(session.pk),
        run_id=run_id,
        phase_id=attempt.phase.phase_id if attempt else "PHASE",
        key=card["key"] or "KEY",
        again=same_again(session.scope, session.limits),
    )
    read = [] if attempt is None else [_read(attempt)]
    return read + [step(action, session) for action in after_stop(rule, subject)]


def _read(attempt: Attempt) -> Step:
    href = attempt_href(attempt.pk)
    return Step(
        f"Read attempt #{attempt.pk}", last_line(attempt.error), href=href, action="Open log"
    )
