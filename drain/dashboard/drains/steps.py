"""Facts of a drain that stopped, and the safe next steps: each a command, some with a page as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from drain.dashboard.http.links import link, report_href
from drain.dashboard.ui.commands import manage
from drain.models import DrainSession, Phase
from drain.policy.actions import Action

_FORM_NAMES = {"run-id": "run", "skip-run-prefix": "skip"}


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the stop card; `template` marks the title of a fingerprint, whose placeholders are boxed."""

    label: str
    text: str
    href: str = ""
    mono: bool = False
    template: bool = False
    state: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do next, with its risk; `action` is the word of the button that leads to `href`."""

    title: str
    text: str
    command: Sequence[str] = ()
    href: str = ""
    action: str = ""


def step(action: Action, session: DrainSession | None = None) -> NextStep:
    """Return an action as a step with its command, and a button where a page can do the same."""
    href = _page_for(action.argv, session)
    word = _WORDS.get(action.argv[0], "Open") if href else ""
    return NextStep(action.label, action.risk, manage(action.argv), href, word)


_WORDS = {
    "drain": "Preview",
    "report": "Report",
    "queued": "Queued",
    "clear_queued": "Queued",
    "drain_phase": "Drain it…",
}


def _page_for(argv: tuple[str, ...], session: DrainSession | None) -> str:
    name = argv[0]
    if name == "drain" and "--resume" not in argv:
        return f"{reverse('drain:session-new')}?{urlencode(form_values(argv))}"
    if name == "drain_phase":
        return _question_of(argv[-2], argv[-1])
    if name == "report" and session is not None:
        return report_href(session.pk)
    if name in ("queued", "clear_queued"):
        return reverse("drain:queued-list")
    return ""


def _question_of(run_id: str, phase_id: str) -> str:
    """The page that asks before a drain of this phase; "" where the words name none."""
    found = Phase.objects.filter(run__run_id=run_id, phase_id=phase_id).values_list("pk", flat=True)
    pk = found.first()
    return "" if pk is None else link("phase-drain", pk)


def form_values(argv: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the flags of a drain as fields of its form; a flag without a value is none."""
    pairs = [
        (flag.removeprefix("--"), text) for flag, text in zip(argv[1::2], argv[2::2], strict=False)
    ]
    values = [(_FORM_NAMES.get(flag, flag.replace("-", "_")), text) for flag, text in pairs]
    return [(name, _percent(text) if name == "max_failure_rate" else text) for name, text in values]


def _percent(share: str) -> str:
    return f"{float(share) * 100:g}"
