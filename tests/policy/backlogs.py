"""Small backlogs for the tests of the policy."""

from __future__ import annotations

from drain.policy.selection.plan import make_plan
from drain.policy.selection.rows import PhaseRow, RunFacts, Scope
from drain.policy.stopping.limits import Limits


def phase(pk, *, run=1, index=None, state="FAILED", **more):
    values = {
        "category": "unknown",
        "fingerprint": "",
        "leased": False,
        "session_attempts": 0,
        "phase_id": f"p{pk}",
        **more,
    }
    return PhaseRow(id=pk, run=run, place=pk if index is None else index, state=state, **values)


def plan(rows, *, runs=None, edges=(), scope=None, **more):
    facts = runs or [RunFacts(pk, f"run-{pk}") for pk in sorted({row.run for row in rows})]
    signals = {name: more.pop(name) for name in ("stopped_fingerprints", "snoozed") if name in more}
    return make_plan(
        rows, {run.pk: run for run in facts}, edges, scope or Scope(), Limits(**more), **signals
    )


def chosen(found):
    return [line.id for line in found.selected]


def reasons(found):
    return {line.id: str(line.reason) for line in found.excluded}


def details(found):
    return {line.id: line.detail for line in found.excluded}
