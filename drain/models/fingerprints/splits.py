"""Failures of causes that a person has split: each new one is filed where it belongs."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple, Self

from drain.db.prepared import rows
from drain.fingerprints import Fingerprint as Print
from drain.fingerprints.splitting import SplitBy, as_part, is_part, read_failure

MERGE_LOCK = 7_316_202
"""The lock of merges and splits, held alone by them and shared by writers of failures:
none is filed by rules of a moment ago.
"""

_SHARE = f"SELECT pg_advisory_xact_lock_shared({MERGE_LOCK})"
# A split is of everything that counts for its fingerprint: older keys, and what was merged into it.
_RULES = """
WITH RECURSIVE family AS (
    SELECT id AS split, fingerprint_id AS id, 0 AS hop FROM drain_fingerprintsplit
    UNION SELECT family.split, f.id, family.hop + 1
    FROM family JOIN drain_fingerprint f ON f.merged_into_id = family.id WHERE family.hop < 20
)
SELECT s.by, s.value, part.key AS part, k.key
FROM drain_fingerprintsplit s JOIN drain_fingerprint part ON part.id = s.part_id
JOIN family ON family.split = s.id
JOIN LATERAL (
    SELECT key FROM drain_fingerprint WHERE id = family.id
    UNION SELECT key FROM drain_fingerprintalias WHERE fingerprint_id = family.id
) k ON true
ORDER BY s.id
"""


class _Rule(NamedTuple):
    by: SplitBy
    value: str
    part: str


class Splits:
    """All splits as they are now; read them once for what is filed together."""

    def __init__(self, rules: dict[str, list[_Rule]]) -> None:
        self._rules = rules

    @classmethod
    def load(cls) -> Self:
        """Read them as they are; one small statement where there are none."""
        rules: dict[str, list[_Rule]] = defaultdict(list)
        for found in rows(_RULES, {}):
            rule = _Rule(SplitBy(found["by"]), found["value"], found["part"])
            rules[found["key"]].append(rule)
        return cls(dict(rules))

    @classmethod
    def held(cls) -> Self:
        """Read them, and let nobody split anything until the transaction ends, which is soon."""
        rows(_SHARE, {})
        return cls.load()

    def of(self, made: Print, text: str) -> Print:
        """The fingerprint under which a failure with this text is filed; a part may be split further."""
        passed: set[str] = set()
        while made.key in self._rules and made.key not in passed:
            passed.add(made.key)
            failure = read_failure(text)
            rules = (rule for rule in self._rules[made.key] if rule.part not in passed)
            rule = next((rule for rule in rules if is_part(failure, rule.by, rule.value)), None)
            if rule is not None:
                made = as_part(made, rule.part, rule.by, rule.value)
        return made
