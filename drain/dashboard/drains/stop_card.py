"""The card under the title of a session that stopped: why, and what can safely be done next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from drain.dashboard.drains.empty_plan import nothing_selected
from drain.dashboard.drains.queries import PlanState
from drain.dashboard.http.links import attempt_href, cause_href, report_href, run_href
from drain.dashboard.ui.commands import manage
from drain.models import Attempt, DrainSession, Fingerprint
from drain.models.vocabulary import FAILURE_OUTCOMES, SessionState
from drain.policy.actions import Action, Subject, after_stop
from drain.policy.argv import same_again
from drain.policy.reasons import ExclusionReason, RunStop, StopReason
from drain.policy.stops import StopRule

_FORM_NAMES = {"run-id": "run", "skip-run-prefix": "skip"}
_OF_ATTEMPT = ("number", "error", "fingerprint", "phase__phase_id", "run__run_id")


def stop_card(
    session: DrainSession, plan: PlanState, verdicts: Sequence[dict[str, Any]]
) -> dict[str, Any] | None:
    """What `_stopcard.html` reads, or None when nothing stopped early."""
    card = dict(session.stop_card)
    rule = _rule(session.stop_reason)
    stopped = [row for row in verdicts if row["stop"]]
    if rule is None and stopped:
        rule = ExclusionReason(stopped[0]["stop"])
        card = {"sentence": stopped[0]["stop_detail"], "rule": rule.value}
    if rule is None:
        return None
    if rule is StopReason.NOTHING_SELECTED:
        return _nothing_card(session)
    attempt = _tripping_attempt(session, stopped)
    card["key"] = card.get("key") or (attempt.fingerprint if attempt else "")
    return {
        "sentence": f"{_begun(session)}: {card.get('sentence') or _sentence(rule)}",
        "facts": _facts(session, card, rule, attempt, plan, stopped),
        "steps": _steps(session, card, rule, attempt, stopped),
    }


def _begun(session: DrainSession) -> str:
    return "Stopping" if session.state == SessionState.STOPPING else "Stopped"


def _nothing_card(session: DrainSession) -> dict[str, Any]:
    found = nothing_selected(session)
    rule = {"label": "Rule", "text": StopReason.NOTHING_SELECTED.value, "mono": True}
    actions = found.actions or after_stop(StopReason.NOTHING_SELECTED, Subject())
    return {
        "sentence": found.sentence,
        "facts": [*found.facts, rule],
        "steps": [step(action, session) for action in actions],
    }


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
) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = [{"label": "Rule", "text": rule.value, "mono": True}]
    if card.get("limit") not in ("", None):
        facts.append(
            {
                "label": "Observed / limit",
                "text": f"{_short(card['observed'])} / {_short(card['limit'])}",
            }
        )
    if card.get("key"):
        facts.append(_cause(card["key"]))
    if attempt is not None:
        said = f"#{attempt.pk} {attempt.phase.phase_id}, attempt {attempt.number}"
        facts.append({"label": "Tripped by", "text": said, "href": attempt_href(attempt.pk)})
    if stopped:
        names = ", ".join(row["run_id"] for row in stopped[:3])
        facts.append(
            {"label": "Runs stopped", "text": names, "href": run_href(stopped[0]["run_id"])}
        )
    not_run = plan.waiting + plan.left
    facts.append({"label": "Not run", "text": f"{not_run:,} of {session.selected:,} phases"})
    return facts


def _cause(key: str) -> dict[str, Any]:
    """The fingerprint in the words of its title; by its key where nothing was kept of it."""
    found = Fingerprint.objects.filter(key=key).values("title", "status").first()
    title, state = (found["title"], found["status"]) if found else (key, "")
    return {"label": "Fingerprint", "cause": title, "href": cause_href(key), "state": state}


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _steps(
    session: DrainSession,
    card: dict[str, Any],
    rule: StopRule,
    attempt: Attempt | None,
    stopped: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    run_id = attempt.run.run_id if attempt else (stopped[0]["run_id"] if stopped else "RUN")
    subject = Subject(
        session=str(session.pk),
        run_id=run_id,
        phase_id=attempt.phase.phase_id if attempt else "PHASE",
        key=card["key"] or "KEY",
        again=same_again(session.scope, session.limits),
    )
    steps = []
    if attempt is not None and attempt_href(attempt.pk):
        steps.append(
            {
                "title": f"Read attempt #{attempt.pk}",
                "text": attempt.error.strip().splitlines()[-1][:160]
                if attempt.error.strip()
                else "",
                "action": "Open log",
                "href": attempt_href(attempt.pk),
            }
        )
    return steps + [step(action, session) for action in after_stop(rule, subject)]


def step(action: Action, session: DrainSession | None = None) -> dict[str, Any]:
    """An action as a step with its command, and a button where a page can do the same."""
    shown = {"title": action.label, "text": action.risk, "command": manage(action.argv)}
    href = _page_for(action.argv, session)
    return shown | ({"href": href, "action": _WORDS.get(action.argv[0], "Open")} if href else {})


_WORDS = {"drain": "Preview", "report": "Report", "queued": "Queued", "clear_queued": "Queued"}


def _page_for(argv: tuple[str, ...], session: DrainSession | None) -> str:
    name = argv[0]
    if name == "drain" and "--resume" not in argv:
        return f"{reverse('drain:session-new')}?{urlencode(_form_values(argv))}"
    if name == "report" and session is not None:
        return report_href(session.pk)
    if name in ("queued", "clear_queued"):
        return reverse("drain:queued-list")
    return ""


def _form_values(argv: tuple[str, ...]) -> list[tuple[str, str]]:
    """The flags of a drain as fields of its form; a flag without a value is none."""
    pairs = [
        (flag.removeprefix("--"), text) for flag, text in zip(argv[1::2], argv[2::2], strict=False)
    ]
    values = [(_FORM_NAMES.get(flag, flag.replace("-", "_")), text) for flag, text in pairs]
    return [(name, _percent(text) if name == "max_failure_rate" else text) for name, text in values]


def _percent(share: str) -> str:
    return f"{float(share) * 100:g}"
