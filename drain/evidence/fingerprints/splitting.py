"""A cause that is too wide: a person splits part of it off, for all failures before and after.

The part is a fingerprint of its own. Merging it back undoes the split, and undoing that merge splits it again, so that
nothing is lost by either.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from drain.evidence.fingerprints.aliases import members
from drain.evidence.fingerprints.lifecycle import By, CauseError, say
from drain.evidence.fingerprints.merging import lock_merges, unmerge
from drain.fingerprints.naming.titles import told_apart, with_suffix, wordings
from drain.fingerprints.splitting import VALUE_CHARS, SplitBy, is_part, part_key, read_failure
from drain.models import Attempt, Fingerprint, FingerprintSplit, Phase
from drain.models.fingerprints.refile import refile_attempts, refile_phases
from drain.models.vocabulary import FingerprintStatus

MOST_SPLITS = 200
"""Every failure is held against all of them."""
Texts = QuerySet[Any, tuple[int, str]]
AT_ONCE = 2_000
"""Earlier failures that are filed anew while a person waits; maintenance does the others."""


def split(pk: int, by: SplitBy, value: str, who: By) -> Fingerprint:
    """Split off the failures of a fingerprint that `value` tells from the rest; returns the part.

    Raises CauseError, and changes nothing, for a value that makes no sense and for what is split so already.
    """
    value = _checked(value)
    with transaction.atomic():
        lock_merges()
        whole = Fingerprint.objects.filter(pk=pk).first()
        if whole is None or whole.merged_into_id is not None:
            raise CauseError("Only a fingerprint that stands for itself can be split.")
        known = FingerprintSplit.objects.filter(fingerprint=whole, by=by, value=value).first()
        if known is not None:
            return _again(known, who)
        if FingerprintSplit.objects.count() >= MOST_SPLITS:
            raise CauseError(
                f"There are {MOST_SPLITS} splits, which is the most: let the executor report a fingerprint of its own."
            )
        part = _part(whole, by, value)
        made = FingerprintSplit.objects.create(
            fingerprint=whole, part=part, by=by, value=value, created_by=who.actor
        )
        say(pk, "split", who, new={"part": part.key, "by": by.value, "value": value})
    reread(made, AT_ONCE)
    return part


def parts() -> dict[str, set[str]]:
    """Each key that was split → keys of what was split off from it, and from that."""
    found: dict[str, set[str]] = {}
    # A part is younger than its whole, so its own parts are known when the whole's turn comes.
    splits = FingerprintSplit.objects.order_by("-pk").values_list("fingerprint__key", "part__key")
    for whole, part in splits:
        found.setdefault(whole, set()).update({part}, found.get(part, ()))
    return found


def _again(known: FingerprintSplit, who: By) -> Fingerprint:
    """A split that was undone stands again."""
    if not unmerge(known.part_id, who):
        raise CauseError(f"It is split by {known.by} “{known.value[:60]}” already.")
    return known.part


def _checked(value: str) -> str:
    value = value.strip()
    if not value or not value.isprintable():
        raise CauseError("Give what the failures to split off have in common, as they print it.")
    if len(value) > VALUE_CHARS:
        raise CauseError(f"Give at most {VALUE_CHARS} characters of what they have in common.")
    return value


def _part(whole: Fingerprint, by: SplitBy, value: str) -> Fingerprint:
    key = part_key(whole.key, by, value)
    title = with_suffix(whole.title, f"[{by.value} {value}]")
    others = Fingerprint.objects.filter(title__in=wordings(title, "", key))
    return Fingerprint.objects.create(
        key=key, coarse=whole.coarse, headline=key, place_known=True, version=whole.version,
        title=told_apart(title, "", key, set(others.values_list("title", flat=True))),
        template=whole.template, category=whole.category, status=FingerprintStatus.ONGOING,
        first_seen=whole.first_seen, last_seen=whole.last_seen,
    )  # fmt: skip


def reread_splits(limit: int = 5_000) -> int:
    """File earlier failures of split fingerprints anew, the newest first; returns how many were read."""
    found = FingerprintSplit.objects.exclude(rereading="").order_by("pk").first()
    return reread(found, limit) if found is not None else 0


def reread(found: FingerprintSplit, limit: int) -> int:
    """Read up to `limit` earlier failures of one split, and file those of the part there."""
    read = 0
    while found.rereading and read < limit:
        read += _step(found, limit - read)
    return read


def _step(found: FingerprintSplit, limit: int) -> int:
    """Refile one chunk of phases, or of attempts; commits on its own, and goes on from there the next time."""
    keys = [key for key in members([found.fingerprint.key]) if key != found.part.key]
    texts = _phases(keys) if found.rereading == "phase" else _attempts(keys)
    if found.reread_below is not None:
        texts = texts.filter(pk__lt=found.reread_below)
    rows = list(texts.order_by("-pk")[:limit])
    by, told = SplitBy(found.by), {}
    for _, text in rows:
        if text not in told:
            told[text] = is_part(read_failure(text), by, found.value)
    ids = [pk for pk, text in rows if told[text]]
    with transaction.atomic():
        if found.rereading == "phase":
            refile_phases(ids, keys, found.part.key)
        else:
            refile_attempts(ids, keys, found.part.key)
        _go_on(found, rows[-1][0] if len(rows) == limit else None)
    return len(rows)


def _go_on(found: FingerprintSplit, below: int | None) -> None:
    found.reread_below = below
    if below is None:
        found.rereading = "attempt" if found.rereading == "phase" else ""
    found.save(update_fields=["rereading", "reread_below"])


def _phases(keys: list[str]) -> Texts:
    found = Phase.objects.filter(last_fingerprint__in=keys)
    return found.values_list("pk", "last_failure_reason")


def _attempts(keys: list[str]) -> Texts:
    found = Attempt.objects.filter(fingerprint__in=keys, finished_at__isnull=False)
    return found.values_list("pk", "error")
