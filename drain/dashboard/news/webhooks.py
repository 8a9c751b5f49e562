"""Webhooks: their list and forms, a test button, and the fate of each message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from drain.dashboard.http.actions import attempt, person, verb
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.engine.errors import EngineError
from drain.engine.news.deliver import names_of, send_again, send_test
from drain.engine.news.webhooks import (
    add_webhook,
    change_webhook,
    described,
    find_webhook,
    remove_webhook,
    renew_secret,
    secret_of,
)
from drain.models import Delivery, Webhook
from drain.models.vocabulary import NEWS, DeliveryState

DEFINE = "drain.define_webhooks"
LISTED = 100


@requires(DEFINE, FORM)
def webhook_list(request: HttpRequest) -> HttpResponse:
    """The page; a POST adds a webhook and is the one answer that shows its secret."""
    if request.method != "POST":
        return _page(request)
    given = {"name": request.POST.get("name", ""), "url": request.POST.get("url", "")}
    kinds = request.POST.getlist("kinds")
    try:
        made, secret = add_webhook(given["name"], given["url"], kinds, person(request))
    except EngineError as error:
        return _page(request, status=422, problem=str(error), given=given, kinds=kinds)
    return _page(request, secret=secret, secret_of=made.name)


@verb(DEFINE)
def webhook_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Make another secret, shown in this answer only."""
    name = _named(pk)
    try:
        made, secret = renew_secret(name, person(request), request.POST.get("reason", ""))
    except EngineError as error:
        return _page(request, status=422, problem=str(error))
    return _page(request, secret=secret, secret_of=made.name)


@verb(DEFINE)
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test message now and say what came of it."""
    name = _named(pk)
    try:
        sent = send_test(name, person(request))
    except EngineError as error:
        messages.error(request, str(error))
        return redirect("drain:webhook-list")
    if sent.state == DeliveryState.DELIVERED:
        messages.success(request, f"{name} took the test message and answered {sent.status}.")
    else:
        messages.error(request, f"{name} did not take the test message. {sent.error}")
    return redirect("drain:webhook-list")


@verb(DEFINE)
def webhook_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again."""
    name = _named(pk)

    def act() -> str:
        on = not find_webhook(name).active
        change_webhook(name, person(request), active=on)
        return f"{name} is {'on' if on else 'off: what is on its way waits'}."

    return attempt(request, act, link("webhook-list"))


@verb(DEFINE)
def webhook_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove it with its messages."""
    name = _named(pk)

    def act() -> str:
        remove_webhook(name, person(request), request.POST.get("reason", ""))
        return f"{name} is removed."

    return attempt(request, act, link("webhook-list"))


@verb(DEFINE)
def delivery_again(request: HttpRequest, delivery: UUID) -> HttpResponse:
    """Send a message once more."""

    def act() -> str:
        send_again(str(delivery), person(request))
        return "The message is on its way again."

    return attempt(request, act, link("webhook-list"))


def _named(pk: int) -> str:
    return get_object_or_404(Webhook, pk=pk).name


def _page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    """The page with what was typed, a problem, or a secret."""
    found = Webhook.objects.order_by("name")
    deliveries = Delivery.objects.select_related(
        "notice", "webhook", "user", "chat__user"
    ).order_by("-made_at", "pk")
    context = {
        "now": timezone.now(),
        "webhooks": [
            described(each)
            | {"signs": secret_of(each) is not None, "hears": names_of(each.kinds), "row": each}
            for each in found
        ],
        "kinds": [(kind.value, kind.label) for kind in NEWS],
        "deliveries": deliveries[:LISTED],
        "listed": LISTED,
        "chosen": more.pop("kinds", [kind.value for kind in NEWS]),
        "given": {},
        "problem": "",
        "secret": "",
        "secret_of": "",
        "page_has_primary": True,
        **more,
    }
    if status == 200 and not more.get("secret"):
        return page_or_fragment(request, "news/webhooks.html", "news/_deliveries.html", context)
    return render(request, "news/webhooks.html", context, status=status)
