"""Begin attempts: pick, check again what may have changed since the plan, start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from drain.engine.attempts.claim import PickRules, leave, pick, refusal
from drain.engine.attempts.context import LoopContext
from drain.engine.attempts.judge import sample_dropped, sample_gate
from drain.engine.process.profile import Profile
from drain.engine.workers.timing import LEASE_SECONDS, lease_end
from drain.models.transitions.attempts import Start, start_attempt
from drain.models.vocabulary import PhaseState, RunTier

MAX_LOOKS = 50
"""Refused candidates looked at in one transaction; the rest is for the next one."""


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt that this loop has started in the books and has to run."""

    attempt: int
    number: int
    started_at: datetime
    lease: UUID
    lease_until: float
    """When the lease of its start ends, see `timing.lease_end`."""
    timeout: float
    profile: Profile
    phase: int
    phase_id: str
    phase_index: int
    params: Any
    """Whatever JSON was imported; what is no object holds no parameters."""
    run: int
    run_id: str
    source: int | None
    previous_fingerprint: str
    position: int
    """Of its candidate in the plan, from 1."""
    sequential: bool
    """Its run goes on with its phases in order, so one that is offered again is still the next."""
    tries: int
    """Attempts of this phase in this session, this one included."""
    was: str = PhaseState.FAILED.value
    """State of the phase before this attempt: FAILED, or QUEUED for one asked for by name or offered again."""


def begin(context: LoopContext) -> list[Held]:
    """Start the next candidate, or a chunk of one run's; empty if there is none right now.

    Call inside a transaction: the locks of the pick make the guards of the start exact.
    """
    rules = context.pick_rules()
    gate = sample_gate(context)
    for _ in range(MAX_LOOKS):
        found = pick(rules, gate)
        if not found:
            return []
        facts = found[0]
        refused = refusal(facts, rules)
        if refused is not None:
            leave(facts["candidate"], refused)
            if refused.reason and facts["position"] <= (context.limits.sample or 0):
                sample_dropped(context)
            continue
        first = _start(context, facts)
        if first is not None:
            return [first, *_rest_of_chunk(context, rules, gate, facts, first.profile)]
    return []


def _rest_of_chunk(
    context: LoopContext, rules: PickRules, gate: int, facts: dict[str, Any], profile: Profile
) -> list[Held]:
    """More of the same run while its profile, its parallelism and its verdict allow."""
    more: list[Held] = []
    if profile.chunk < 2 or facts["tier"] == RunTier.UNSAMPLED:
        return more
    for following in pick(rules, gate, facts["run_id"], profile.chunk - 1):
        if refusal(following, rules) is not None:
            break
        held = _start(context, following)
        if held is None:
            break
        more.append(held)
    return more


def _start(context: LoopContext, facts: dict[str, Any]) -> Held | None:
    profile = context.profile(facts["executor_id"])
    lease, lease_until = uuid4(), lease_end()
    timeout = float(context.limits.phase_timeout_seconds or profile.timeout or 900)
    started = start_attempt(
        Start(
            phase=facts["phase"],
            expect=facts["state"],
            seen=facts["attempts"],
            session=context.session,
            session_run=facts["session_run"],
            candidate=facts["candidate"],
            lease=lease,
            lease_seconds=LEASE_SECONDS,
            worker=context.worker,
            timeout=timeout,
        )
    )
    return None if started is None else _held(facts, started, profile, lease, lease_until, timeout)


def _held(
    facts: dict[str, Any],
    started: dict[str, Any],
    profile: Profile,
    lease: UUID,
    lease_until: float,
    timeout: float,
) -> Held:
    return Held(
        attempt=started["attempt"],
        number=started["number"],
        started_at=started["started_at"],
        lease=lease,
        lease_until=lease_until,
        timeout=timeout,
        profile=profile,
        phase=facts["phase"],
        phase_id=facts["phase_name"],
        phase_index=facts["phase_index"],
        params=facts["params"],
        run=facts["run_id"],
        run_id=facts["run_name"],
        source=facts["source_id"],
        previous_fingerprint=facts["fingerprint"],
        position=facts["position"],
        sequential=facts["sequential"],
        tries=facts["used_attempts"] + 1,
        was=facts["state"],
    )
