"""A note stands where lists and pages show its run or fingerprint, and whoever may write may take it off."""

from __future__ import annotations

import pytest

from drain.models import Note
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_a_note_is_written_on_a_page_and_stands_there_and_in_the_list_for_everybody():
    run, cause = PhaseFactory().run, FingerprintFactory()
    writer, viewer = signed_in(Role.OPERATOR), signed_in(Role.VIEWER)
    for name, value, page, listed in (
        ("run", run.run_id, f"/runs/{run.pk}/", "/runs/"),
        ("fingerprint", cause.key, f"/fingerprints/{cause.key}/", "/fingerprints/"),
    ):
        assert 'id="note-add"' in writer.get(page).content.decode()
        given = {name: value, "text": f"ask ops {HOSTILE}", "next": page}
        answer = writer.post("/notes/", given, follow=True)
        assert answer.redirect_chain[-1][0] == page
        for shown in (answer, viewer.get(page), viewer.get(listed)):
            text = shown.content.decode()
            assert "ask ops" in text
            assert HOSTILE not in text
            assert "operator-False" in text, "who wrote it"
        assert "/notes/" not in viewer.get(page).content.decode(), "a viewer reads"
    writer.post("/notes/", {"run": run.run_id, "text": "newer"})
    text = viewer.get("/runs/").content.decode()
    assert "newer" in text
    assert "2 notes" in text


def test_a_note_that_is_none_is_refused_in_a_sentence_and_one_is_removed_once():
    run, client = PhaseFactory().run, signed_in(Role.OPERATOR)
    page = client.post("/notes/", {"run": run.run_id, "text": " "}, follow=True).content.decode()
    assert "The note is empty" in page
    answer = client.post("/notes/", {"fingerprint": "none", "text": "x"}, follow=True)
    assert "There is no fingerprint “none”" in answer.content.decode()
    assert "There is no fingerprint “”" in client.post("/notes/", follow=True).content.decode()
    client.post("/notes/", {"run": run.run_id, "text": "gone soon"})
    note = Note.objects.get()
    page = client.post(f"/notes/{note.pk}/remove/", follow=True).content.decode()
    assert "The note “gone soon” is removed; the audit keeps its words." in page
    page = client.post(f"/notes/{note.pk}/remove/", follow=True).content.decode()
    assert "somebody has removed it already" in page
    assert not Note.objects.exists()
