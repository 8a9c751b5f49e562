"""The inbox: what happened that people want to hear of, newest first, and each person's choices."""

from __future__ import annotations

from collections.abc import Callable

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
from drain.engine.news.chat import sends_to_chats
from drain.engine.news.chat_addresses import chat_of, forget_address, keep_address
from drain.engine.news.deliver import chat_test, mail_test
from drain.engine.news.inbox import choice_of, choose, news_for, see
from drain.models import Delivery, Notice
from drain.models.audit import Person
from drain.models.vocabulary import NEWS, DeliveryState, NoticeKind
from drain.policy.chat import beginnings

LISTED = 50


@requires()
def news(request: HttpRequest) -> HttpResponse:
    """The page; live. `kind` shows one kind, chosen or not; `before` is the next page.

    What is on the first page counts as seen once it was opened; a refresh shows what is new as new.
    """
    user = int(request.user.pk or 0)
    choice, chat = choice_of(user), chat_of(user)
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
        "chat": chat,
        "chats": beginnings(settings.DRAIN_CHAT_SERVICES) if sends_to_chats() else "",
        "chat_latest": chat.deliveries.order_by("-made_at").first() if chat else None,
        "page_has_primary": True,
    }
    response = page_or_fragment(request, "news/page.html", "news/_list.html", context)
    if rows and not before and not known and not wants_fragment(request):
        see(user, rows[0].pk)
    return response


@verb(SEE)
def news_choose(request: HttpRequest) -> HttpResponse:
    """Choose what one hears of, in the inbox, by mail and in one's chat."""

    def act() -> str:
        kinds = {name: request.POST.getlist(name) for name in ("inbox", "mail", "chat")}
        choose(_user(request), person(request), **kinds)
        return "Your choices are kept."

    return attempt(request, act, link("news"))


@verb(SEE)
def news_mail(request: HttpRequest) -> HttpResponse:
    """Send oneself a test message by mail."""
    user = _user(request)
    return _test(request, mail_test, f"The mail server took a test message to {user.email}.")


@verb(SEE)
def news_chat(request: HttpRequest) -> HttpResponse:
    """Have one's news sent to a chat; the address is shown nowhere again."""

    def act() -> str:
        kept = keep_address(_user(request), request.POST.get("address", ""), person(request))
        return f"The address is kept: {kept.service_name}. Send a test to see that it is right."

    return attempt(request, act, link("news"))


@verb(SEE)
def news_chat_test(request: HttpRequest) -> HttpResponse:
    """Send oneself a test message to one's chat."""
    return _test(request, chat_test, "The chat took a test message.")


@verb(SEE)
def news_chat_forget(request: HttpRequest) -> HttpResponse:
    """Forget the address of one's chat."""

    def act() -> str:
        forget_address(_user(request), person(request))
        return "The address is forgotten, with what was sent there."

    return attempt(request, act, link("news"))


def _user(request: HttpRequest) -> User:
    return get_object_or_404(User, pk=request.user.pk)


def _test(
    request: HttpRequest, send: Callable[[User, Person], Delivery], taken: str
) -> HttpResponse:
    """Send a test message now and say what came of it."""
    try:
        sent = send(_user(request), person(request))
    except EngineError as error:
        messages.error(request, str(error))
        return redirect("drain:news")
    if sent.state == DeliveryState.DELIVERED:
        messages.success(request, taken)
    else:
        messages.error(request, f"The test message was not taken. {sent.error}")
    return redirect("drain:news")
