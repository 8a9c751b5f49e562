"""The preview of a drain with these limits: read, never written, and no line in the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F

from drain.dashboard.drains.empty_plan import plan_subject
from drain.dashboard.drains.form import DrainForm
from drain.dashboard.drains.steps import NextStep, step
from drain.dashboard.frame.frame import KEEP_SECONDS, shared_counts
from drain.dashboard.http.actions import REFUSALS
from drain.dashboard.http.cache import shared
from drain.dashboard.ui.commands import drain_command
from drain.dashboard.ui.states import reason_css
from drain.engine.sessions.planning import preview, preview_each
from drain.engine.sessions.sources import retries_sentence
from drain.engine.workers.capability import NoHost, runs_without_host
from drain.engine.workers.hosts import Strength, strength
from drain.models import Attempt, Phase, Run
from drain.models.vocabulary import RATED_OUTCOMES, PhaseState
from drain.policy.actions import for_empty_plan
from drain.policy.reasons import ExclusionReason
from drain.policy.selection.drift import seen_plan
from drain.policy.selection.estimate import Estimate, estimate
from drain.policy.selection.plan import Excluded, Plan
from drain.policy.stopping.limits import QueuedPolicy

SHOWN = 50
BEHIND = 10
"""Phases named behind each reason; the command line prints all of them."""
OFTEN = 5
"""Attempts over all drains from which on the preview says that more may be in vain."""
LARGE = 5_000
"""Phases that are planned within the time a page may take."""
BASIS = 500
"""Past attempts that an estimate is made from."""


@dataclass(frozen=True, slots=True)
class Behind:
    """One reason with the first phases that it keeps out."""

    code: str
    count: int
    phases: list[dict[str, Any]]


def preview_context(form: DrainForm, now: datetime) -> dict[str, Any]:
    """Return the context of the preview; with a field that makes no sense only the errors."""
    context = _empty_context(form, now)
    if form.errors:
        return context
    try:
        plan, effects = _plans(form, now)
    except REFUSALS as error:
        form.errors["all"] = str(error)
        return context
    context["effects"] = effects
    return context | _plan_context(form, plan) | {"no_host": _no_host(plan, context["workers"])}


def _plans(form: DrainForm, now: datetime) -> tuple[Plan, dict[str, str]]:
    """The plan, and what each queued policy would leave out; a large backlog is planned once only."""
    chosen = form.limits.queued_policy
    if _is_large():
        return preview(form.scope, form.limits, now), {}
    each = [replace(form.limits, queued_policy=policy) for policy in QueuedPolicy]
    plans = dict(zip(QueuedPolicy, preview_each(form.scope, each, now), strict=True))
    return plans[chosen], {policy.value: _effect(plan) for policy, plan in plans.items()}


def _effect(plan: Plan) -> str:
    """Return a sentence on the phases that a policy keeps out because of queued ones."""
    left = sum(plan.counts.get(reason, 0) for reason in _QUEUED)
    return f"leaves out {left:,} now" if left else "leaves out none now"


_QUEUED = (ExclusionReason.QUEUED_IN_RUN, ExclusionReason.WAITS_FOR_QUEUED)


def takes_long(form: DrainForm) -> bool:
    """Return whether the page comes before its preview: a plan over everything, of a large backlog."""
    return _is_large() and not (form.errors or form.scope.run_ids or form.scope.phases)


def _is_large() -> bool:
    known = shared_counts().by_state
    return known.get(PhaseState.FAILED, 0) + known.get(PhaseState.QUEUED, 0) > LARGE


def deferred_context(form: DrainForm, now: datetime) -> dict[str, Any]:
    """Return the context of the page until its script has asked for the preview."""
    known = shared_counts().by_state.get(PhaseState.FAILED, 0)
    return _empty_context(form, now) | {"deferred": True, "failed": known}


def _empty_context(form: DrainForm, now: datetime) -> dict[str, Any]:
    """Return the context of the page without a plan."""
    return {
        "form": form,
        "now": now,
        "workers": shared("strength", KEEP_SECONDS, strength),
        "command": [] if form.errors else drain_command(form.scope, form.limits, form.note),
        "deferred": False,
        "effects": {},
        "no_host": None,
        "selected": 0,
        "seen_digest": "",
        "seen_ids": "",
    }


def _plan_context(form: DrainForm, plan: Plan) -> dict[str, Any]:
    counts = {reason.value: count for reason, count in plan.counts.items()}
    behind = _behind(plan)
    shown = plan.selected[:SHOWN]
    names = _run_names([item.run for item in shown], behind)
    excluded = sum(counts.values())
    seen = seen_plan([item.id for item in plan.selected])
    return {
        "plan": plan,
        "selected": len(plan.selected),
        "selected_runs": len({item.run for item in plan.selected}),
        "excluded": excluded,
        "sum": f"{len(plan.selected):,} + {excluded:,} = {plan.total:,}",
        "reason_bar": [("selected", len(plan.selected)), *_by_state(counts)],
        "planned": [{"item": item, "run": names.get(item.run, "")} for item in shown],
        "reason_rows": [
            {"code": code, "count": n, "href": f"#why-{code}"}
            for code, n in sorted(counts.items(), key=lambda pair: -pair[1])
        ],
        "most": max(counts.values(), default=0),
        "behind": [
            Behind(reason, counts[reason], [_named(line, names) for line in lines])
            for reason, lines in sorted(behind.items(), key=lambda pair: -counts[pair[0]])
        ],
        "estimate": _estimate(form, len(plan.selected)),
        "often": _often(form, [item.id for item in plan.selected]),
        "retries": retries_sentence([item.id for item in plan.selected]),
        "seen_digest": seen.digest,
        "seen_ids": "" if seen.ids is None else ",".join(map(str, seen.ids)),
        "ways_out": [] if plan.selected else _ways_out(plan),
    }


def _often(form: DrainForm, selected: list[int]) -> int:
    """Count the phases that were tried often already, over all drains, where nothing limits that."""
    if form.limits.max_lifetime_attempts is not None:
        return 0
    return Phase.objects.filter(pk__in=selected, attempts__gte=OFTEN).count()


def _no_host(plan: Plan, workers: Strength) -> NoHost | None:
    """Return the part of the plan that would wait for a host; without a worker the page says that instead."""
    if not workers.workers or not plan.selected:
        return None
    return runs_without_host({item.run for item in plan.selected})


def _ways_out(plan: Plan) -> list[NextStep]:
    return [step(action) for action in for_empty_plan(plan, plan_subject(plan))]


def _by_state(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Parts of the bar, which knows states and no reasons: each borrows the state of its reason's colour."""
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    states = ((reason_css(code).removeprefix("s-"), n) for code, n in ordered)
    return [("skipped" if state == "neutral" else state, n) for state, n in states]


def _behind(plan: Plan) -> dict[str, list[Excluded]]:
    found: dict[str, list[Excluded]] = {}
    for line in plan.excluded:
        lines = found.setdefault(line.reason.value, [])
        if len(lines) < BEHIND:
            lines.append(line)
    return found


def _run_names(selected: Iterable[int], behind: dict[str, list[Excluded]]) -> dict[int, str]:
    pks = {*selected, *(line.run for lines in behind.values() for line in lines)}
    return dict(Run.objects.filter(pk__in=pks).values_list("pk", "run_id"))


def _named(line: Excluded, names: dict[int, str]) -> dict[str, Any]:
    return {"phase": line.phase_id, "run": names.get(line.run, ""), "detail": line.detail}


def _estimate(form: DrainForm, selected: int) -> Estimate:
    """Estimate from the newest attempts that say something, on any phase."""
    seconds = shared("paces", KEEP_SECONDS, _paces)
    return estimate(seconds, selected, form.limits.parallel, form.limits.phase_timeout(None))


def _paces() -> list[float]:
    """Seconds that the newest attempts took."""
    found = Attempt.objects.filter(outcome__in=RATED_OUTCOMES, finished_at__isnull=False)
    spans = found.order_by("-pk").values_list(F("finished_at") - F("started_at"), flat=True)
    return [span.total_seconds() for span in spans[:BASIS]]
