"""The status of a fix: a failed check, a fingerprint that is seen again, else the one verdict on fixes,
in one line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drain.db.sql import rows
from drain.evidence.comparison.compare import Difference
from drain.evidence.fingerprints.aliases import STANDS_FOR
from drain.evidence.fixes import sentences
from drain.evidence.fixes.judgement import Each, FixVerdict, each_of
from drain.evidence.fixes.verdict import Ruling
from drain.models import FixMarker
from drain.models.vocabulary import CheckVerdict, FingerprintStatus
from drain.policy.words import agrees, counted

# One look into an index for each check; a check on a schedule is judged by that alone.
_NEWEST = """
SELECT c.marker_id AS marker, coalesce(r.verdict, 'not_enough_data') AS verdict,
    coalesce(r.sentence, 'Maintenance has not judged the check yet.') AS sentence
FROM drain_check c LEFT JOIN LATERAL (
    SELECT verdict, sentence FROM drain_checkresult r
    WHERE r.check_run_id = c.id AND (c.every_minutes IS NULL OR r.session_id IS NULL)
    ORDER BY r.id DESC LIMIT 1
) r ON true
WHERE c.enabled AND c.marker_id = ANY(%(markers)s::bigint[]) ORDER BY c.id
"""
# A cause that was merged stands as what it was merged into: that one is where its failures count.
_CAUSES = f"""
WITH RECURSIVE named AS (
    SELECT m.fixmarker_id AS marker, f.key
    FROM drain_fixmarker_fingerprints m JOIN drain_fingerprint f ON f.id = m.fingerprint_id
    WHERE m.fixmarker_id = ANY(%(markers)s::bigint[])
), asked AS (SELECT DISTINCT key FROM named), {STANDS_FOR}
SELECT named.marker, f.status, count(DISTINCT f.id)::int AS n
FROM named JOIN stands_for ON stands_for.asked = named.key
JOIN drain_fingerprint f ON f.key = stands_for.key GROUP BY 1, 2
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict with the words of its badge and the sentence that gives the reason."""

    verdict: CheckVerdict
    words: str
    sentence: str
    causes: int = 0
    each: tuple[Each, ...] = ()
    """The verdicts for each of several fingerprints, which the sentence then leaves out."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict on a fix as it was stored."""

    check: CheckVerdict
    words: str
    short: str
    each: tuple[Each, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A check's verdict, as far as the status of a fix needs it."""

    verdict: str
    sentence: str


def standings(markers: Collection[FixMarker]) -> dict[int, Standing]:
    """Every marker's standing from what maintenance stored; two queries however many there are."""
    keys = [marker.pk for marker in markers]
    judged: dict[int, list[Judged]] = {pk: [] for pk in keys}
    for item in rows(_NEWEST, {"markers": keys}):
        judged[item["marker"]].append(Judged(item["verdict"], item["sentence"]))
    causes = _causes_by_status(keys)
    return {
        marker.pk: standing(judged[marker.pk], causes[marker.pk], fix=_stored(marker))
        for marker in markers
    }


def _stored(marker: FixMarker) -> StoredVerdict:
    """The verdict of the last round of maintenance."""
    if not marker.verdict:
        return StoredVerdict(
            CheckVerdict.NOT_ENOUGH_DATA, "Not judged yet", "Maintenance judges it in a minute."
        )
    found = marker.verdict
    # One that was stored before there was a list of its causes has their sentences in its own.
    each = each_of(found.get("causes", ())) if "short" in found else ()
    said = found.get("short", found["sentence"])
    return StoredVerdict(CheckVerdict(found["check"]), found["words"], said, each)


def _causes_by_status(markers: Collection[int]) -> dict[int, dict[str, int]]:
    """Return the number of each marker's fingerprints by status."""
    found: dict[int, dict[str, int]] = {pk: {} for pk in markers}
    for item in rows(_CAUSES, {"markers": list(markers)}):
        found[item["marker"]][item["status"]] = item["n"]
    return found


def standing(
    judged: Sequence[Judged],
    causes: Mapping[str, int],
    change: Difference | None = None,
    fix: FixVerdict | StoredVerdict | None = None,
) -> Standing:
    """The worst first: a failed check, a cause that is seen again, then the verdict on the fix.

    `causes` counts the fix's causes by status. Without a fix `change` speaks: two sides are compared.
    """
    total = sum(causes.values())
    failed = [one for one in judged if one.verdict == CheckVerdict.FAIL]
    again = causes.get(FingerprintStatus.REGRESSED, 0)
    if failed:
        words = f"{counted(len(failed), 'check')} {agrees(len(failed), 'fails', 'fail')}"
        return Standing(CheckVerdict.FAIL, words, failed[0].sentence, total)
    if again and fix is not None and fix.words in _DECIDED:
        # Nothing green over what is seen again, and nothing that says another thing than the verdict.
        verdict = (
            CheckVerdict.FAIL if fix.check is CheckVerdict.FAIL else CheckVerdict.NOT_ENOUGH_DATA
        )
        return Standing(verdict, f"{fix.words}, seen again", fix.short, total, fix.each)
    if again:
        sentence = f"{again} of {counted(total, 'fingerprint')} failed in attempts that started after the fix."
        return Standing(CheckVerdict.FAIL, "Seen again", sentence, total)
    if fix is not None:
        return Standing(fix.check, fix.words, fix.short, total, fix.each)
    if change is not None:
        return Standing(*_CHANGES[change.verdict], change.sentence, total)
    return Standing(CheckVerdict.NOT_ENOUGH_DATA, "Not judged", "Nothing was compared.", total)


_DECIDED = frozenset(
    sentences.WORDS[ruling] for ruling in (Ruling.WORKS, Ruling.PARTLY, Ruling.DOES_NOT_WORK)
)
_CHANGES = {
    "better": (CheckVerdict.PASS, "Better than before"),
    "worse": (CheckVerdict.FAIL, "Worse than before"),
    "doubtful": (CheckVerdict.NOT_ENOUGH_DATA, "Cannot be told"),
    "selected": (CheckVerdict.NOT_ENOUGH_DATA, "Cannot be told"),
    "not_enough_data": (CheckVerdict.NOT_ENOUGH_DATA, "Not enough data"),
}
