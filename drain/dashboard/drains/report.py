"""The report of a drain: as a page, and as files that leave the site."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from drain.dashboard.evidence.shared_comparisons import until_news
from drain.dashboard.http.permissions import requires
from drain.evidence.report.build import build_report
from drain.evidence.report.html import html_context
from drain.evidence.report.json import render_json
from drain.evidence.report.markdown import render_markdown
from drain.models import DrainSession

FILES = {
    "md": (render_markdown, "text/markdown; charset=utf-8"),
    "json": (render_json, "application/json"),
}


@require_safe
@requires()
def session_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one drain on one page, printable."""
    now = timezone.now()
    session = get_object_or_404(DrainSession, pk=pk)
    context = until_news(
        ("report", pk, session.state), lambda: html_context(build_report(session, now))
    )
    return render(request, "drain/report/page.html", {**context, "now": now})


@require_safe
@requires()
def session_report_file(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The same report as Markdown or JSON, streamed; a browser may only save it."""
    if kind not in FILES:
        raise Http404("A report is kept as md or json.")
    render_parts, content_type = FILES[kind]
    report = build_report(get_object_or_404(DrainSession, pk=pk), timezone.now())
    response = StreamingHttpResponse(render_parts(report), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="drain-{pk}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
