"""The audit: who did what, why, from where; a page, and the same rows as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import Truncator

from drain.dashboard.audit.acts import acts_of, lines_of
from drain.dashboard.audit.words import act_word, subject_word
from drain.dashboard.http.cache import shared
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in
from drain.dashboard.lists.download import download, wanted
from drain.dashboard.lists.period import read_period
from drain.models import AuditEvent
from drain.models.vocabulary import Origin

LISTED = 50
CHANGE = 300
"""Characters of a change that the page shows; the export has all."""
KNOWN_VERBS = 10_000
"""Lines whose verbs are offered to choose from."""
KEEP_SECONDS = 10
FILTERS = ("actor", "verb", "subject", "origin")
HEADS = (
    "at", "actor", "origin", "address", "verb", "subject", "number", "what", "reason", "old", "new",
)  # fmt: skip


@requires("drain.view_auditevent")
def audit_list(request: HttpRequest) -> HttpResponseBase:
    """Acts, newest first; filters compare whole words. `first` and `last` open one act line by line."""
    now = timezone.now()
    period = read_period(request.GET, now)
    found = period.narrow(_filtered(request), "at")
    if kind := wanted(request):
        return download(kind, "audit", HEADS, _rows(found, kind))
    before, first, last = (number_in(request, name) for name in ("before", "first", "last"))
    opened = first is not None and last is not None
    found = found.filter(pk__range=(first, last)) if opened else found
    found = found.filter(pk__lt=before) if before else found
    acts = lines_of(found, LISTED) if opened else acts_of(found, LISTED)
    asked = {name: request.GET.get(name, "") for name in FILTERS}
    filters = {name: value for name, value in asked.items() if value}
    context = {
        "now": now,
        "acts": [
            (
                act,
                act_word(act.lead.verb),
                subject_word(act.lead.subject),
                [(event, Truncator(changed(event)).chars(CHANGE)) for event in act.shown],
            )
            for act in acts.acts
        ],
        "older": acts.older,
        "newer": bool(before),
        "opened": opened,
        "asked": asked,
        "filtered": bool(filters or period) or opened,
        "period": period,
        "verbs": [(name, act_word(name)) for name in _verbs(asked["verb"])],
        "origins": [(name, name) for name in Origin.values],
    }
    return render(request, "audit/page.html", context)


def _verbs(asked: str) -> list[str]:
    """Return the verbs that somebody used lately, and those that were asked for."""
    newest = AuditEvent.objects.order_by("-pk").values_list("verb", flat=True)[:KNOWN_VERBS]
    found = shared("audit-verbs", KEEP_SECONDS, lambda: sorted(set(newest)))
    return sorted({*found, asked} - {""})


@requires("drain.view_auditevent")
def audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered rows as CSV, streamed; no cell begins as a formula."""
    found = read_period(request.GET, timezone.now()).narrow(_filtered(request), "at")
    return download("csv", "audit", HEADS, _rows(found, "csv"))


def changed(event: AuditEvent) -> str:
    """Old and new in one line: `state QUEUED → SKIPPED`."""
    names = {**event.old, **event.new}
    told = {name.replace("_", " "): _change(event, name) for name in names}
    return ", ".join(f"{name} {change}" for name, change in told.items() if change)


def _change(event: AuditEvent, name: str) -> str:
    old, new = (_short(values[name]) if name in values else "" for values in (event.old, event.new))
    if name in event.old and name in event.new:
        return f"{old or '–'} → {new or '–'}"
    return new or (f"{old} → –" if old else "")


def _short(value: object) -> str:
    """Return a value for people: unset parts are left out; the export has everything."""
    if isinstance(value, dict):
        told = {name.replace("_", " "): _short(part) for name, part in value.items()}
        return ", ".join(f"{name} {part}" for name, part in told.items() if part)
    if isinstance(value, list):
        return " ".join(map(_short, value))
    if value is None or value is False:
        return ""
    return _moment(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(text: str) -> str:
    """A stored moment in the reader's zone; any other text as it is."""
    try:
        found = datetime.fromisoformat(text) if text[10:11] == "T" else None
        if found is None or found.tzinfo is None:
            return text
        return f"{timezone.localtime(found):%Y-%m-%d %H:%M %Z}"
    except (ValueError, OverflowError):
        return text


def _filtered(request: HttpRequest) -> QuerySet[AuditEvent]:
    found = AuditEvent.objects.order_by("-pk")
    for name in FILTERS:
        # PostgreSQL has no NUL in a text, so nothing can be equal to one.
        wanted = request.GET.get(name, "").strip()
        if "\0" in wanted:
            return found.none()
        if wanted:
            found = found.filter(**{name: wanted})
    return found


def _rows(events: QuerySet[AuditEvent], kind: str) -> Iterator[Sequence[Any]]:
    """The lines of the file; what changed is an object in JSON, and its text in CSV."""
    told = json.dumps if kind == "csv" else dict
    for event in events.iterator(chunk_size=2000):
        yield (
            event.at, event.actor, event.origin, event.address, event.verb, event.subject, event.subject_pk,
            event.label, event.reason, told(event.old), told(event.new),
        )  # fmt: skip
