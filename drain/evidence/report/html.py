"""The report as HTML: one context, for the page within the site and for a file that stands alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from django.template.loader import render_to_string

from drain.evidence.report import next_steps as steps
from drain.evidence.report import rows as report_rows
from drain.evidence.report import sentences as words
from drain.evidence.report.build import Report
from drain.evidence.report.escape import plain
from drain.evidence.report.validation import Line, Validation, validations

MOST_LISTED = 100
_NUMBER = re.compile(r"[+−]?[\d,]+(\.\d+)?")
Rows = list[list[str]]


def render_html(report: Report) -> Iterator[str]:
    """A page of its own: no script, no address but its own, printable."""
    yield render_to_string("report/standalone.html", html_context(report))


def html_context(report: Report) -> dict[str, Any]:
    """Return what the templates of the report draw: plain text made inert, which they escape.

    `parts` is a list of {id, title, text, tables: [{names, numbers, rows, note}]} in reading order; `numbers`
    says of each column whether it holds nothing but numbers. The part of the fixes has `fixes` beside these,
    each with the fields of a Validation.
    """
    mark, sentence = report.status
    return {
        "report": report,
        "session": report.session,
        "made_at": f"{report.made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "mark": mark,
        "sentence": plain(sentence),
        "summary": plain(words.summary(report), 2000),
        "ledger_sum": plain(report.ledger_sum, 2000),
        "facts": _rows(words.actual_results(report)),
        "parts": [*_findings(report), *_steps(report), *_lists(report)],
    }


def _part(name: str, title: str, text: str, *tables: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "title": title, "text": plain(text, 4000), "tables": list(tables)}


def _table(names: list[str], rows: Iterable[Iterable[object]], note: str = "") -> dict[str, Any]:
    shown = _rows(rows)
    numbers = [_are_numbers(column) for column in zip(*shown, strict=True)]
    return {"names": names, "numbers": numbers, "rows": shown, "note": plain(note, 1000)}


def _are_numbers(column: Iterable[str]) -> bool:
    said = [text for text in column if text]
    return bool(said) and all(_NUMBER.fullmatch(text) for text in said)


def _rows(rows: Iterable[Iterable[object]]) -> Rows:
    return [["" if cell is None else plain(cell, 1000) for cell in row] for row in rows]


def _findings(report: Report) -> list[dict[str, Any]]:
    fixes = [_validation(found) for found in validations(report)]
    ledger = [(line.line, line.phases, line.sentence) for line in report.ledger]
    moves = [
        (words.end(m.was, m.was_cause), words.end(m.became, m.became_cause), m.phases)
        for m in report.comparison.pairs.moves[:MOST_LISTED]
    ]
    checks = [
        (words.MARKS[c.verdict], c.name, c.sentence, ", ".join(map(str, c.evidence)))
        for c in report.checks
    ]
    return [
        {**_part("fixes", "Fixes", "" if fixes else words.NO_FIX), "fixes": fixes},
        _part("ledger", "Ledger", words.root_cause(report), _table(["Line", "Phases", "Meaning"], ledger, report.ledger_sum)),
        *([_part("stop", "Stop cards", "", _table(steps.STOPS, steps.stop_lines(report)))] if report.stops else []),
        _part("moves", "Where the same phases moved", " ".join(report.comparison.notes), _table(["Before", "After", "Phases"], moves)),
        _part("checks", "Checks", "" if checks else "No check concerns this drain.", _table(["", "Check", "Finding", "Evidence"], checks)),
    ]  # fmt: skip


def _validation(found: Validation) -> dict[str, Any]:
    return {
        "name": plain(found.name),
        "since": plain(found.since),
        "verdict": plain(found.verdict),
        "lines": [_line(line) for line in found.lines],
        "unlisted": found.unlisted,
        "numbers": [_line(line) for line in found.numbers],
        "notes": plain(" ".join(found.notes), 2000),
    }


def _line(line: Line) -> dict[str, str]:
    return {
        "words": line.words, "title": plain(line.title, 200), "sentence": plain(line.sentence, 2000)
    }  # fmt: skip


def _steps(report: Report) -> list[dict[str, Any]]:
    states = [(name, b, a, _change(a - b)) for name, b, a in words.states(report)]
    telemetry = [
        (t.run_id, t.phase_id, t.state, t.all_events, t.events, t.attempts, f"{t.minutes:.2f}")
        for t in report.telemetry[:MOST_LISTED]
    ]
    failed = [(p.run_id, p.phase_id, p.preview) for p in report.left.failed]
    count = f"Phases failed now: {report.left.failed_total}, the latest first."
    guards = [(g.name, words.MARKS[g.verdict], g.sentence) for g in report.guards]
    return [
        _part("completion", "1. Completion rate", words.completion_answer(report), _table(["State", "Before", "After", "Change"], states)),
        _part("telemetry", "2. Telemetry yield", words.telemetry_answer(report), _table(words.TELEMETRY, telemetry)),
        _part("causes", "3. Error fingerprints", words.causes_answer(report), _table(["Fingerprint", "Title", "Failed attempts"], words.cause_lines(report)), _table(["Run", "Phase", "Preview"], failed, count)),
        _part("guards", "4. Known-bad patterns", words.guards_answer(report), _table(["Guard", "", "Finding"], guards), _table(["Pattern offered", "", "Finding"], steps.offered(report))),
        _part("left", "5. What is left", steps.left_answer(report), _table(["Run", "Phase", "State", "Since"], steps.waiting_lines(report)), _table(["On hold", "Failed phases", "Reason"], steps.hold_lines(report))),
        _part("actions", "Next steps", " ".join(steps.settings_advice(report)), _table(["What", "Risk", "Command"], steps.actions(report))),
    ]  # fmt: skip


def _change(by: int) -> str:
    return f"{by:+d}".replace("-", "−") if by else "0"


def _lists(report: Report) -> list[dict[str, Any]]:
    identity, pk = report.identity, report.session.pk
    plan = [
        (
            p.position,
            p.run_id,
            p.phase_id,
            p.category,
            p.outcome or p.status,
            p.reason,
            p.detail or p.why,
        )
        for p in report_rows.plan(pk, MOST_LISTED)
    ]
    attempts = [
        (a.attempt, a.run_id, a.phase_id, a.number, a.outcome, f"{a.seconds:.1f}", a.telemetry_events,
         plain(a.error, 160), f"{a.log}, {a.log_bytes} bytes")
        for a in report_rows.attempts(pk, MOST_LISTED)
    ]  # fmt: skip
    sources = [
        (s.name, s.kind, words.pairs_text(s.identity), s.imported_at) for s in identity.sources
    ]
    place = f"{identity.database}: {words.pairs_text(identity.rows)}. Versions: {words.pairs_text(identity.versions)}."
    note = f"At most {MOST_LISTED} are shown; the JSON and the evidence bundle have all."
    return [
        _part("plan", "Plan", "", _table(["#", "Run", "Phase", "Category", "Outcome", "Reason", "Detail"], plan, note)),
        _part("attempts", "Attempts", "", _table(["Attempt", "Run", "Phase", "No.", "Outcome", "Seconds", "Events", "Error", "Log"], attempts, note)),
        _part("settings", "Settings", "", _table(["Setting", "Value"], words.settings(report))),
        _part("identity", "Database and versions", place, _table(["Source", "Kind", "Identity", "Imported"], sources)),
    ]  # fmt: skip
