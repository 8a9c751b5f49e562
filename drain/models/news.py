"""News: what happened that people want to hear of, where it goes, and what became of each message."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.vocabulary import DeliveryState, NoticeKind
from drain.policy.chat import SERVICES


class Notice(models.Model):
    """Something that happened, in one sentence that holds no secret; told once."""

    kind = models.CharField(max_length=30, choices=NoticeKind)
    # What it is about (a drain's number, a fingerprint's key, a host), and the moment that it speaks of.
    about = models.CharField(max_length=64)
    since = models.DateTimeField()
    title = models.CharField(max_length=300)
    facts = models.JSONField(default=dict, blank=True)
    # The page of this site that shows more.
    path = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        default_permissions = ()
        permissions = [("define_webhooks", "Can define where news is sent")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "since"], name="drain_notice_once"),
            models.CheckConstraint(
                condition=Q(kind__in=NoticeKind.values), name="drain_notice_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Webhook(models.Model):
    """An address that news is posted to, signed.

    The secret is not stored: it is derived from SECRET_KEY and `salt`, so that no copy of the database holds
    it.
    """

    name = models.CharField(max_length=100, unique=True)
    # Shown by its host only: the path may be a key.
    url = models.TextField()
    kinds = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    salt = models.CharField(max_length=64)
    # Tells whether SECRET_KEY is still the one that the secret was made with.
    key_check = models.CharField(max_length=32)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class NewsChoice(models.Model):
    """A person's subscriptions, in the inbox, by mail and in their chat, and up to where they have read."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drain_news_choice"
    )
    inbox = models.JSONField(default=list)
    mail = models.JSONField(default=list)
    chat = models.JSONField(default=list, db_default=[])
    seen = models.BigIntegerField(default=0)
    """The newest notice that was on a page of theirs."""

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}"


class ChatAddress(models.Model):
    """The address of a person's chat, as apprise writes it.
    The address is a key by itself, so it is kept encrypted.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drain_chat_address"
    )
    # The beginning of the address, which is all that is shown.
    service = models.CharField(max_length=20)
    sealed = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.service_name} of {self.user}"

    @property
    def service_name(self) -> str:
        """The service's name for people; also of a service that a later version knows no more."""
        return SERVICES.get(self.service, self.service)


class Delivery(models.Model):
    """One message on its way to a webhook, a person's mail or chat: made with its notice, pruned with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    # By mail, to the address that they have when it is sent.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    chat = models.ForeignKey(
        ChatAddress, models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    tries = models.PositiveIntegerField(default=0)
    # Whoever takes it puts this off first, so that a message survives who was sending it.
    due_at = models.DateTimeField(db_default=Now())
    status = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="drain_delivery_state_known"
            ),
            models.CheckConstraint(
                condition=(
                    Q(webhook__isnull=False, user__isnull=True, chat__isnull=True)
                    | Q(webhook__isnull=True, user__isnull=False, chat__isnull=True)
                    | Q(webhook__isnull=True, user__isnull=True, chat__isnull=False)
                ),
                name="drain_delivery_one_receiver",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state=DeliveryState.WAITING),
                name="drain_delivery_due",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def to(self) -> str:
        """The destination, for people."""
        if self.webhook is not None:
            return self.webhook.name
        if self.chat is not None:
            return str(self.chat)
        return f"mail to {self.user.get_username() if self.user else 'nobody'}"
