"""Causes that are one: a merge counts all failures of one for the other, and is undone at any time."""

from __future__ import annotations

from django.db import connection, transaction

from drain.evidence.fingerprints.aliases import resolve_keys
from drain.evidence.fingerprints.lifecycle import By, CauseError, say
from drain.models import Fingerprint
from drain.models.fingerprints.splits import MERGE_LOCK


def merge(source: int, target: int, by: By) -> bool:
    """Count every failure of `source`, earlier and later, for `target`; False if it is merged already."""
    with transaction.atomic():
        lock_merges()
        keys = dict(Fingerprint.objects.filter(pk__in=(source, target)).values_list("pk", "key"))
        if len(keys) < 2:
            raise CauseError("A fingerprint can only be merged into another one that exists.")
        stands_for = resolve_keys([keys[target]])[keys[target]]
        if stands_for == keys[source]:
            raise CauseError("That fingerprint is merged into this one already: undo that first.")
        into = Fingerprint.objects.get(key=stands_for)
        merged = Fingerprint.objects.filter(pk=source, merged_into=None).update(merged_into=into)
        if merged:
            say(source, "merge", by, new={"merged_into": into.key})
    return bool(merged)


def unmerge(pk: int, by: By) -> bool:
    """Undo a merge: its failures, which kept their key, count for it alone again."""
    with transaction.atomic():
        lock_merges()
        found = Fingerprint.objects.filter(pk=pk, merged_into__isnull=False)
        was = found.values_list("merged_into__key", flat=True).first()
        done = found.update(merged_into=None)
        if done:
            say(pk, "unmerge", by, old={"merged_into": was})
    return bool(done)


def lock_merges() -> None:
    """Take turns with whoever merges or splits: three at once could close a circle that none of them sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
