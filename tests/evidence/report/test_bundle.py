"""A bundle holds all that a report was made of, and can be read without drainsite."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

import csv
import io
import json
import zipfile
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from drain.models import Attempt

pytestmark = pytest.mark.django_db


def test_the_bundle_can_be_read_without_drainsite(session, tmp_path):
    storages["attempt_logs"].save("000000/report-test.log", ContentFile(b"a large log"))
    attempts = list(Attempt.objects.filter(session=session).order_by("pk"))
    Attempt.objects.filter(pk=attempts[0].pk).update(
        log_inline=None, log_name="000000/report-test.log"
    )
    Attempt.objects.filter(pk=attempts[1].pk).update(log_inline=None, log_name="000000/gone.log")
    Attempt.objects.filter(pk=attempts[4].pk).update(error="=cmd()")
    path = tmp_path / "evidence.zip"
    out = StringIO()
    call_command("report", str(session.pk), "--bundle", str(path), stdout=out)
    storages["attempt_logs"].delete("000000/report-test.log")
    assert "4 logs" in out.getvalue()
    assert [found.name for found in tmp_path.iterdir()] == ["evidence.zip"]
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        assert set(bundle.namelist()) >= {"README.txt", "report.html", "report.md", "report.json"}
        assert bundle.read(f"logs/{attempts[0].pk}.log") == b"a large log"
        assert bundle.read(f"logs/{attempts[2].pk}.log") == b"hello \x1b[1m"
        assert bundle.read("logs/missing.txt").decode().split() == [str(attempts[1].pk)]
        assert f"logs/{attempts[1].pk}.log" not in bundle.namelist()
        lines = list(csv.DictReader(io.StringIO(bundle.read("attempts.csv").decode())))
        assert len(lines) == 5
        assert lines[4]["error"] == "'=cmd()"
        assert len(json.loads(bundle.read("report.json"))["attempts"]) == 5


def test_a_bundle_that_cannot_be_written_is_one_sentence(session, tmp_path):
    with pytest.raises(CommandError, match="Choose another place"):
        call_command("report", str(session.pk), "--bundle", str(tmp_path / "no" / "such.zip"))
