"""A page for developers that shows every component in every state, from made-up data. Only with DEBUG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from drain.dashboard.drains.steps import Fact, NextStep
from drain.dashboard.drains.stop_card import StopCardView
from drain.dashboard.frame.counts import ShellCounts
from drain.dashboard.frame.frame import build_shell
from drain.dashboard.styleguide.charts import bars_sample, rate_sample, sankey_sample, states_sample
from drain.dashboard.ui.states import known
from drain.dashboard.ui.svg import LaneMark, ShareInterval


@dataclass(frozen=True, slots=True)
class GaugeSample:
    """The input of the macro `gauge`: one stop condition, observed against its limit."""

    name: str
    observed: float
    limit: float
    observed_text: str
    limit_text: str
    note: str
    fault: bool = False
    tripped: bool = False


GAUGES = (
    GaugeSample("Batch size", 84, 120, "84", "120", "36 left"),
    GaugeSample(
        "Fingerprint repeats",
        2,
        3,
        "2",
        "3",
        "patch does not apply · research-system-v2",
        fault=True,
    ),
    GaugeSample("Timeouts per run", 1, 2, "1", "2", "fileorg-p2-20251208q", fault=True),
    GaugeSample("Zero yield in a row", 1, 8, "1", "8", "last reset 40 s ago", fault=True),
    GaugeSample(
        "Failure rate", 50, 50, "50 %", "50 %", "last 20 attempts", fault=True, tripped=True
    ),
    GaugeSample("Total time", 38, 90, "38 min", "90 min", "until 15:24"),
)
LEDGER = (
    ("drained", 202, "13.6 %", "171 complete"),
    ("waiting", 187, "12.6 %", "queue or dependency"),
    ("held", 96, "6.5 %", "2 runs, 1 prefix"),
    ("snoozed", 148, "10.0 %", "1 fingerprint, to 2 Jan"),
    ("untouched", 853, "57.4 %", "no session reached them"),
)
COUNTS = (
    ("", "Selected", 120, "of 1,386 failed"),
    ("complete", "", 71, "84.5 % of 84"),
    ("failed", "", 7, "3 fingerprints"),
    ("retryable", "", 4, "no failure for limits"),
    ("timeout", "", 2, "2 runs"),
    ("running", "", 4, ""),
    ("", "Not started", 32, ""),
)
REASONS = (
    ("beyond_batch", 640),
    ("fingerprint_snoozed", 148),
    ("waits_for_queued", 118),
    ("attempts_exhausted", 112),
    ("run_held", 58),
    ("leased", 4),
)
FINGERPRINTS = (
    (
        "ModuleNotFoundError: No module named 'autopack.coverage_tracker'",
        "fix_deployed",
        (0, 0, 212, 488, 488),
    ),
    ("SyntaxError: invalid syntax in autonomous_executor", "regressed", (3, 9, 118, 174, 174)),
    ("patch does not apply", "ongoing", (4, 11, 39, 97, 203)),
    ("Phase drain timed out after <n> s", "ongoing", (1, 3, 14, 41, 88)),
    ("No such file or directory: '<path>/fileorg/stubs'", "snoozed", (0, 0, 22, 148, 148)),
    ("no-op: patch produced no changes", "new", (2, 2, 2, 2, 2)),
)
PHASES = (
    ("research-foundation", "COMPLETE", ("failed", "complete"), 192, ""),
    (
        "research-gatherers-web",
        "GATE",
        ("failed", "timeout", "GATE"),
        129,
        "ImportError: cannot import name 'ReviewDecision'",
    ),
    (
        "research-compilation",
        "FAILED",
        ("failed", "retryable", "failed"),
        160,
        "patch does not apply",
    ),
    ("research-meta-analysis", "COMPLETE", ("failed", "lost", "complete"), 183, ""),
    ("research-integration", "QUEUED", ("failed", "QUEUED"), 352_800, ""),
    ("research-docs", "SKIPPED", ("skipped",), None, ""),
)
RATES = (
    ("All phases", 202, ShareInterval(0.04, 0.02, 0.08), ShareInterval(0.847, 0.79, 0.89)),
    ("ModuleNotFoundError", 78, ShareInterval(0.0, 0.0, 0.047), ShareInterval(0.949, 0.875, 0.98)),
    ("patch does not apply", 27, ShareInterval(0.15, 0.06, 0.32), ShareInterval(0.59, 0.41, 0.75)),
)
CARD = StopCardView(
    "Stopped: fingerprint repeated 3 times in run fileorg-p2-20251208q",
    (
        Fact("Rule", "max_fingerprint_repeats", mono=True),
        Fact("Observed / limit", "3 / 3"),
        Fact(
            "Fingerprint",
            "SyntaxError: invalid syntax in <name>",
            href="#",
            template=True,
            state="regressed",
        ),
        Fact("Tripped by", "#48213 fileorg-p2-frontend-build, attempt 2, 12:06:29", href="#"),
        Fact("Not run", "37 of 60 phases, 34 in this run"),
    ),
    (
        NextStep(
            "Read attempt #48213",
            "The failing line is still in autonomous_executor.py:2290",
            href="#",
            action="Open log",
        ),
        NextStep(
            "Hold run fileorg-p2-20251208q",
            "34 phases leave every plan until you release them",
            href="#",
            action="Hold…",
        ),
        NextStep(
            "Resume without this run",
            "3 phases left, same limits, preview first",
            href="#",
            action="Preview",
        ),
    ),
)
LOG_LINES = (
    ((("$ pytest -q", ""),), False),
    (
        (("FAILED", "ansi-red ansi-bold"), (" tests/test_", ""), ("import", "mark"), (".py", "")),
        True,
    ),
    ((("41 passed", "ansi-green"),), False),
)
COMMAND = (
    "manage.py drain --batch-size 120 --parallel 4 --queued-policy dependents --max-total-minutes 90"
    " --skip-run-prefix archive- --note 'After BUILD-146 import fix'"
)
TEMPLATE = 'File "<path>/autonomous_executor.py", line <n>, in <name>\n  from autopack.coverage_tracker import CoverageTracker'


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    return render(request, "styleguide/page.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    return {
        "now": now,
        "earlier": now - timedelta(hours=98),
        "shell": _sample_shell(request),
        "states": known(),
        "gauges": GAUGES,
        "ledger": LEDGER,
        "ledger_bar": [(part[0], part[1]) for part in LEDGER],
        "counts": COUNTS,
        "progress_bar": [(part[0], part[2]) for part in COUNTS if part[0]],
        "excluded": [{"code": code, "count": count, "href": "#"} for code, count in REASONS],
        "fingerprints": FINGERPRINTS,
        "phases": [(*phase, _lanes(place)) for place, phase in enumerate(PHASES)],
        "hours": (0.1, 0.3, 0.5, 0.7, 0.9),
        "hour_heads": (
            (0.1, "10:00", False),
            (0.3, "11:00", True),
            (0.5, "12:00", False),
            (0.7, "13:00", False),
            (0.9, "14:00", False),
        ),
        "fixes": (0.3,),
        "rates": RATES,
        "ask": 0.8,
        "bulk_actions": ({"label": "Clear…", "href": "#", "danger": False},),
        "card": CARD,
        "log_lines": LOG_LINES,
        "command": COMMAND,
        "template_text": TEMPLATE,
        "spark": (1486, 1484, 1485, 1480, 1482, 1479, 1470, 1400, 1360, 1315),
        "rate_chart": rate_sample(),
        "bars_chart": bars_sample(),
        "states_chart": states_sample(),
        "sankey_chart": sankey_sample(),
    }


def _lanes(place: int) -> list[LaneMark]:
    if PHASES[place][1] == "QUEUED":
        return [LaneMark("queued", 0.02, 1.0, "Queued for 4 d 02 h", wait=True)]
    start = 0.02 + place * 0.05
    return [
        LaneMark("failed", start, start + 0.02, "Attempt 1, failed after 1 s"),
        LaneMark("complete", start + 0.5, start + 0.56, "Attempt 2, complete after 3 min 12 s"),
    ]


def _sample_shell(request: HttpRequest) -> Any:
    shell = build_shell(request)
    counts = ShellCounts(
        source="autopack@db-02:5432/autopack",
        runs=214,
        phases=18_402,
        imported_at=timezone.now() - timedelta(seconds=40),
        running_drains=1,
        fingerprints=31,
        queued=37,
        stale=9,
        workers_alive=3,
        workers_asked=4,
    )
    return _Sample(shell, counts)


class _Sample:
    """The shell of this request with other counts, and links to nowhere for pages that are not there yet."""

    def __init__(self, shell: Any, counts: ShellCounts) -> None:
        self._shell, self.counts = shell, counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shell, name)
