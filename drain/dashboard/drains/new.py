"""A new drain: a form with a live preview that never writes, and the POST that freezes the plan."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from drain.dashboard.drains.form import POLICY_WORDS, DrainForm, read_form
from drain.dashboard.drains.preview import deferred_context, preview_context, takes_long
from drain.dashboard.http.actions import REFUSALS, person
from drain.dashboard.http.permissions import requires
from drain.engine.sessions.planning import Asked, create_session
from drain.engine.sessions.verbs import start_session
from drain.models import Candidate, DrainSession
from drain.policy.numbers import whole
from drain.policy.selection.drift import Drift, Seen, drift

_PAGE = "drains/new.html"
_FRAGMENT = "drains/_preview_parts.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(posting="drain.add_drainsession")
def session_new(request: HttpRequest) -> HttpResponse:
    """The page, its preview fragment (GET), and the start (POST)."""
    now = timezone.now()
    if request.method == "POST":
        return _start(request, now)
    form = read_form(request.GET, now)
    return _show(request, form, now, fragment=bool(request.htmx))  # type: ignore[attr-defined]


def _show(
    request: HttpRequest,
    form: DrainForm,
    now: datetime,
    *,
    fragment: bool = False,
    status: int = 200,
) -> HttpResponse:
    # Without a script the page leads to itself with the plan in it.
    wait = status == 200 and not fragment and "plan" not in request.GET and takes_long(form)
    read = deferred_context if wait else preview_context
    context = read(form, now) | {
        "policies": [(policy.value, words) for policy, words in POLICY_WORDS.items()],
        "page_has_primary": True,
    }
    response = render(request, _FRAGMENT if fragment else _PAGE, context, status=status)
    # The page takes the address of its preview, which must not come back in its place.
    response["Cache-Control"] = "no-store"
    return response


def _start(request: HttpRequest, now: datetime) -> HttpResponse:
    form = read_form(request.POST, now)
    if form.errors:
        return _show(request, form, now, status=422)
    actor = person(request)
    asked = Asked(
        form.scope, form.limits, actor.name, actor.origin, note=form.note, address=actor.address
    )
    try:
        session = create_session(asked, now)
    except REFUSALS as error:
        form.errors["all"] = str(error)
        return _show(request, form, now, status=422)
    start_session(session)
    _tell(request, session)
    return redirect("drain:session-detail", pk=session.pk)


def _tell(request: HttpRequest, session: DrainSession) -> None:
    found = _drift(request, session)
    words = f"Drain {session.pk}: the plan of {session.selected:,} phases is fixed."
    if found is None:
        messages.success(request, words)
    elif found.any:
        messages.warning(request, f"{found.sentence} {words}")
    else:
        messages.success(request, f"{words} {found.sentence}")


def _drift(request: HttpRequest, session: DrainSession) -> Drift | None:
    """What changed since the page was drawn; None when the form did not say what it had shown."""
    digest, ids = request.POST.get("seen_digest", ""), request.POST.get("seen_ids", "")
    if not digest:
        return None
    read = [whole(part) for part in ids.split(",")] if ids else []
    known = tuple(pk for pk in read if pk is not None)
    seen = Seen(digest, known if known and len(known) == len(read) else None)
    planned = Candidate.objects.filter(session=session, planned_position__isnull=False)
    frozen = planned.order_by("planned_position").values_list("phase_id", flat=True)
    return drift(seen, list(frozen))
