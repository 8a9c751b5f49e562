"""Webhooks as administrators handle them: added, changed, removed, given a new secret, with audit."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from drain.engine.errors import EngineError, bounded, given_reason
from drain.engine.news.addresses import parse, resolve_host, shown
from drain.models import Webhook
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import NEWS

MARK = "drain_hook_"
"""Begins every secret, so that scanners for leaked secrets can know it."""
MOST = 50
LONGEST_NAME = 100


def add_webhook(name: str, url: str, kinds: Iterable[str], by: Person) -> tuple[Webhook, str]:
    """Make one; returns it with its secret, which nobody can show again. Raises EngineError."""
    name = bounded(name.strip(), "The name", LONGEST_NAME)
    if not name:
        raise EngineError("A webhook needs a name, by which people know it.")
    resolve_host(parse(url))
    wanted = _known(kinds)
    if Webhook.objects.count() >= MOST:
        raise EngineError(f"There are {MOST} webhooks already: remove one first.")
    salt = secrets.token_hex(32)
    secret = _secret(salt)
    with transaction.atomic():
        made, new = Webhook.objects.get_or_create(
            name=name,
            defaults={
                "url": url.strip(), "kinds": wanted, "salt": salt, "key_check": _check(secret),
                "created_by": by.name[:200],
            },
        )  # fmt: skip
        if not new:
            raise EngineError(f"There is a webhook “{name}” already: choose another name.")
        _audit(by, "webhook.add", made, new=described(made))
    return made, secret


def change_webhook(
    name: str, by: Person, *, kinds: Iterable[str] | None = None, active: bool | None = None
) -> Webhook:
    """Choose anew what it hears of, or switch it off and on. Raises EngineError."""
    with transaction.atomic():
        found = _locked(name)
        old = described(found)
        if kinds is not None:
            found.kinds = _known(kinds)
        if active is not None:
            found.active = active
        found.save(update_fields=["kinds", "active"])
        _audit(by, "webhook.change", found, old=old, new=described(found))
    return found


def renew_secret(name: str, by: Person, reason: str) -> tuple[Webhook, str]:
    """Give it another secret; the old one signs nothing from now on. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        found = _locked(name)
        found.salt = secrets.token_hex(32)
        secret = _secret(found.salt)
        found.key_check = _check(secret)
        found.save(update_fields=["salt", "key_check"])
        _audit(by, "webhook.renew", found, reason)
    return found, secret


def remove_webhook(name: str, by: Person, reason: str) -> None:
    """Remove it with its messages. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        found = _locked(name)
        _audit(by, "webhook.remove", found, reason, old=described(found))
        found.delete()


def find_webhook(name: str) -> Webhook:
    """Return the webhook of that name. Raises EngineError that names those there are."""
    found = Webhook.objects.filter(name=name).first()
    if found is None:
        raise EngineError(_unknown(name))
    return found


def described(webhook: Webhook) -> dict[str, Any]:
    """A webhook for pages, JSON and the audit: no secret, and of its address the host alone."""
    return {
        "name": webhook.name,
        "address": shown(webhook.url),
        "kinds": list(webhook.kinds),
        "active": webhook.active,
    }


def secret_of(webhook: Webhook) -> str | None:
    """The secret that signs its messages; None if SECRET_KEY has been changed since it was made."""
    secret = _secret(webhook.salt)
    return secret if _check(secret) == webhook.key_check else None


def _secret(salt: str) -> str:
    made = salted_hmac("drain.engine.news.webhooks.secret", salt, algorithm="sha256")
    return MARK + made.hexdigest()


def _check(secret: str) -> str:
    made = salted_hmac("drain.engine.news.webhooks.check", secret, algorithm="sha256")
    return made.hexdigest()[:32]


def _known(kinds: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(kinds))
    names = [kind.value for kind in NEWS]
    for kind in wanted:
        if kind not in names:
            raise EngineError(
                f"There is no news called “{kind[:60]}”; there is: {', '.join(names)}."
            )
    if not wanted:
        raise EngineError(f"Say what it shall hear of: {', '.join(names)}.")
    return wanted


def _locked(name: str) -> Webhook:
    found = Webhook.objects.select_for_update().filter(name=name).first()
    if found is None:
        raise EngineError(_unknown(name))
    return found


def _unknown(name: str) -> str:
    names = ", ".join(Webhook.objects.order_by("name").values_list("name", flat=True))
    return f"There is no webhook “{name[:100]}”; there are: {names or 'none yet'}."


def _audit(
    by: Person,
    verb: str,
    webhook: Webhook,
    reason: str = "",
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    record_audit(
        by, verb, Subject("webhook", str(webhook.pk), webhook.name), reason, old=old, new=new
    )
