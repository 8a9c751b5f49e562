"""Something happened: written down once, with a message for each webhook and person that wants it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from drain.engine.news.chat import sends_to_chats
from drain.engine.news.chat_addresses import chatted
from drain.engine.news.inbox import mailed
from drain.models import Delivery, ExecutorProfile, Notice, Webhook
from drain.models.vocabulary import NoticeKind
from drain.policy.secrets import Mask, masked, secrets_of

LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Event:
    """An event; the same `kind`, `about` and `since` are the same event."""

    kind: NoticeKind
    about: str
    since: datetime
    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


def post(event: Event, quiet: timedelta | None = None) -> Notice | None:
    """Write it down and put its messages on their way, in one transaction.

    None if that was done before, or if `quiet` is not over since the last of its kind about the same thing.
    """
    if quiet is not None and _said_lately(event, quiet):
        return None
    hide = secrets_in_messages()
    with transaction.atomic():
        notice, made = Notice.objects.get_or_create(
            kind=event.kind,
            about=event.about[:64],
            since=event.since,
            defaults={
                "title": hide(event.title)[:LONGEST_TITLE],
                "facts": {name: _hidden(value, hide) for name, value in event.facts.items()},
                "path": event.path[:200],
            },
        )
        if not made:
            return None
        hooks = Webhook.objects.filter(active=True, kinds__contains=[event.kind])
        people = mailed(event.kind) if settings.DRAIN_SENDS_MAIL else []
        chats = chatted(event.kind) if sends_to_chats() else []
        Delivery.objects.bulk_create(
            [
                *(Delivery(notice=notice, webhook=each) for each in hooks),
                *(Delivery(notice=notice, user=each) for each in people),
                *(Delivery(notice=notice, chat=each) for each in chats),
            ]
        )
    return notice


def _said_lately(event: Event, quiet: timedelta) -> bool:
    same = Notice.objects.filter(kind=event.kind, about=event.about[:64])
    return same.filter(since__gt=event.since - quiet, since__lte=event.since).exists()


def _hidden(value: Any, hide: Hide) -> Any:
    return hide(value) if isinstance(value, str) else value


class Hide:
    """Hides in a text what executors were given, and passwords in addresses and settings."""

    def __init__(self, hidden: Mapping[bytes, bytes]) -> None:
        self._mask = Mask(hidden)

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        return masked(self._mask.text(text))


def secrets_in_messages() -> Hide:
    """Return the hider of all that no message may hold:
    the secrets among the values that executors set or pass on.
    """
    hidden: dict[bytes, bytes] = {}
    for env, names in ExecutorProfile.objects.values_list("env", "env_from"):
        passed = {name: os.environ[name] for name in names if name in os.environ}
        stored = {name: str(value) for name, value in env.items()}
        hidden |= secrets_of(passed | stored, stored=stored, passed=passed)
    return Hide(hidden)
