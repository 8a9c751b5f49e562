"""The one way to write down what a person did. Call it in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from drain.models.people import AuditEvent
from drain.models.vocabulary import Origin


@dataclass(frozen=True, slots=True)
class Person:
    """The actor of an action, with the door it came through and its network address."""

    name: str
    origin: Origin
    address: str = ""
    token: str = ""
    """Of the API: which key was used, and who issued it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The object of an action: its kind, its key as text, and a label that outlives it."""

    kind: str
    pk: str = ""
    label: str = ""


def record_audit(
    by: Person,
    verb: str,
    subject: Subject,
    reason: str = "",
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write one line of the audit. `old` and `new` hold plain JSON values and never a secret."""
    event = _event(by, verb, subject, reason, old or {}, new or {})
    event.save(force_insert=True)
    return event


def record_changes(
    by: Person,
    verb: str,
    reason: str,
    changes: Iterable[tuple[Subject, dict[str, Any], dict[str, Any]]],
) -> None:
    """Write one line for each (subject, old, new), in one statement: an act on many rows has many lines."""
    AuditEvent.objects.bulk_create(
        [_event(by, verb, subject, reason, old, new) for subject, old, new in changes]
    )


def _event(
    by: Person,
    verb: str,
    subject: Subject,
    reason: str,
    old: dict[str, Any],
    new: dict[str, Any],
) -> AuditEvent:
    return AuditEvent(
        actor=by.name[:200],
        origin=by.origin,
        address=by.address[:64],
        verb=verb,
        subject=subject.kind,
        subject_pk=subject.pk[:64],
        label=subject.label[:300],
        reason=reason,
        old=old,
        new=new | ({"token": by.token} if by.token else {}),
    )
