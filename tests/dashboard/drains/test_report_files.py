"""A report leaves the site by its link, as files, and as a bundle that can be read without it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from drain.dashboard.drains import report
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import AttemptFactory, SessionFactory

pytestmark = pytest.mark.django_db


def test_the_bundle_comes_through_the_browser_and_nothing_is_left_of_it(
    tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    session = SessionFactory()
    attempt = AttemptFactory(session=session, log_bytes=5, log_inline=zlib.compress(b"hello"))
    viewer = signed_in(Role.VIEWER)
    page = viewer.get(f"/drains/{session.pk}/report/").content.decode()
    assert f'data-copy="http://testserver/drains/{session.pk}/report/"' in page
    assert f'href="/drains/{session.pk}/report/zip/"' in page
    answer: Any = viewer.get(f"/drains/{session.pk}/report/zip/")
    assert answer["Content-Disposition"] == f'attachment; filename="drain-{session.pk}.zip"'
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as bundle:
        assert bundle.read(f"logs/{attempt.pk}.log") == b"hello"
        assert json.loads(bundle.read("report.json"))["session"] == session.pk
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_would_take_minutes_is_one_sentence_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "MOST_BUNDLED", 1)
    session = SessionFactory()
    for _ in range(2):
        AttemptFactory(session=session)
    viewer = signed_in(Role.VIEWER)
    assert "/report/zip/" not in viewer.get(f"/drains/{session.pk}/report/").content.decode()
    answer = viewer.get(f"/drains/{session.pk}/report/zip/")
    assert answer.status_code == 400
    assert f"manage.py report {session.pk} --bundle FILE.zip" in answer.content.decode()
    assert viewer.get(f"/drains/{session.pk}/report/exe/").status_code == 404
