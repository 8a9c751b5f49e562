"""The inbox: what happened that people want to hear of, newest first, and each person's choices."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from drain.dashboard.http.actions import attempt, person, verb
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import SEE, requires
from drain.dashboard.http.responses import number_in, page_or_fragment, wants_fragment
from drain.engine.errors import EngineError
from drain.engine.news.deliver import mail_test
from drain.engine.news.inbox import choice_of, choose, news_for, see
from drain.models import Notice
from drain.models.vocabulary import NEWS, DeliveryState, NoticeKind

LISTED = 50


@requires()
def news(request: HttpRequest) -> HttpResponse:
    """The page; live. `kind` shows one kind, chosen or not; `before` is the next page.

    What is on the first page counts as seen once it was opened; a refresh shows what is new as new.
    """
    user = int(request.user.pk or 0)
    choice = choice_of(user)
    asked = request.GET.get("kind", "")
    known = asked in NoticeKind.values and asked != NoticeKind.TEST
    found = Notice.objects.filter(kind=asked).order_by("-pk") if known else news_for(choice)
    before = number_in(request, "before")
    rows = list((found.filter(pk__lt=before) if before else found)[: LISTED + 1])
    context = {
        "now": timezone.now(),
        "rows": [(row, NoticeKind(row.kind).label, row.pk > choice.seen) for row in rows[:LISTED]],
        "older": rows[LISTED - 1].pk if len(rows) > LISTED else 0,
        "newer": bool(before),
        "kind": asked if known else "",
        "kinds": [(kind.value, kind.label) for kind in NEWS],
        "choice": choice,
        "mails": settings.DRAIN_SENDS_MAIL,
        "page_has_primary": True,
    }
    response = page_or_fragment(request, "news/page.html", "news/_list.html", context)
    if rows and not before and not known and not wants_fragment(request):
        see(user, rows[0].pk)
    return response


@verb(SEE)
def news_choose(request: HttpRequest) -> HttpResponse:
    """Choose what one hears of, in the inbox and by mail."""

    def act() -> str:
        inbox, mail = request.POST.getlist("inbox"), request.POST.getlist("mail")
        choose(int(request.user.pk or 0), inbox, mail, person(request))
        return "Your choices are kept."

    return attempt(request, act, link("news"))


@verb(SEE)
def news_mail(request: HttpRequest) -> HttpResponse:
    """Send oneself a test message by mail."""
    user = get_object_or_404(User, pk=request.user.pk)
    try:
        sent = mail_test(user, person(request))
    except EngineError as error:
        messages.error(request, str(error))
        return redirect("drain:news")
    if sent.state == DeliveryState.DELIVERED:
        messages.success(request, f"The mail server took a test message to {user.email}.")
    else:
        messages.error(request, f"The test message was not taken. {sent.error}")
    return redirect("drain:news")
