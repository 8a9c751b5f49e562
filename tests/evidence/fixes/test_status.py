"""The status of a fix in one line: never green over a recurrence, and never another word than its verdict."""

from __future__ import annotations

import pytest

from drain.evidence.fixes.sentences import WORDS
from drain.evidence.fixes.status import Judged, StoredVerdict, standing
from drain.evidence.fixes.verdict import Ruling
from drain.models.vocabulary import CheckVerdict

PASS, FAIL, OPEN = CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.NOT_ENOUGH_DATA


@pytest.mark.parametrize(
    ("ruling", "check", "seen_again", "verdict", "words"),
    [
        (Ruling.WORKS, PASS, 0, PASS, "Works"),
        (Ruling.WORKS, PASS, 1, OPEN, "Works, seen again"),
        (Ruling.PARTLY, OPEN, 1, OPEN, "Works partly, seen again"),
        (Ruling.DOES_NOT_WORK, FAIL, 1, FAIL, "Does not work, seen again"),
        (Ruling.NOT_ENOUGH_DATA, OPEN, 1, FAIL, "Seen again"),
        (Ruling.CANNOT_BE_TOLD, OPEN, 1, FAIL, "Seen again"),
        (Ruling.CANNOT_BE_TOLD, OPEN, 0, OPEN, "Cannot be told"),
    ],
)
def test_a_cause_that_is_seen_again_is_said_beside_the_verdict(
    ruling, check, seen_again, verdict, words
):
    causes = {"regressed": seen_again, "fix_deployed": 1}
    found = standing([], causes, fix=StoredVerdict(check, WORDS[ruling], "sentence"))
    assert (found.verdict, found.words) == (verdict, words)


def test_a_check_that_fails_comes_before_everything_else():
    failed = Judged("fail", "It is there.")
    found = standing([failed], {"regressed": 1}, fix=StoredVerdict(PASS, "Works", ""))
    assert (found.verdict, found.words, found.sentence) == (FAIL, "1 check fails", "It is there.")
