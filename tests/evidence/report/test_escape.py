"""Nothing hostile gets through a report, in any of its formats."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from drain.evidence.report.escape import csv_cell, markdown, plain
from drain.models import Attempt, Check
from drain.models.vocabulary import CheckKind
from tests.factories import (
    FingerprintFactory,
)

pytestmark = pytest.mark.django_db
HOSTILE = (
    "</script><script>alert(1)</script>|`*[x](javascript:1)\x1b[31m\u202egnp.exe\n# head =cmd()"
)


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_nothing_hostile_gets_through(session, form):
    session.note = HOSTILE
    session.stop_card = {"rule": "person", "sentence": HOSTILE}
    session.save()
    Attempt.objects.filter(outcome="failed").update(
        error=HOSTILE, worker=HOSTILE, zero_yield_reason=HOSTILE[:40]
    )
    Check.objects.create(name=HOSTILE[:200], kind=CheckKind.NO_PATTERN, pattern=HOSTILE)
    FingerprintFactory(key="other", title=HOSTILE)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("report", str(session.pk), "--format", form, stdout=out)
    text = out.getvalue()
    assert "\x1b" not in text
    assert "\u202e" not in text
    if form == "md":
        assert "<script" not in text
        assert "\n# head" not in text
        assert "[x](" not in text
    if form == "html":
        assert "<script" not in text


def test_text_is_made_inert_for_each_format():
    assert plain("a\x1b[1m\u202eb\nc") == "a\\u001b[1m\\u202eb c"
    assert plain("x" * 9, 3) == "xxx…"
    assert markdown("<a>|`@me www.x.y http://z") == (
        "&lt;a&gt;\\|\\`&#64;me www&#46;x.y http&#58;//z"
    )
    assert [csv_cell(text) for text in ("=1", " +1", "@a", "-1", "a=1")] == [
        "'=1", "' +1", "'@a", "'-1", "a=1",
    ]  # fmt: skip
