"""News and webhooks over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query
from ninja.responses import Status
from pydantic import BaseModel, Field

from drain.engine.news.chat_addresses import chat_of, forget_address, keep_address
from drain.engine.news.deliver import chat_test, send_test
from drain.engine.news.inbox import choice_of, choose
from drain.engine.news.webhooks import add_webhook, described, remove_webhook, renew_secret
from drain.models import Delivery, NewsChoice, Notice, Webhook
from drain.models.vocabulary import NEWS, DeliveryState, NoticeKind

from .door import ApiError, caller
from .reads import SEE_PHASE, page
from .schemas import Listing, Sent
from .site import operation

DEFINE = "drain.define_webhooks"
NAMES = tuple(kind.value for kind in NEWS)


class NoticeListing(Listing):
    event: Literal[*NAMES] | None = None  # type: ignore[valid-type]


class NoticeOut(BaseModel):
    id: int
    event: str
    about: str
    since: datetime
    title: str
    facts: dict[str, Any]
    path: str


class NoticePage(BaseModel):
    items: list[NoticeOut]
    next: str | None


class WebhookOut(BaseModel):
    """A webhook: of its address only the host is shown."""

    id: int
    name: str
    address: str
    kinds: list[str]
    active: bool


class WebhookMade(WebhookOut):
    """With its secret, which no other answer holds."""

    secret: str


class WebhookPage(BaseModel):
    items: list[WebhookOut]
    next: str | None


class Removed(BaseModel):
    removed: str


class Tested(BaseModel):
    taken: bool
    status: int | None
    error: str


class DeliveryOut(BaseModel):
    id: str
    event: str
    title: str
    state: str
    tries: int
    status: int | None
    error: str
    made_at: datetime


class DeliveryList(BaseModel):
    """The latest messages of one webhook."""

    items: list[DeliveryOut]


class WebhookIn(Sent):
    """An address that news is posted to."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    kinds: list[Annotated[str, Field(max_length=60)]] = list(NAMES)


Kinds = list[Annotated[str, Field(max_length=60)]] | None


class ChoicesIn(Sent):
    """Kinds of news that the token's person hears of; what is left out stays as it is."""

    inbox: Kinds = None
    mail: Kinds = None
    chat: Kinds = None


class Choices(BaseModel):
    inbox: list[str]
    mail: list[str]
    chat: list[str]


class ChatIn(Sent):
    """The address of the chat of the token's person, as apprise writes it; no answer holds it again."""

    address: Annotated[str, Field(min_length=1, max_length=2000)]


class ChatOut(BaseModel):
    """The service of one's chat; null where none was given."""

    service: str | None


class WhyIn(Sent):
    """The reason, for the audit."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


@operation("GET", "news", SEE_PHASE, "news-list", NoticePage)
def news_list(request: HttpRequest, listing: Query[NoticeListing]) -> dict[str, Any]:
    """Return what happened, newest first; `event` narrows."""
    found = Notice.objects.exclude(kind=NoticeKind.TEST).order_by("-pk")
    if listing.event:
        found = found.filter(kind=listing.event)
    return page(request, listing, found, _notice, newest=True)


@operation("GET", "news/choices", SEE_PHASE, "news-choices", Choices)
def news_choices(request: HttpRequest) -> dict[str, Any]:
    """Return what the token's person hears of, in the inbox, by mail and in their chat."""
    return _choices(choice_of(caller(request).user.pk))


@operation("POST", "news/choices", SEE_PHASE, "news-choices", Choices)
def news_choose(request: HttpRequest, body: ChoicesIn) -> dict[str, Any]:
    """Choose anew what the token's person hears of."""
    who = caller(request)
    return _choices(choose(who.user, who.person, inbox=body.inbox, mail=body.mail, chat=body.chat))


@operation("GET", "news/chat", SEE_PHASE, "news-chat", ChatOut)
def news_chat(request: HttpRequest) -> dict[str, Any]:
    """Return which service the chat of the token's person is of; never its address."""
    kept = chat_of(caller(request).user.pk)
    return {"service": kept.service if kept else None}


@operation("POST", "news/chat", SEE_PHASE, "news-chat", ChatOut)
def news_chat_keep(request: HttpRequest, body: ChatIn) -> dict[str, Any]:
    """Have the news of the token's person sent to a chat."""
    who = caller(request)
    return {"service": keep_address(who.user, body.address, who.person).service}


@operation("POST", "news/chat/test", SEE_PHASE, "news-chat-test", Tested)
def news_chat_test(request: HttpRequest) -> dict[str, Any]:
    """Send the token's person a test message to their chat now, and say what came of it."""
    who = caller(request)
    return _tested(chat_test(who.user, who.person))


@operation("POST", "news/chat/forget", SEE_PHASE, "news-chat-forget", ChatOut)
def news_chat_forget(request: HttpRequest) -> dict[str, Any]:
    """Forget the chat of the token's person, with what was sent there."""
    who = caller(request)
    forget_address(who.user, who.person)
    return {"service": None}


@operation("GET", "webhooks", DEFINE, "webhook-list", WebhookPage)
def webhook_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return the addresses that news is posted to, without their paths and secrets."""
    return page(request, listing, Webhook.objects.order_by("pk"), _webhook)


@operation("POST", "webhooks", DEFINE, "webhook-list", WebhookMade, status=201)
def webhook_add(request: HttpRequest, body: WebhookIn) -> Status[Any]:
    """Add an address; this answer is the only one with its secret."""
    made, secret = add_webhook(body.name, body.url, body.kinds, caller(request).person)
    return Status(201, _webhook(made) | {"secret": secret})


@operation("POST", "webhooks/{int:pk}/renew", DEFINE, "webhook-renew", WebhookMade)
def webhook_renew(request: HttpRequest, pk: int, body: WhyIn) -> dict[str, Any]:
    """Give it another secret, which only this answer holds."""
    made, secret = renew_secret(_named(pk), caller(request).person, body.reason)
    return _webhook(made) | {"secret": secret}


@operation("POST", "webhooks/{int:pk}/remove", DEFINE, "webhook-remove", Removed)
def webhook_remove(request: HttpRequest, pk: int, body: WhyIn) -> dict[str, Any]:
    """Remove it with its messages."""
    name = _named(pk)
    remove_webhook(name, caller(request).person, body.reason)
    return {"removed": name}


@operation("POST", "webhooks/{int:pk}/test", DEFINE, "webhook-test", Tested)
def webhook_test(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Send a test message now and say what came of it."""
    return _tested(send_test(_named(pk), caller(request).person))


@operation("GET", "webhooks/{int:pk}/messages", DEFINE, "webhook-messages", DeliveryList)
def webhook_messages(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return its latest hundred messages and what became of them."""
    _named(pk)
    found = Delivery.objects.filter(webhook=pk).select_related("notice").order_by("-made_at")
    return {"items": [_delivery(each) for each in found[:100]]}


def _named(pk: int) -> str:
    found = Webhook.objects.filter(pk=pk).first()
    if found is None:
        raise ApiError(404, f"There is no webhook {pk}.")
    return found.name


def _choices(choice: NewsChoice) -> dict[str, Any]:
    return {name: getattr(choice, name) for name in ("inbox", "mail", "chat")}


def _tested(sent: Delivery) -> dict[str, Any]:
    taken = sent.state == DeliveryState.DELIVERED
    return {"taken": taken, "status": sent.status, "error": sent.error}


def _notice(row: Notice) -> dict[str, Any]:
    names = ("about", "since", "title", "facts", "path")
    return {"id": row.pk, "event": row.kind, **{name: getattr(row, name) for name in names}}


def _webhook(row: Webhook) -> dict[str, Any]:
    return {"id": row.pk, **described(row)}


def _delivery(row: Delivery) -> dict[str, Any]:
    names = ("state", "tries", "status", "error", "made_at")
    said = {"id": str(row.pk), "event": row.notice.kind, "title": row.notice.title}
    return said | {name: getattr(row, name) for name in names}
