"""The report as Markdown: the sections that a person used to write by hand, filled from data.

Everything that came from outside passes through `inert.markdown`; words of our own do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drain.evidence.report import next_steps as steps
from drain.evidence.report import rows as report_rows
from drain.evidence.report import sentences as words
from drain.evidence.report.build import Report
from drain.evidence.report.escape import code, markdown_table
from drain.evidence.report.escape import markdown as md
from drain.evidence.report.findings import findings, validation_line
from drain.evidence.report.validation import validations

MOST_LISTED = 200


def render_markdown(report: Report) -> Iterator[str]:
    """The whole report in pieces; long lists are cut at MOST_LISTED lines and say so."""
    yield _head(report)
    yield from findings(report)
    yield _goals(report)
    yield _recommendations(report)
    yield _verification(report)
    yield _conclusion(report)
    yield from _appendix(report)


def _head(report: Report) -> str:
    session, (mark, sentence) = report.session, report.status
    lines = [
        f"# Batch Drain Report: drain {session.pk}",
        f"**Date**: {report.made_at:%Y-%m-%d %H:%M} UTC  ",
        f"**Started by**: {md(session.started_by)}  ",
        f"**Context**: {md(session.note, 2000) or 'no note'}  ",
        f"**State**: {session.state}"
        + (f" ({session.stop_reason})" if session.stop_reason else ""),
        "",
        "---",
        "",
        "## Executive Summary",
        "",
        f"**Status**: {mark} {md(sentence)}",
        "",
        md(words.summary(report), 2000),
        "",
        f"**Ledger**: {md(report.ledger_sum, 2000)}",
        "",
    ]
    if report.live:
        lines.insert(5, "\n*The drain is still running: these numbers are not final.*")
    return "\n".join(lines) + "\n"


def _goals(report: Report) -> str:
    rows = [[md(goal), mark, md(said, 1000)] for goal, mark, said in words.goals(report)]
    actual = [[md(name), md(value)] for name, value in words.actual_results(report)]
    return "\n".join(
        [
            "## Impact on Batch Drain Goals",
            "",
            markdown_table(["Goal", "", "What the data says"], rows),
            "",
            "### Actual Results",
            "",
            markdown_table(["Measure", "Value"], actual),
            "",
            *(f"> {md(note, 1000)}\n" for note in report.comparison.notes),
            "",
        ]
    )


def _recommendations(report: Report) -> str:
    lines = ["## Recommendations", "", "### Immediate Actions", ""]
    for number, (title, text, command) in enumerate(steps.actions(report), 1):
        lines += [f"{number}. **{md(title)}**: {md(text)}", f"   {code(command)}"]
    lines += ["", "### Settings to Reconsider", ""]
    lines += [f"- {md(line, 1000)}" for line in steps.settings_advice(report)]
    return "\n".join(lines) + "\n\n"


def _verification(report: Report) -> str:
    checked = (_completion, _telemetry, _fingerprints, _patterns, _rest)
    return (
        "\n\n".join(
            ["## Verification Steps", *(part for section in checked for part in section(report))]
        )
        + "\n\n"
    )


def _completion(report: Report) -> list[str]:
    states = [[md(name), str(b), str(a), f"{a - b:+d}"] for name, b, a in words.states(report)]
    return [
        f"### 1. Completion Rate Check\n\n{md(words.completion_answer(report), 1000)}",
        markdown_table(["State", "Before", "After", "Change"], states),
    ]


def _telemetry(report: Report) -> list[str]:
    telemetry = [
        [
            md(t.run_id), md(t.phase_id), t.state, str(t.all_events), str(t.events), str(t.attempts),
            f"{t.minutes:.2f}",
        ]
        for t in report.telemetry[:MOST_LISTED]
    ]  # fmt: skip
    return [
        f"### 2. Telemetry Yield Check\n\n{md(words.telemetry_answer(report), 1000)}",
        markdown_table(words.TELEMETRY, telemetry),
    ]


def _fingerprints(report: Report) -> list[str]:
    causes = [[md(what), md(title), str(n)] for what, title, n in words.cause_lines(report)]
    failed = [[md(p.run_id), md(p.phase_id), md(p.preview)] for p in report.left.failed]
    return [
        f"### 3. Error Fingerprint Analysis\n\n{md(words.causes_answer(report), 1000)}",
        markdown_table(["Fingerprint", "Title", "Failed attempts"], causes),
        f"Phases failed now: {report.left.failed_total}, the latest first.",
        markdown_table(["Run", "Phase", "Preview"], failed),
    ]


def _patterns(report: Report) -> list[str]:
    guards = [[md(g.name), words.MARKS[g.verdict], md(g.sentence, 1000)] for g in report.guards]
    offered = [[md(t), mark, md(s)] for t, mark, s in steps.offered(report)]
    return [
        f"### 4. Known-bad Patterns\n\n{md(words.guards_answer(report), 1000)}",
        markdown_table(["Guard", "", "Finding"], guards),
        "Patterns that the drained fingerprints suggest:",
        markdown_table(["Pattern", "", "Finding"], offered),
    ]


def _rest(report: Report) -> list[str]:
    waiting, held = _cells(steps.waiting_lines(report)), _cells(steps.hold_lines(report))
    return [
        f"### 5. What Is Left\n\n{md(steps.left_answer(report), 1000)}",
        markdown_table(["Run", "Phase", "State", "Since"], waiting),
        markdown_table(["On hold", "Failed phases", "Reason"], held),
    ]


def _cells(lines: Iterable[Iterable[str]]) -> list[list[str]]:
    return [[md(cell) for cell in line] for line in lines]


def _conclusion(report: Report) -> str:
    mark, sentence = report.status
    numbered = [
        f"{number}. {md(title)}" for number, (title, _, _) in enumerate(steps.actions(report), 1)
    ]
    return "\n".join(
        [
            "## Conclusion",
            "",
            f"{mark} {md(sentence)}.",
            "",
            "**Next Steps**:",
            "",
            *numbered,
            "",
            "",
        ]
    )


def _appendix(report: Report) -> Iterator[str]:
    yield "## Appendix: Detailed Fix Summaries\n\n"
    for fix, found in zip(report.fixes, validations(report), strict=True):
        numbers = "\n".join(map(validation_line, found.numbers))
        yield (
            f"### {md(fix.title)}\n\n**In since**: {fix.applied_at:%Y-%m-%d %H:%M} UTC"
            f"{' · commit ' + md(fix.commit) if fix.commit else ''}\n\n{md(fix.note, 5000)}\n\n"
            f"**Validation**: {md(found.verdict)}\n\n{numbers}\n\n"
        )
    if not report.fixes:
        yield f"{words.NO_FIX}\n\n"
    yield _reference(report)
    yield "## Plan\n\n"
    yield from _plan(report)
    yield "## Attempts\n\n"
    yield from _attempts(report)
    yield _artifacts(report)


def _reference(report: Report) -> str:
    identity = report.identity
    rows = [[md(name), md(value)] for name, value in words.settings(report)]
    sources = [
        [md(s.name), md(s.kind), md(words.pairs_text(s.identity), 1000), md(s.imported_at)]
        for s in identity.sources
    ]
    return "\n".join(
        [
            "## Database Reference",
            "",
            f"**Database**: {md(identity.database)} ({md(words.pairs_text(identity.rows))})  ",
            f"**Versions**: {md(words.pairs_text(identity.versions))}",
            "",
            markdown_table(["Source", "Kind", "Identity", "Imported"], sources),
            "",
            "## Settings",
            "",
            markdown_table(["Setting", "Value"], rows),
            "",
            "",
        ]
    )


def _plan(report: Report) -> Iterator[str]:
    lines = report_rows.plan(report.session.pk, MOST_LISTED + 1)
    rows = (
        [
            "" if line.position is None else str(line.position), md(line.run_id), md(line.phase_id),
            md(line.category), md(line.outcome or line.status), md(line.reason), md(line.detail or line.why),
        ]
        for line in lines
    )  # fmt: skip
    yield from _cut(["#", "Run", "Phase", "Category", "Outcome", "Reason", "Detail"], rows)


def _attempts(report: Report) -> Iterator[str]:
    lines = report_rows.attempts(report.session.pk, MOST_LISTED + 1)
    rows = (
        [
            str(line.attempt), md(line.run_id), md(line.phase_id), str(line.number), md(line.outcome),
            f"{line.seconds:.1f}", str(line.telemetry_events), md(line.error, 120),
            f"{line.log}, {line.log_bytes} bytes",
        ]
        for line in lines
    )  # fmt: skip
    names = ["Attempt", "Run", "Phase", "No.", "Outcome", "Seconds", "Events", "Error", "Log"]
    yield from _cut(names, rows)


def _cut(names: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    found = list(rows)
    yield markdown_table(names, found[:MOST_LISTED]) + "\n\n"
    if len(found) > MOST_LISTED:
        yield f"Only the first {MOST_LISTED} are shown; the JSON and the evidence bundle have all.\n\n"


def _artifacts(report: Report) -> str:
    command = f"manage.py report {report.session.pk}"
    return "\n".join(
        [
            "## Build Artifacts",
            "",
            f"- Evidence bundle with every attempt and log: `{command} --bundle FILE.zip`",
            f"- The same data for machines: `{command} --format json`",
            "",
            "---",
            "",
            f"**Report Status**: {'NOT FINAL' if report.live else 'COMPLETE'}  ",
            *(
                f"**{md(check.name)}**: {words.MARKS[check.verdict]} {md(check.sentence, 1000)}  "
                for check in report.checks
            ),
            "",
        ]
    )
