"""A new drain: a form with a live preview that never writes, and the POST that starts the plan it showed."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from drain.dashboard.drains.form import POLICY_WORDS, DrainForm, read_form
from drain.dashboard.drains.names import check_names
from drain.dashboard.drains.preview import deferred_context, preview_context, takes_long
from drain.dashboard.frame.frame import KEEP_SECONDS
from drain.dashboard.frame.saved_views import DRAIN, SavedViews
from drain.dashboard.http.actions import REFUSALS, person
from drain.dashboard.http.cache import shared
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import require, requires
from drain.engine.sessions.planning import DrainRequest, PlanChangedError, create_session
from drain.engine.sessions.verbs import start_session
from drain.models import Source
from drain.policy.numbers import whole
from drain.policy.selection.drift import SeenPlan
from drain.policy.words import counted

_PAGE = "drains/new.html"
_FRAGMENT = "drains/_preview_parts.html"
START = "drain.add_drainsession"
_NOT_ASKED = ("csrfmiddlewaretoken", "seen_digest", "seen_ids", "preview", "name")


@requires(methods=FORM)
def session_new(request: HttpRequest) -> HttpResponse:
    """The page, its preview fragment (GET), and the start of a plan that was seen (POST)."""
    now = timezone.now()
    if request.method == "POST":
        return _start(request, now)
    form = read_form(request.GET, now)
    check_names(form)
    return _show(request, form, now, fragment=bool(request.htmx))  # type: ignore[attr-defined]


def _show(
    request: HttpRequest,
    form: DrainForm,
    now: datetime,
    *,
    fragment: bool = False,
    status: int = 200,
    unseen: str = "",
) -> HttpResponse:
    # Without a script the page leads to itself with the plan in it.
    planned = status != 200 or "plan" in request.GET
    wait = not planned and not fragment and takes_long(form)
    read = deferred_context if wait else preview_context
    if not fragment:
        form.take()
    context = read(form, now) | {
        "policies": [(policy.value, words) for policy, words in POLICY_WORDS.items()],
        "page_has_primary": True,
        "many_sources": shared("sources", KEEP_SECONDS, Source.objects.count) > 1,
        "saved": SavedViews(request, DRAIN),
        # Why a start showed this plan instead of starting another one.
        "unseen": unseen,
    }
    return render(request, _FRAGMENT if fragment else _PAGE, context, status=status)


def _start(request: HttpRequest, now: datetime) -> HttpResponse:
    if "preview" in request.POST:
        return redirect(f"{request.path}?{_query(request)}")
    require(request, START)
    form = read_form(request.POST, now)
    check_names(form)
    if form.errors:
        return _show(request, form, now, status=422)
    seen = _seen(request)
    if seen is None:
        return _show(
            request, form, now, status=409, unseen="Nothing was started: see the plan first."
        )
    actor = person(request)
    asked = DrainRequest(
        form.scope,
        form.limits,
        actor.name,
        actor.origin,
        form.note,
        address=actor.address,
        seen=seen,
    )
    try:
        session = create_session(asked, now)
    except PlanChangedError as error:
        return _show(request, form, now, status=409, unseen=str(error))
    except REFUSALS as error:
        form.errors["all"] = str(error)
        return _show(request, form, now, status=422)
    start_session(session)
    count = session.selected
    phases = counted(count, "phase")
    messages.success(request, f"Drain {session.pk} starts with the {phases} of its preview.")
    return redirect("drain:session-detail", pk=session.pk)


def _query(request: HttpRequest) -> str:
    """The fields of the form as an address: what belongs to the browser and to an older plan is left out."""
    fields = request.POST.copy()
    for name in _NOT_ASKED:
        fields.pop(name, None)
    fields["plan"] = "now"
    return fields.urlencode()


def _seen(request: HttpRequest) -> SeenPlan | None:
    """The plan that the page had shown; None when it had shown none."""
    digest, ids = request.POST.get("seen_digest", ""), request.POST.get("seen_ids", "")
    if not digest:
        return None
    read = [whole(part) for part in ids.split(",")] if ids else []
    known = tuple(pk for pk in read if pk is not None)
    return SeenPlan(digest, known if known and len(known) == len(read) else None)
