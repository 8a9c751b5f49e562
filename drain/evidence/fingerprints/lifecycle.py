"""The status of a fingerprint, by people and evidence: new → ongoing → fix deployed → resolved | regressed.

Every verb is one guarded UPDATE with its Transition row (subject `fingerprint`) and, when a person
did it, an AuditEvent, in one transaction. A verb answers False when the cause was in no state from
which it leads, and then nothing changed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from drain.db.sql import row
from drain.evidence.fingerprints.identity import relatives
from drain.models import AuditEvent, Fingerprint, Transition
from drain.models.vocabulary import FAILURE_OUTCOMES, FingerprintStatus, Origin

PERSONS = (Origin.BROWSER, Origin.ADMIN, Origin.COMMAND, Origin.API)
OPEN = (FingerprintStatus.NEW, FingerprintStatus.ONGOING, FingerprintStatus.REGRESSED)
FIXED = (FingerprintStatus.FIX_DEPLOYED, FingerprintStatus.RESOLVED)
AWAKE = (*OPEN, *FIXED)
ASIDE = (FingerprintStatus.SNOOZED, FingerprintStatus.MUTED)


class CauseError(Exception):
    """A cause cannot be what was asked for; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class By:
    """The actor of a decision, with the door, the reason, and the clock of its step."""

    actor: str
    origin: Origin
    now: datetime
    reason: str = ""
    attempt: int | None = None
    address: str = ""
    token: str = ""
    """Of the API: which key was used, and who issued it."""

    @property
    def key(self) -> dict[str, str]:
        """The token as the audit keeps it; empty for who came in by another door."""
        return {"token": self.token} if self.token else {}


@dataclass(frozen=True, slots=True)
class _Move:
    verb: str
    expect: Collection[str]
    to: FingerprintStatus


def deploy_fix(pk: int, by: By) -> bool:
    """A remediation went in: from now on only attempts started after it count against the cause."""
    return _move(pk, _Move("deploy_fix", AWAKE + ASIDE, FingerprintStatus.FIX_DEPLOYED), by)


def resolve(pk: int, by: By) -> bool:
    """The cause is gone: shown by enough attempts without it (settle), or said by a person."""
    expect = (*OPEN, FingerprintStatus.FIX_DEPLOYED)
    return _move(pk, _Move("resolve", expect, FingerprintStatus.RESOLVED), by)


def regress(pk: int, by: By) -> bool:
    """Mark it as regressed: it came back in an attempt that started after the fix."""
    return _move(pk, _Move("regress", FIXED, FingerprintStatus.REGRESSED), by)


def mark_ongoing(pk: int, by: By) -> bool:
    """Mark it as ongoing: it was seen more than once, or somebody opened it again."""
    expect = (FingerprintStatus.NEW, FingerprintStatus.REGRESSED, *FIXED)
    return _move(pk, _Move("mark_ongoing", expect, FingerprintStatus.ONGOING), by)


def mute(pk: int, by: By) -> bool:
    """Mute it: nobody wants to hear of it; it is still counted."""
    return _move(
        pk, _Move("mute", (*AWAKE, FingerprintStatus.SNOOZED), FingerprintStatus.MUTED), by
    )


def snooze(pk: int, by: By, *, until: datetime | None = None, for_count: int | None = None) -> bool:
    """Set the cause aside until a time, or until it failed `for_count` times more; one of the two."""
    if (until is None) == (for_count is None):
        raise CauseError("Snooze until a time or for a number of failures: give one of the two.")
    if until is not None and until <= by.now:
        raise CauseError(f"{until.isoformat()} is in the past: give a later time.")
    if for_count is not None and for_count < 1:
        raise CauseError("Snoozing for less than one failure changes nothing: give 1 or more.")
    move = _Move("snooze", AWAKE, FingerprintStatus.SNOOZED)
    count = None if for_count is None else failures(pk)
    return _move(
        pk, move, by, snoozed_until=until, snoozed_for_count=for_count, snoozed_from_count=count
    )


def wake(pk: int, by: By) -> bool:
    """End a snooze or a mute: back to what the cause was before it was set aside."""
    back = (
        Transition.objects.filter(
            subject="fingerprint",
            subject_pk=pk,
            verb__in=("snooze", "mute"),
            from_state__in=[status.value for status in AWAKE],
        )
        .order_by("-pk")
        .values_list("from_state", flat=True)
        .first()
    )
    status = FingerprintStatus(back) if back else FingerprintStatus.ONGOING
    return _move(pk, _Move("wake", ASIDE, status), by)


def failures(pk: int) -> int:
    """Failed attempts of a cause so far, with everything merged into it and what may be it."""
    key = Fingerprint.objects.values_list("key", flat=True).get(pk=pk)
    found = row(
        "SELECT count(*) AS count FROM drain_attempt WHERE fingerprint = ANY(%(keys)s::text[]) "
        "AND outcome = ANY(%(failures)s::text[])",
        {"keys": relatives([key]).all, "failures": [outcome.value for outcome in FAILURE_OUTCOMES]},
    )
    return int(found["count"])


def _move(pk: int, move: _Move, by: By, **changes: object) -> bool:
    aside = {"snoozed_until": None, "snoozed_for_count": None, "snoozed_from_count": None}
    with transaction.atomic():
        before = (
            Fingerprint.objects.select_for_update(no_key=True)
            .filter(pk=pk, status__in=move.expect)
            .exclude(status=move.to)
            .values_list("status", flat=True)
            .first()
        )
        if before is None:
            return False
        Fingerprint.objects.filter(pk=pk).update(status=move.to, **(aside | changes))
        say(pk, move.verb, by, old={"status": before}, new={"status": move.to.value})
    return True


def say(
    pk: int,
    verb: str,
    by: By,
    *,
    old: dict[str, object] | None = None,
    new: dict[str, object] | None = None,
) -> None:
    """Write what was decided about a fingerprint: its transition, and the audit event of a person."""
    old, new = old or {}, new or {}
    now = Fingerprint.objects.values_list("status", "title").get(pk=pk)
    Transition.objects.create(
        subject="fingerprint",
        subject_pk=pk,
        attempt_pk=by.attempt,
        from_state=str(old.get("status", now[0])),
        to_state=str(new.get("status", now[0])),
        verb=verb,
        actor=by.actor,
        reason=by.reason or " ".join(f"{k} {v}" for k, v in (old | new).items() if k != "status"),
        at=by.now,
    )
    if by.origin in PERSONS:
        AuditEvent.objects.create(
            at=by.now, actor=by.actor, origin=by.origin, address=by.address, verb=verb, old=old,
            new=new | by.key, subject="fingerprint", subject_pk=str(pk), label=now[1], reason=by.reason,
        )  # fmt: skip
