"""The inbox: what happened that people want to hear of, newest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.models import Notice
from drain.models.vocabulary import NEWS, NoticeKind

LISTED = 50


@requires()
def news(request: HttpRequest) -> HttpResponse:
    """The page; live. `kind` narrows it, `before` is the next page."""
    asked = request.GET.get("kind", "")
    found = Notice.objects.exclude(kind=NoticeKind.TEST).order_by("-pk")
    if asked in NoticeKind.values:
        found = found.filter(kind=asked)
    before = number_in(request, "before")
    rows = list((found.filter(pk__lt=before) if before else found)[: LISTED + 1])
    context = {
        "now": timezone.now(),
        "rows": [(row, NoticeKind(row.kind).label) for row in rows[:LISTED]],
        "older": rows[LISTED - 1].pk if len(rows) > LISTED else 0,
        "newer": bool(before),
        "kind": asked,
        "kinds": [(kind.value, kind.label) for kind in NEWS],
    }
    return page_or_fragment(request, "news/page.html", "news/_list.html", context)
