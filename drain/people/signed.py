"""Sign-ins, sign-outs, failures and locks in the audit: Django and axes tell of them by signals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from drain.models import AuditEvent
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin
from drain.people.requests import address_of

FAILURES_A_MINUTE = 60
"""Guessing from many names must not fill the table; what is beyond is in the log of axes."""


def connect() -> None:
    """Listen to the signals; called once, when the app is ready."""
    for signal, receiver in (
        (user_logged_in, _signed_in),
        (user_logged_out, _signed_out),
        (user_login_failed, _failed),
        (user_locked_out, _locked),
    ):
        signal.connect(receiver, dispatch_uid=f"drain.{receiver.__name__}")


def _signed_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    _record("sign_in", user.get_username(), request, str(user.pk))


def _signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None:
        _record("sign_out", user.get_username(), request, str(user.pk))


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    since = timezone.now() - timedelta(minutes=1)
    lately = AuditEvent.objects.filter(verb="sign_in.failed", at__gt=since)
    if lately[:FAILURES_A_MINUTE].count() < FAILURES_A_MINUTE:
        _record("sign_in.failed", str(credentials.get("username") or ""), request)


def _locked(request: HttpRequest | None = None, username: str = "", **_: Any) -> None:
    _record("sign_in.locked", username or "", request)


def _record(verb: str, name: str, request: HttpRequest | None, pk: str = "") -> None:
    name = "".join(char for char in name if char.isprintable())
    address = address_of(request) if request is not None else ""
    record_audit(Person(name, Origin.BROWSER, address), verb, Subject("user", pk, name))
