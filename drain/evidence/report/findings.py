"""Findings of the Markdown report: fixes, what the drain did against what was expected, single phases."""

from __future__ import annotations

from collections.abc import Iterator

from drain.evidence.report import next_steps as steps
from drain.evidence.report import sentences as words
from drain.evidence.report.build import Report
from drain.evidence.report.escape import markdown as md
from drain.evidence.report.escape import markdown_table
from drain.evidence.report.validation import Line, Validation, validations


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
    found = validations(report)
    if not found:
        return f"{words.NO_FIX}\n\n"
    return "".join(f"{_validation(one)}\n\n" for one in found)


def _validation(found: Validation) -> str:
    """The verdict and a line for each fingerprint; the numbers behind them are in the appendix."""
    lines = [f"**{md(found.name)}** (in since {md(found.since)}): {md(found.verdict)}"]
    if found.lines:
        lines += ["", *map(validation_line, found.lines)]
    if found.unlisted:
        lines.append(f"- and {found.unlisted} more, in the appendix")
    if found.notes:
        lines += ["", md(" ".join(found.notes), 2000)]
    return "\n".join(lines)


def validation_line(line: Line) -> str:
    """A fingerprint of a fix as an item of a list."""
    return f"- **{line.words}** – {md(line.title, 200)}: {md(line.sentence, 2000)}"


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
