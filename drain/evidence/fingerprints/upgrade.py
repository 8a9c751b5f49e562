"""Bring stored causes to a new version of the algorithm, a chunk at a time.

Each chunk commits on its own and finds its work by the version in the row, so it can stop anywhere and
go on later. A cause keeps its row and with it status, markers and merges; its old key stays as an alias,
so attempts, plans and daily totals written under it are still its own.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from drain.evidence.fingerprints.aliases import resolve_keys
from drain.evidence.fingerprints.lifecycle import OPEN
from drain.fingerprints import VERSION, fingerprint
from drain.fingerprints import Fingerprint as Print
from drain.fingerprints.naming.titles import told_apart, wordings
from drain.fingerprints.reported import as_reported
from drain.models import Fingerprint, FingerprintAlias, FingerprintSplit, Transition
from drain.models.fingerprints.rows import SAMPLE_CHARACTERS
from drain.models.vocabulary import FingerprintStatus

NEWEST = 500
"""Fingerprints whose titles are compared: more are not met between two rounds of maintenance."""


def refingerprint(limit: int = 500) -> int:
    """Renew up to `limit` causes of older versions or without a headline; returns how many, 0 when none is left."""
    with transaction.atomic():
        old = list(
            Fingerprint.objects.select_for_update(skip_locked=True)
            .filter(Q(version__lt=VERSION) | Q(headline=""))
            .order_by("pk")[:limit]
        )
        for found in old:
            _renew(found)
    return len(old)


def _renew(found: Fingerprint) -> None:
    if FingerprintSplit.objects.filter(part=found).exists():
        # What a person split off is known by that, not by how its text is read.
        Fingerprint.objects.filter(pk=found.pk).update(version=VERSION)
        return
    # Without its text there is nothing to make a key from: the old one goes on standing for it.
    made = fingerprint(found.sample) if found.sample else None
    if made is not None and found.executor:
        made = as_reported(made, found.executor, found.parts)
    # A sample that was cut may have lost its frames; without any it is a cause like no other.
    whole = len(found.sample) < SAMPLE_CHARACTERS
    Fingerprint.objects.filter(pk=found.pk).update(
        headline=made.headline if made else found.key,
        place_known=bool(made and made.place_known and (whole or found.executor)),
    )
    if made is None or made.key == found.key:
        Fingerprint.objects.filter(pk=found.pk).update(version=VERSION)
        return
    newer = Fingerprint.objects.filter(key=made.key).first()
    if newer is None:
        _rename(found, made)
    else:
        _join(found, newer)


def _rename(found: Fingerprint, made: Print) -> None:
    FingerprintAlias.objects.create(key=found.key, fingerprint=found, version=found.version)
    title = _free_title(found.pk, made)
    Fingerprint.objects.filter(pk=found.pk).update(
        key=made.key,
        coarse=made.coarse,
        version=made.version,
        title=title,
        template=made.template,
        category=str(made.category),
    )


def tell_apart() -> int:
    """Give causes that were met at once, by two workers, titles of their own; returns how many had another's.

    Each of the two had looked before the other one was there. Looked at are the newest.
    """
    newest = Fingerprint.objects.order_by("-pk").values("pk")[:NEWEST]
    older = Fingerprint.objects.filter(title=OuterRef("title"), pk__lt=OuterRef("pk"))
    found = Fingerprint.objects.filter(Exists(older), pk__in=newest)
    for each in found:
        Fingerprint.objects.filter(pk=each.pk).update(title=wordings(each.title, "", each.key)[2])
    return len(found)


def _free_title(pk: int, made: Print) -> str:
    titles = wordings(made.title, made.place, made.key)
    others = Fingerprint.objects.filter(title__in=titles).exclude(pk=pk)
    return told_apart(made.title, made.place, made.key, set(others.values_list("title", flat=True)))


def _join(found: Fingerprint, newer: Fingerprint) -> None:
    """Failures of the new version came first: what people decided moves to their row."""
    newer.refresh_from_db(from_queryset=Fingerprint.objects.select_for_update())
    for marker in found.markers.all():
        marker.fingerprints.add(newer)
    found.splits.update(fingerprint=newer)
    changes: dict[str, object] = {"first_seen": min(found.first_seen, newer.first_seen)}
    if newer.status == FingerprintStatus.NEW and found.status not in OPEN[:1]:
        changes |= {
            "status": found.status,
            "snoozed_until": found.snoozed_until,
            "snoozed_for_count": found.snoozed_for_count,
            "snoozed_from_count": found.snoozed_from_count,
        }
        Transition.objects.create(
            subject="fingerprint", subject_pk=newer.pk, from_state=newer.status, to_state=found.status,
            verb="refingerprint", actor="maintenance", reason=f"taken over from {found.key}",
        )  # fmt: skip
    Fingerprint.objects.filter(pk=newer.pk).update(**changes)
    if resolve_keys([newer.key])[newer.key] == resolve_keys([found.key])[found.key]:
        # A person merged one into the other, whichever way: that holds.
        Fingerprint.objects.filter(pk=found.pk).update(version=VERSION)
    elif found.merged_into_id is None:
        Fingerprint.objects.filter(pk=found.pk).update(merged_into=newer, version=VERSION)
    else:
        # The merge that a person made goes on holding for both keys.
        Fingerprint.objects.filter(pk=found.pk).update(version=VERSION)
        Fingerprint.objects.filter(pk=newer.pk, merged_into=None).update(
            merged_into=found.merged_into
        )
