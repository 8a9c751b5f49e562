"""Acts on rows that somebody selected: one door for what a request does at once and a worker in steps.

An act tells `keep` what became of each row, in the transaction of the act itself: who dies before the
commit has done nothing, and who comes after it finds the result written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from drain.engine.errors import EngineError, given_reason
from drain.engine.queue.clearing import PhaseResult, clear_queued, discard, requeue
from drain.engine.queue.holds import hold, release
from drain.engine.rescue import rescue
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import MOST_IN_A_DRAIN, SessionScope
from drain.engine.sessions.verbs import start_session
from drain.models import ApiToken, Hold, Run
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import CandidateStatus, PhaseState
from drain.policy.moments import read_date
from drain.policy.stopping.limits import Limits
from drain.policy.words import counted


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result for one row; pk 0 where it is about no row in particular."""

    pk: int
    label: str
    done: bool
    said: str


@dataclass(frozen=True, slots=True)
class ConfirmedAction:
    """An act that somebody confirmed: on which rows, with which plain values, and who it was."""

    pks: Sequence[int]
    given: Mapping[str, Any]
    by: Person

    @property
    def reason(self) -> str:
        """The reason of the act; raises EngineError without one."""
        return given_reason(str(self.given.get("reason", "")))


Keep = Callable[[Sequence[RowResult]], None]


@dataclass(frozen=True, slots=True)
class RowAction:
    """An act by name: the permission it needs, what it does, and how many rows make one step.

    `step` None means all rows at once (one drain over all of them); 0 that it is not about rows, so
    that it never takes long enough for a worker.
    """

    permission: str
    act: Callable[[ConfirmedAction, Keep], None]
    step: int | None = 200


def json_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a form as JSON can hold them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
    }


def _moved(keep: Keep) -> Callable[[Sequence[PhaseResult]], None]:
    def tell(results: Sequence[PhaseResult]) -> None:
        keep([
            RowResult(each.phase, each.label, each.done, each.said)
            for each in results
        ])  # fmt: skip

    return tell


def _clear(asked: ConfirmedAction, keep: Keep) -> None:
    to = str(asked.given.get("to", "")).upper()
    if to not in PhaseState.values:
        raise EngineError("Say what to clear to: complete, failed or skipped.")
    clear_queued(asked.pks, PhaseState(to), asked.reason, asked.by, _moved(keep))


def _requeue(asked: ConfirmedAction, keep: Keep) -> None:
    requeue(asked.pks, asked.reason, asked.by, _moved(keep))


def _discard(asked: ConfirmedAction, keep: Keep) -> None:
    to = str(asked.given.get("to", "")).upper()
    if to not in PhaseState.values:
        raise EngineError("Say what to discard as: skipped or complete.")
    discard(asked.pks, PhaseState(to), asked.reason, asked.by, _moved(keep))


def _drain(asked: ConfirmedAction, keep: Keep) -> None:
    """Start one session over the selected phases; the results tell for each its place in the plan."""
    if len(asked.pks) > MOST_IN_A_DRAIN:
        raise EngineError(
            f"A drain of ticked phases takes at most {MOST_IN_A_DRAIN:,}: "
            "start a larger one on the page New drain, by runs or fingerprints."
        )
    limits = Limits(
        batch_size=max(1, len(asked.pks)),
        parallel=asked.given["parallel"],
        max_fingerprint_repeats=asked.given["max_fingerprint_repeats"],
    )
    wanted = DrainRequest(
        scope=SessionScope(phases=tuple(asked.pks)),
        limits=limits,
        actor=asked.by.name,
        origin=asked.by.origin,
        note=asked.reason,
        address=asked.by.address,
    )
    with transaction.atomic():
        session = create_session(wanted, timezone.now())
        start_session(session)
        planned = session.candidates.select_related("phase__run").order_by("planned_position", "pk")
        keep([
            RowResult(
                each.phase_id,
                f"{each.phase.run.run_id} / {each.phase.phase_id}",
                each.status != CandidateStatus.EXCLUDED,
                f"{each.reason}: {each.detail}"
                if each.status == CandidateStatus.EXCLUDED
                else f"drain {session.pk}, position {each.planned_position}",
            )
            for each in planned
        ])  # fmt: skip


def _rescue(asked: ConfirmedAction, keep: Keep) -> None:
    found = rescue(asked.by, asked.reason)
    keep([
        RowResult(0, "All phases", found.attempts > 0, f"{counted(found.attempts, 'attempt')} of dead workers ended"),
        RowResult(0, "All drains", found.loops > 0, f"{found.loops} wake-ups sent"),
    ])  # fmt: skip


def _each(keep: Keep, pk: int, label: str, act: Callable[[], object], said: str) -> None:
    """Act on one row in a transaction of its own; a refusal is its result."""
    with transaction.atomic():
        try:
            act()
        except EngineError as error:
            keep([RowResult(pk, label, done=False, said=str(error))])
        else:
            keep([RowResult(pk, label, done=True, said=said)])


def _hold(asked: ConfirmedAction, keep: Keep) -> None:
    until = asked.given.get("until")
    ends = read_date(until) if until else None
    names = dict(Run.objects.filter(pk__in=asked.pks).values_list("pk", "run_id"))
    for pk in filter(names.get, asked.pks):
        name = names[pk]
        _each(
            keep,
            pk,
            name,
            lambda name=name: hold(name, asked.reason, asked.by, timezone.now(), ends),  # type: ignore[misc]
            "held",
        )


def _release(asked: ConfirmedAction, keep: Keep) -> None:
    for held in Hold.objects.filter(pk__in=asked.pks).order_by("pk"):
        _each(
            keep,
            held.pk,
            str(held),
            lambda held=held: release(str(held), asked.by, timezone.now(), asked.reason),  # type: ignore[misc]
            "released",
        )


def _revoke(asked: ConfirmedAction, keep: Keep) -> None:
    for token in ApiToken.objects.filter(pk__in=asked.pks).order_by("pk"):
        with transaction.atomic():
            fresh = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
            done = bool(fresh.update(revoked_at=timezone.now()))
            if done:
                subject = Subject("apitoken", str(token.pk), str(token))
                record_audit(asked.by, "apitoken.revoke", subject, asked.reason)
            said = "revoked" if done else "was revoked before"
            keep([RowResult(token.pk, str(token), done, said)])


ROW_ACTIONS: dict[str, RowAction] = {
    "clear_queued": RowAction("drain.clear_queued", _clear),
    "requeue": RowAction("drain.requeue_phase", _requeue),
    "discard": RowAction("drain.discard_phase", _discard),
    "drain_selected": RowAction("drain.drain_phases", _drain, step=None),
    "rescue": RowAction("drain.rescue_phases", _rescue, step=0),
    "hold_runs": RowAction("drain.hold_run", _hold),
    "release_holds": RowAction("drain.hold_run", _release),
    "revoke": RowAction("drain.change_apitoken", _revoke),
}
"""Acts by the name that the admin, the queue of a worker and the audit call them by."""
