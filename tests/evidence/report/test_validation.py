"""A report says of a fix a sentence, a line for each fingerprint, and all the numbers behind them."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.evidence.report.validation import LISTED
from drain.models.vocabulary import Origin
from tests.dashboard.evidence.pages import text_of
from tests.evidence.report.rendering import render
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.COMMAND, NOON)
HOSTILE = "<script>alert(1)</script> | `*x*` "


def drained(causes: int):
    """A drain of as many fingerprints, of which all phases of the first fail again, and its fix."""
    session = SessionFactory()
    for number in range(causes):
        FingerprintFactory(key=f"k{number:02}", title=f"{HOSTILE}{number:02}")
        for _ in range(12):
            phase = PhaseFactory(
                last_fingerprint=f"k{number:02}", state="COMPLETE" if number else "FAILED"
            )
            CandidateFactory(session=session, phase=phase, fingerprint=f"k{number:02}")
            ended = {"fingerprint": "k00"} if not number else {"outcome": "complete"}
            AttemptFactory(session=session, phase=phase, started_at=NOON, **ended)
    keys = [f"k{number:02}" for number in range(causes)]
    add_marker("Import mended", BY, at=NOON - timedelta(hours=9), keys=keys)
    return session


def test_every_fingerprint_of_a_fix_has_its_verdict_and_its_numbers_and_none_is_cut():
    session = drained(LISTED + 2)
    said = json.loads(render(session, "json"))["fixes"][0]["verdict"]["causes"]
    text = render(session, "md")
    findings, appendix = text.split("## Appendix")
    headline = "Does not work for 1, cannot be told for 9 of 10 fingerprints."
    assert headline in findings
    assert headline in appendix
    assert findings.count("- **Cannot be told** – ") == LISTED - 1
    assert findings.index("- **Does not work** – ") < findings.index("- **Cannot be told** – ")
    assert "- and 2 more, in the appendix" in findings
    assert "12 of 12 phases failed this way again." in findings
    plain = appendix.replace("\\", "")
    assert all(one["sentence"] in plain for one in said)
    page = render(session, "html")
    shown = text_of(page)
    assert headline in shown
    assert "and 2 more, with the numbers" in shown
    assert all(one["sentence"] in shown for one in said)
    assert '<details class="card-section" open>' in page
    for form in (text, page):
        assert "<script" not in form
        assert "…" not in form


def test_a_fix_of_one_fingerprint_is_one_word_one_line_and_its_numbers():
    text = render(drained(1), "md")
    assert re.search(r"\*\*FM-\d+ Import mended\*\* \(in since [^)]*\): Does not work\.", text)
    assert text.count("12 of 12 phases failed this way again.") == 1
    assert text.count("Since the fix 12 of 12 phases (100.0 %, ") == 1
    assert "12 phases are failed by it now, 0 of them not tried since the fix." in text


def test_without_a_fix_the_report_says_how_to_add_one():
    session = SessionFactory()
    for form in ("md", "html"):
        assert "manage.py marker add" in render(session, form)
