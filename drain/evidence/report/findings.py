"""The findings of the Markdown report: the fixes, what the drain did against what was expected, and single phases."""

from __future__ import annotations

from collections.abc import Iterator

from drain.evidence.report import next_steps as steps
from drain.evidence.report import sentences as words
from drain.evidence.report.build import Report
from drain.evidence.report.escape import markdown as md
from drain.evidence.report.escape import markdown_table


def findings(report: Report) -> Iterator[str]:
    """Section Findings with its three parts and where phases moved."""
    yield "## Findings\n\n### 1. Systemic Blocker Fixes\n\n"
    yield _fixes(report)
    yield "### 2. Batch Drain Execution Monitoring\n\n"
    yield _execution(report)
    yield "### 3. Manual Phase Drains\n\n"
    single = [
        [str(s.session), md(s.run_id), md(s.phase_id), md(s.outcome), md(s.state)]
        for s in report.single_phases
    ]
    yield markdown_table(["Drain", "Run", "Phase", "Outcome", "State now"], single) + "\n\n"


def _fixes(report: Report) -> str:
    rows = [
        [
            md(fix.title),
            f"{fix.applied_at:%Y-%m-%d %H:%M} UTC" + (f", {md(fix.commit)}" if fix.commit else ""),
            md(words.fix_validation(fix, report), 1000),
        ]
        for fix in report.fixes
    ]
    if not rows:
        return f"{words.NO_FIX}\n\n"
    return markdown_table(["Blocker", "Fix", "Validation"], rows) + "\n\n"


def _execution(report: Report) -> str:
    moves = [
        [md(words.end(move.was, move.was_cause)), md(words.end(move.became, move.became_cause)),
         str(move.phases)]
        for move in report.comparison.pairs.moves[:50]
    ]  # fmt: skip
    ledger = [[md(line.line), str(line.phases), md(line.sentence)] for line in report.ledger]
    return "\n".join(
        [
            f"**Expected Behavior**: {md(words.expected(report), 1000)}",
            "",
            f"**Actual Behavior**: {md(words.actual(report), 1000)}",
            "",
            f"**Root Cause**: {md(words.root_cause(report), 2000)}",
            "",
            "**Evidence**: every failed phase in scope ends in one line of the ledger.",
            "",
            markdown_table(["Line", "Phases", "Meaning"], ledger),
            "",
            f"{md(report.ledger_sum, 2000)}",
            "",
            *_stop_cards(report),
            "Where the same phases moved:",
            "",
            markdown_table(["Before", "After", "Phases"], moves),
            "",
            "",
        ]
    )


def _stop_cards(report: Report) -> list[str]:
    if not report.stops:
        return []
    rows = [[md(cell, 1000) for cell in line] for line in steps.stop_lines(report)]
    return ["**Stop cards**:", "", markdown_table(steps.STOPS, rows), ""]
