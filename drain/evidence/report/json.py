"""The report as JSON, streamed: the short parts as one object, attempts and plan line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from drain.evidence.report import next_steps as steps
from drain.evidence.report import rows
from drain.evidence.report import sentences as words
from drain.evidence.report.build import Report
from drain.evidence.report.escape import plain

BATCH = 500
_FIX = ("marker", "title", "applied_at", "commit", "note")


def render_json(report: Report) -> Iterator[str]:
    """One JSON object in pieces; the lists `plan` and `attempts` come last and may be long."""
    head = json.dumps(encode(report), default=_value, ensure_ascii=True)
    yield _without_delete(head[:-1])
    yield ', "plan": ['
    yield from _joined(rows.plan_json(report.session.pk))
    yield '], "attempts": ['
    yield from _joined(rows.attempts_json(report.session.pk))
    yield "]}\n"


def encode(report: Report) -> dict[str, Any]:
    """Plain values of everything but the long lists."""
    session = report.session
    mark, sentence = report.status
    return {
        "session": session.pk,
        "state": session.state,
        "stop_reason": session.stop_reason or None,
        "stop_card": session.stop_card or None,
        "status": {"mark": mark, "sentence": sentence},
        "made_at": report.made_at,
        "started_by": plain(session.started_by),
        "note": plain(session.note, 5000),
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "scope": session.scope,
        "limits": session.limits,
        "parallel": session.parallel,
        "preflight": session.preflight,
        "identity": asdict(report.identity),
        "ledger": [asdict(line) for line in report.ledger],
        "ledger_sum": report.ledger_sum,
        "became": report.became,
        **rows.marked_attempts(session.pk),
        "total_failed": session.total_failed,
        "before": report.before,
        "after": report.after,
        "comparison": asdict(report.comparison),
        "difference": report.comparison.difference.sentence,
        "fixes": _fixes(report),
        "stopped_early": words.stopped_early(report) or None,
        "checks": [asdict(check) for check in report.checks],
        "failed_checks": report.failed_checks,
        "telemetry_by_phase": [phase._asdict() for phase in report.telemetry],
        "single_phases": [asdict(single) for single in report.single_phases],
        "actions": [asdict(action) for action in report.actions],
        "stops": [asdict(stop) for stop in report.stops],
        "left": _left(report),
        "offered_patterns": _offered(report),
    }


def _fixes(report: Report) -> list[dict[str, Any]]:
    return [
        {name: getattr(fix, name) for name in _FIX} | {"verdict": fix.verdict.as_dict()}
        for fix in report.fixes
    ]


def _offered(report: Report) -> list[dict[str, str]]:
    return [{"pattern": title, "sentence": found} for title, _, found in steps.offered(report)]


def _left(report: Report) -> dict[str, Any]:
    left = report.left
    return {
        "failed_total": left.failed_total,
        "failed": [phase._asdict() for phase in left.failed],
        "waiting_total": left.waiting_total,
        "waiting": [
            {**phase._asdict(), "stale": phase.state == "QUEUED" and left.is_stale(phase)}
            for phase in left.waiting
        ],
        "holds": [hold._asdict() for hold in left.holds],
    }


def _joined(lines: Iterator[str]) -> Iterator[str]:
    separator = ""
    while batch := list(islice(lines, BATCH)):
        yield separator + _without_delete(",\n".join(batch))
        separator = ",\n"


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _without_delete(text: str) -> str:
    """ASCII alone lets one control character through, which a terminal would obey."""
    return text.replace("\x7f", "\\u007f")
