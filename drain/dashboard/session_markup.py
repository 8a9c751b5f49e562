"""Rows of drains, their results and their plans, put together by hand: a loop in a template takes ten times as long.

Every word is escaped; numbers, addresses of our own and what other modules draw need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from django.utils.safestring import SafeString

from drain.dashboard.http.links import attempt_href, link, phase_href, run_href
from drain.dashboard.markup import ago, at, state
from drain.dashboard.ui.formats import duration, number
from drain.dashboard.ui.states import drain_state, reason_word
from drain.dashboard.ui.svg import thin_bar
from drain.models import Candidate
from drain.models.vocabulary import CandidateStatus


def session_rows(rows: Iterable[dict[str, Any]]) -> SafeString:
    """The list of drains: session, its counts by outcome, and how long it took."""
    return SafeString("".join(map(_session_row, rows)))


def _session_row(row: dict[str, Any]) -> str:
    session, counts = row["session"], row["counts"]
    pk, stopped, note = session.pk, session.stop_card.get("sentence"), escape(session.note)
    if stopped:
        below = f'<span class="t-sub">{note}</span>' if note else ""
        note = f"{escape(stopped)}{below}"
    return (
        f'<tr data-row="s{pk}"><td class="t-name"><a href="{link("session-detail", pk)}">Drain {pk}</a></td>'
        f'<td class="t-state">{state(drain_state(session))}</td>'
        f'<td class="t-time t-fact">{at(session.created_at)}</td><td class="t-fact">{escape(session.started_by)}</td>'
        f'<td class="num t-fact" data-label="selected">{number(session.selected)}'
        f'<span class="faint"> of {number(session.total_failed)}</span></td>'
        f"{_fact('complete', number(counts.get('complete') or 0))}"
        f"{_fact('failed', number(counts.get('failed') or 0))}"
        f"{_fact('retryable', number(counts.get('retryable') or 0))}"
        f"{_fact('took', duration(row['took']))}"
        f'<td class="t-note t-last">{note}</td></tr>'
    )


def _fact(label: str, text: str) -> str:
    return f'<td class="num t-fact" data-label="{label}">{text}</td>'


def running_items(running: Iterable[dict[str, Any]], now: datetime) -> SafeString:
    """Open attempts, each with what it printed last."""
    return SafeString("".join([_running_item(item, now) for item in running]))


def _running_item(item: dict[str, Any], now: datetime) -> str:
    pk, name = item["pk"], escape(item["phase_id"])
    tail = "".join([f"<span>{escape(line)}</span>" for line in item["tail"]])
    return (
        f'<div class="running-item" data-row="a{pk}">'
        f'<div class="running-head"><span class="name"><a href="{phase_href(item["phase_pk"])}">{name}</a></span>'
        f"{state(item['state'])}</div>"
        f'<span class="meta"><a href="{attempt_href(pk)}">#{pk}</a> · {escape(item["run_id"])} ·'
        f" {ago(item['started_at'], now)}</span>"
        f"{thin_bar(item['seconds'], item['timeout'], 's-executing')}"
        f'<div class="tail">{tail or "<span>Nothing printed yet</span>"}</div></div>'
    )


def verdict_rows(verdicts: Iterable[dict[str, Any]]) -> SafeString:
    """What became of each run of a drain."""
    return SafeString("".join(map(_verdict_row, verdicts)))


def _verdict_row(row: dict[str, Any]) -> str:
    run_id = row["run_id"]
    return (
        f'<tr data-row="r{row["run_pk"]}"><td class="t-name"><a href="{escape(run_href(run_id))}">{escape(run_id)}</a></td>'
        f"{_fact('complete', str(row['complete']))}{_fact('failed', str(row['failed'] + row['lost']))}"
        f"{_fact('not run', str(row['not_run']))}"
        f'<td class="t-state" title="{escape(row["stop_detail"])}">{state(row["verdict"])}</td></tr>'
    )


def result_rows(rows: Iterable[dict[str, Any]]) -> SafeString:
    """Ended attempts of a drain."""
    return SafeString("".join(map(_result_row, rows)))


def _result_row(row: dict[str, Any]) -> str:
    pk, events = row["pk"], row["telemetry_count"]
    return (
        f'<tr data-row="a{pk}"><td class="mono t-hide"><a href="{attempt_href(pk)}">#{pk}</a></td>'
        f'<td class="t-time t-hide">{at(row["finished_at"], "clock")}</td>'
        f'<td class="t-name"><a href="{phase_href(row["phase_pk"])}">{escape(row["phase_id"])}</a></td>'
        f'<td class="t-fact">{escape(row["run_id"])}</td><td class="t-state">{state(row["outcome"])}</td>'
        f"{_fact('took', duration(row['seconds']))}"
        f'<td class="num t-fact{"" if events else " zero"}" data-label="events">{number(events)}</td>'
        f'<td class="t-error clip t-last">{escape(row["said"])}</td></tr>'
    )


def plan_rows(planned: Iterable[Candidate]) -> SafeString:
    """The first phases of a plan, each with what became of it."""
    return SafeString("".join(map(_plan_row, planned)))


def _plan_row(one: Candidate) -> str:
    return (
        f'<tr><td class="num faint t-hide">{one.planned_position}</td>'
        f'<td class="t-name">{escape(one.phase.phase_id)}</td><td class="t-fact">{escape(one.run.run_id)}</td>'
        f'<td class="t-fact">{escape(one.why)}</td>{_fact("attempts", str(one.attempts))}'
        f'<td class="t-state">{_became(one)}</td></tr>'
    )


def _became(one: Candidate) -> SafeString:
    if one.outcome:
        return state(one.outcome)
    if one.status == CandidateStatus.EXCLUDED:
        return state("excluded", reason_word(one.reason))
    return state("rest")
