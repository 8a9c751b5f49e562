"""How a fix stands: the worst of what its checks, its causes and its comparison say, in one line.

A list of fixes reads the verdicts that maintenance stored and the states of the causes, which is
bounded; the page of one adds the comparison, which is not cheap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drain.db.sql import rows
from drain.evidence.comparison.compare import Difference
from drain.evidence.fingerprints.aliases import STANDS_FOR
from drain.models.vocabulary import CheckVerdict, FingerprintStatus

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


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check found, as far as a standing needs it."""

    verdict: str
    sentence: str


def standings(markers: Collection[int]) -> dict[int, Standing]:
    """Every marker's standing from what is stored; two queries however many there are."""
    values = {"markers": list(markers)}
    judged: dict[int, list[Judged]] = {pk: [] for pk in markers}
    for item in rows(_NEWEST, values):
        judged[item["marker"]].append(Judged(item["verdict"], item["sentence"]))
    causes = _causes_by_status(markers)
    return {pk: standing(judged[pk], causes[pk]) for pk in markers}


def _causes_by_status(markers: Collection[int]) -> dict[int, dict[str, int]]:
    """How many causes of each marker have which status."""
    found: dict[int, dict[str, int]] = {pk: {} for pk in markers}
    for item in rows(_CAUSES, {"markers": list(markers)}):
        found[item["marker"]][item["status"]] = item["n"]
    return found


def standing(
    judged: Sequence[Judged], causes: Mapping[str, int], change: Difference | None = None
) -> Standing:
    """The worst first: a failed check, a cause that came back, a fall, then whatever is undecided.

    `causes` counts the fix's causes by status. `change` is known where somebody compared.
    """
    total = sum(causes.values())
    for verdict, words, sentence in (
        *_failures(judged, causes, change),
        *_doubts(judged, causes, change),
    ):
        return Standing(verdict, words, sentence, total)
    return _passes(judged, causes, change)


Line = tuple[CheckVerdict, str, str]


def _failures(
    judged: Sequence[Judged], causes: Mapping[str, int], change: Difference | None
) -> list[Line]:
    found: list[Line] = []
    failed = [one for one in judged if one.verdict == CheckVerdict.FAIL]
    back, total = causes.get(FingerprintStatus.REGRESSED, 0), sum(causes.values())
    if failed:
        words = "1 check fails" if len(failed) == 1 else f"{len(failed)} checks fail"
        found.append((CheckVerdict.FAIL, words, failed[0].sentence))
    if back:
        sentence = f"{back} of {total} fingerprints came back after the fix."
        found.append((CheckVerdict.FAIL, "Came back", sentence))
    if change is not None and change.verdict == "worse":
        found.append((CheckVerdict.FAIL, "Worse than before", change.sentence))
    return found


def _doubts(
    judged: Sequence[Judged], causes: Mapping[str, int], change: Difference | None
) -> list[Line]:
    found: list[Line] = []
    unknown, no_data = (
        [one for one in judged if one.verdict != CheckVerdict.PASS],
        "Not enough data",
    )
    resolved, total = causes.get(FingerprintStatus.RESOLVED, 0), sum(causes.values())
    if unknown:
        words = f"{len(unknown)} of {len(judged)} checks undecided"
        found.append((CheckVerdict.NOT_ENOUGH_DATA, words, unknown[0].sentence))
    if change is not None and change.verdict == "not_enough_data":
        found.append((CheckVerdict.NOT_ENOUGH_DATA, no_data, change.sentence))
    if change is None and not judged and resolved < total:
        sentence = (
            f"{resolved} of {total} fingerprints resolved; the others wait for enough attempts."
        )
        found.append((CheckVerdict.NOT_ENOUGH_DATA, no_data, sentence))
    if change is None and not judged and not total:
        sentence = "It names no fingerprint and has no check: open it for the comparison."
        found.append((CheckVerdict.NOT_ENOUGH_DATA, "Not judged", sentence))
    return found


def _passes(
    judged: Sequence[Judged], causes: Mapping[str, int], change: Difference | None
) -> Standing:
    resolved, total = causes.get(FingerprintStatus.RESOLVED, 0), sum(causes.values())
    if change is not None:
        return Standing(CheckVerdict.PASS, "Better than before", change.sentence, total)
    parts = [f"{len(judged)} of {len(judged)} checks pass"] if judged else []
    parts += [f"{resolved} of {total} fingerprints resolved"] if total else []
    return Standing(CheckVerdict.PASS, "Works", f"{'; '.join(parts)}.", total)
