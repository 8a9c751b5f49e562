"""The report of a drain: as a page, and as files that leave the site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from drain.dashboard.evidence.shared_comparisons import until_news
from drain.dashboard.http.links import report_href
from drain.dashboard.http.permissions import requires
from drain.dashboard.ui.states import reason_word
from drain.evidence.fixes.kept import judgement
from drain.evidence.report.build import Report, build_report
from drain.evidence.report.bundle import write_bundle
from drain.evidence.report.html import html_context
from drain.evidence.report.json import render_json
from drain.evidence.report.markdown import render_markdown
from drain.evidence.report.sentences import MARKS
from drain.models import Attempt, DrainSession
from drain.policy.reasons import ExclusionReason

FILES = {
    "md": (render_markdown, "text/markdown; charset=utf-8"),
    "json": (render_json, "application/json"),
}
MOST_BUNDLED = 5_000
# A file of a report says verdicts with marks that need a font for them; a page has icons and words.
_VERDICTS = {mark: verdict for verdict, mark in MARKS.items()}
_OF_REASONS = ("ledger", "actions")
# A cell, a part of the sum or what was left out: a run may be called like a reason.
_REASONS = re.compile(rf"(?:^|(?<=as )|(?<=[\d×] ))(?:{'|'.join(ExclusionReason)})(?=$|:| [+=])")
_STATES = frozenset({"State", "Outcome"})


@requires()
def session_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one drain on one page, printable."""
    now = timezone.now()
    session = get_object_or_404(DrainSession, pk=pk)
    context = until_news(
        ("report", pk, session.state),
        lambda: _page_context(build_report(session, now, lambda fix: judgement(fix, now))),
    )
    shown = {"address": request.build_absolute_uri(report_href(pk)), "bundled": bundled(session)}
    return render(request, "report/page.html", {**context, **shown, "now": now})


@requires()
def session_report_file(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The report as Markdown or JSON, or with every attempt and log as a zip; a browser may only save it."""
    if kind not in (*FILES, "zip"):
        raise Http404("A report is kept as md, json or zip.")
    session = get_object_or_404(DrainSession, pk=pk)
    if kind == "zip" and not bundled(session):
        return HttpResponseBadRequest(
            f"{_too_large()} manage.py report {pk} --bundle FILE.zip", content_type="text/plain"
        )
    report = build_report(session, timezone.now())
    response: HttpResponseBase
    if kind == "zip":
        response = _bundle(report)
    else:
        render_parts, content_type = FILES[kind]
        response = StreamingHttpResponse(render_parts(report), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="drain-{pk}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def bundled(session: DrainSession) -> bool:
    """Return whether a request can make its evidence bundle: a large one takes a command's minutes."""
    return Attempt.objects.filter(session=session).count() <= MOST_BUNDLED


def _too_large() -> str:
    return f"The bundle of more than {MOST_BUNDLED:,} attempts is made on the command line:"


def _bundle(report: Report) -> FileResponse:
    """The file is unlinked while it is sent, so nothing is left of it however the request ends."""
    with TemporaryDirectory(dir=settings.DATA_DIR) as folder:
        path = Path(folder) / "bundle.zip"
        write_bundle(report, path)
        return FileResponse(path.open("rb"), content_type="application/zip")


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column of a report's table, and what its cells become when a phone folds the row."""

    name: str
    is_number: bool
    css: str
    label: str

    def state_of(self, text: str) -> str:
        """Return the verdict or state that a cell names, "" for any other text."""
        return _VERDICTS.get(text) or (text if self.name in _STATES else "")


def _page_context(report: Report) -> dict[str, Any]:
    context = html_context(report)
    context["ledger_sum"] = said(context["ledger_sum"])
    for part in context["parts"]:
        if part["id"] in _OF_REASONS:
            _say(part)
        for table in part["tables"]:
            columns = table["columns"] = _columns(table["names"], table["numbers"])
            # Thousands of cells: what each of them needs is found once and not by every page.
            table["cells"] = [
                [
                    (column.css, column.label, text, column.state_of(text))
                    for column, text in zip(columns, row, strict=True)
                ]
                for row in table["rows"]
            ]
    return context


def _say(part: dict[str, Any]) -> None:
    """Put the words of the pages for the reasons that a part names as scripts rely on them."""
    part["text"] = said(part["text"])
    for table in part["tables"]:
        table["rows"] = [[said(cell) for cell in row] for row in table["rows"]]
        table["note"] = said(table.get("note", ""))


def said(text: str) -> str:
    """A text of the report with each reason in words: `68 beyond_batch` as “68 beyond batch size”."""
    return _REASONS.sub(lambda found: reason_word(found[0]).lower(), text)


def _columns(names: list[str], numbers: list[bool]) -> list[ReportColumn]:
    """The first column with a name is the row's name, one without is a state, the others are facts."""
    first = next((place for place, name in enumerate(names) if name), 0)
    columns = []
    for place, (name, is_number) in enumerate(zip(names, numbers, strict=False)):
        css = "t-name" if place == first else "t-fact" if name else "t-state"
        label = name.lower() if css == "t-fact" else ""
        columns.append(ReportColumn(name, is_number, f"{css} num" if is_number else css, label))
    return columns
