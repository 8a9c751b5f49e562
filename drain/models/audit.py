"""The one way to write down what a person did. Call it in the transaction of the act itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drain.models.people import AuditEvent
from drain.models.vocabulary import Origin


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, through which door, and from which network address."""

    name: str
    origin: Origin
    address: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was acted on: its kind, its key as text, and a label that outlives it."""

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
    return AuditEvent.objects.create(
        actor=by.name[:200],
        origin=by.origin,
        address=by.address[:64],
        verb=verb,
        subject=subject.kind,
        subject_pk=subject.pk[:64],
        label=subject.label[:300],
        reason=reason,
        old=old or {},
        new=new or {},
    )
