"""The outbox of news: what is due is sent, at least once, and tried again with growing pauses until given up.

A message is put off before it is sent: whoever is killed in between leaves it to be sent again,
under the same number, by which a receiver knows it. No transaction is open while a receiver is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.news.chat import Chat, send_chat, sends_to_chats
from drain.engine.news.chat_addresses import NO_ADDRESS, NO_CHATS, chat_of, message_to
from drain.engine.news.mail import Mail, send_mail
from drain.engine.news.send import Letter, SendResult, body_of, send
from drain.engine.news.webhooks import find_webhook, secret_of
from drain.models import Delivery, Notice
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import DeliveryState, NoticeKind

PAUSES = (
    timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1),
    timedelta(hours=3), timedelta(hours=6),
)  # fmt: skip
"""After each try that failed; after the last one a message is given up."""
A_ROUND = 16
AT_ONCE = 2
"""Messages of one webhook or chat in a round, so that one that does not answer keeps nobody from theirs."""
THREADS = 8
MAIL_FOOT = "You chose to hear of this by mail; the page News has your choices."
Message = Letter | Mail | Chat
Send = Callable[[Message], SendResult]
_LOST_KEY = "The site's SECRET_KEY was changed: give the webhook a new secret."


def send_any(message: Message) -> SendResult:
    """Send a message by whichever way it goes."""
    if isinstance(message, Mail):
        return send_mail(message)
    return send_chat(message) if isinstance(message, Chat) else send(message)


def deliver(now: datetime, sender: Send = send_any) -> int:
    """Send what is due; returns how many messages were taken."""
    taken = _take(now)
    if not taken:
        return 0
    letters = [_letter(each) for each in taken]
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(lambda letter: _tried(letter, sender), letters))
    for delivery, sent in zip(taken, results, strict=True):
        _book(delivery, sent)
    return len(taken)


def send_test(name: str, by: Person, sender: Send = send_any) -> Delivery:
    """Send a test message to a webhook at once, whatever it hears of. Raises EngineError."""
    webhook = find_webhook(name)
    what = Subject("webhook", str(webhook.pk), webhook.name)
    return _send_test(Delivery(webhook=webhook), what, by, sender)


def mail_test(user: User, by: Person, sender: Send = send_any) -> Delivery:
    """Send a person a test message by mail at once. Raises EngineError."""
    if not settings.DRAIN_SENDS_MAIL:
        raise EngineError("This site sends no mail: DRAIN_EMAIL_URL names no server.")
    if not user.email:
        raise EngineError("Your account has no mail address: ask an administrator to add it.")
    return _send_test(Delivery(user=user), Subject("mail", str(user.pk), user.username), by, sender)


def chat_test(user: User, by: Person, sender: Send = send_any) -> Delivery:
    """Send a person a test message to their chat at once. Raises EngineError."""
    if not sends_to_chats():
        raise EngineError(NO_CHATS)
    kept = chat_of(user.pk)
    if kept is None:
        raise EngineError(NO_ADDRESS)
    what = Subject("chat", str(user.pk), user.get_username())
    return _send_test(Delivery(chat=kept), what, by, sender)


def _send_test(delivery: Delivery, what: Subject, by: Person, sender: Send) -> Delivery:
    now = timezone.now()
    with transaction.atomic():
        delivery.notice = Notice.objects.create(
            kind=NoticeKind.TEST, about=f"{what.kind}:{what.pk}", since=now, title=f"Test of {delivery.to}",
            facts={"asked_by": by.name},
        )  # fmt: skip
        delivery.tries, delivery.due_at = 1, now + PAUSES[0]
        delivery.save(force_insert=True)
        record_audit(by, f"{what.kind}.test", what)
    # A test is tried once: who asked for it sees what came of it.
    _book(delivery, _tried(_letter(delivery), sender), last=True)
    delivery.refresh_from_db()
    return delivery


def send_again(delivery: str, by: Person) -> Delivery:
    """Put a message that was given up on its way once more. Raises EngineError."""
    with transaction.atomic():
        found = Delivery.objects.select_for_update(of=("self",))
        this = found.select_related("webhook", "user", "chat__user").filter(pk=delivery).first()
        if this is None or this.state != DeliveryState.FAILED:
            raise EngineError("Only a message that was given up can be sent again.")
        Delivery.objects.filter(pk=this.pk).update(
            state=DeliveryState.WAITING, tries=0, due_at=timezone.now(), ended_at=None
        )
        what = Subject("webhook", str(this.webhook_id or ""), this.to)
        record_audit(by, "webhook.again", what, new={"delivery": str(this.pk)})
    return this


def message_of(delivery: Delivery) -> dict[str, object]:
    """Return the message for a receiver; the same for every try."""
    notice = delivery.notice
    return {
        "delivery": str(delivery.pk),
        "event": notice.kind,
        "title": notice.title,
        "about": notice.about,
        "at": notice.since.isoformat(),
        "link": f"{settings.DRAIN_SITE_URL}{notice.path}" if notice.path else "",
        "facts": notice.facts,
    }


def _take(now: datetime) -> list[Delivery]:
    goes = Q(webhook__isnull=True) | Q(webhook__active=True)
    due = Delivery.objects.filter(goes, state=DeliveryState.WAITING, due_at__lte=now)
    wanted: list[UUID] = []
    for webhook, chat in due.order_by().values_list("webhook", "chat").distinct():
        theirs = due.filter(webhook=webhook, chat=chat).order_by("due_at")
        wanted += theirs.values_list("pk", flat=True)[:AT_ONCE]
    with transaction.atomic():
        found = list(
            due.filter(pk__in=wanted[:A_ROUND])
            .select_related("notice", "webhook", "user", "chat__user")
            .select_for_update(skip_locked=True, of=("self",))
        )
        for each in found:
            each.tries += 1
            # At least a minute, whatever comes next: nobody else may take it while it is sent.
            pause = max(_pause(each.tries), timedelta(minutes=1))
            Delivery.objects.filter(pk=each.pk).update(tries=each.tries, due_at=now + pause)
    return found


def _pause(tries: int) -> timedelta:
    return PAUSES[min(tries, len(PAUSES)) - 1]


def _letter(delivery: Delivery) -> Message:
    message = message_of(delivery)
    if delivery.chat is not None:
        return message_to(delivery.chat, delivery.notice.title, str(message["link"]))
    if delivery.webhook is None:
        to = delivery.user.email if delivery.user and delivery.user.is_active else ""
        body = "\n\n".join(filter(None, (delivery.notice.title, str(message["link"]), MAIL_FOOT)))
        return Mail(to, delivery.notice.title, body, str(delivery.pk))
    hook = delivery.webhook
    secret = secret_of(hook) or ""
    return Letter(str(delivery.pk), delivery.notice.kind, hook.url, secret, body_of(message))


def _tried(letter: Message, sender: Send) -> SendResult:
    if isinstance(letter, Letter) and not letter.secret:
        return SendResult(_LOST_KEY)
    return sender(letter)


def _book(delivery: Delivery, sent: SendResult, *, last: bool = False) -> None:
    """Write down what came of a try, unless somebody else took the message since."""
    now = timezone.now()
    changes: dict[str, object] = {
        "status": sent.status, "error": sent.error, "milliseconds": sent.milliseconds,
    }  # fmt: skip
    if not sent.error:
        changes |= {"state": DeliveryState.DELIVERED, "ended_at": now}
    elif last or delivery.tries > len(PAUSES):
        changes |= {"state": DeliveryState.FAILED, "ended_at": now}
    else:
        changes["due_at"] = now + _pause(delivery.tries)
    same = Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.WAITING, tries=delivery.tries
    )
    same.update(**changes)


def names_of(kinds: Iterable[str]) -> list[str]:
    """Kinds of news as people read them."""
    return [NoticeKind(kind).label for kind in kinds]
