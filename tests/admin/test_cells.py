"""Cells of the admin's lists and forms: drawn as on the pages, with nothing of a row's text as markup."""

from __future__ import annotations

import pytest

from tests.factories import FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
EVIL = '"><script>x</script>'


def test_a_list_and_a_form_show_states_links_and_boxes_and_no_text_as_markup(admin_client):
    cause = FingerprintFactory(title=f"{EVIL} in <path>")
    phase = PhaseFactory(phase_id=EVIL, last_fingerprint=cause.key)
    for address in ("/admin/drain/phase/", f"/admin/drain/phase/{phase.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert EVIL not in page
        assert "<script>x" not in page
        assert 'class="state s-failed"' in page
        assert f'href="/fingerprints/{cause.key}/"' in page
        assert '<span class="slot">' in page
        assert "&amp;lt;" not in page
        assert "&lt;svg" not in page
    page = admin_client.get("/admin/drain/phase/").content.decode()
    box = f'<input type="checkbox" name="_selected_action" value="{phase.pk}" class="action-select" aria-label="'
    assert f"{box}Select this object for an action - &#34;&gt;&lt;script&gt;" in page
    assert f'<a href="/phases/{phase.pk}/">Open</a>' in page


def test_a_cell_without_anything_to_lead_to_is_a_dash(admin_client):
    PhaseFactory(state="COMPLETE", last_fingerprint="")
    page = admin_client.get("/admin/drain/phase/").content.decode()
    assert '<td class="field-fingerprint">–</td>' in page
