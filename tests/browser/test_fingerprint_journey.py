"""Somebody puts causes together that are one, and takes one apart that is two; each undone with one click."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from drain.fingerprints import fingerprint
from drain.models import Phase
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from tests.factories import AttemptFactory, PhaseFactory

from .conftest import Visit, violations, wait_for_charts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]
SHARDS = [f"cannot open shard {name} of the ledger" for name in ("s3a", "s4b")]
DISKS = [f"OSError: [Errno 28] No space left on device: '/{disk}/1.log'" for disk in "ab"]


def _met(text: str) -> str:
    """A cause of which one phase failed; its key."""
    made = fingerprint(text)
    now = timezone.now()
    record_fingerprints([SeenFingerprint(made, text, now, now)])
    phase = PhaseFactory(last_fingerprint=made.key, last_failure_reason=text)
    AttemptFactory(phase=phase, fingerprint=made.key, error=text, started_at=now)
    return made.key


def _card(page: Page, title: str) -> Locator:
    return page.locator("section.card").filter(
        has=page.get_by_role("heading", name=title, exact=True)
    )


def test_merge_what_is_likely_the_same_and_undo_it(
    olga: User, visit: Visit, complaints: list[str]
) -> None:
    one, other = map(_met, SHARDS)
    page = visit(f"/fingerprints/{one}/")
    likely = _card(page, "Likely the same")
    expect(likely).to_contain_text("They differ in one place only")
    likely.get_by_role("button").click()
    merged = _card(page, "Merged into this one")
    expect(merged).to_be_visible()
    expect(likely).to_have_count(0)
    page.goto(f"/fingerprints/{other}/")
    expect(page).to_have_url(re.compile(f"/fingerprints/{one}/$"))
    merged.get_by_role("button").click()
    expect(likely).to_be_visible()
    expect(merged).to_have_count(0)
    assert complaints == []


def test_split_what_is_two_and_undo_it(olga: User, visit: Visit, complaints: list[str]) -> None:
    (key,) = {_met(text) for text in DISKS}
    page = visit(f"/fingerprints/{key}/", bypass_csp=True)
    page.get_by_role("button", name="Split…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("By").select_option("message")
    dialog.get_by_label("Type, words, place or test").fill("/b/")
    dialog.get_by_label("Reason").fill("two disks, two teams")
    assert violations(page) == []
    dialog.get_by_role("button", name="Split", exact=True).click()
    card = _card(page, "Split")
    expect(card).to_contain_text("split off from this one by message “/b/”")
    wait_for_charts(page)
    assert violations(page) == []
    assert Phase.objects.filter(last_fingerprint=key).count() == 1
    card.get_by_role("link").click()
    expect(card).to_contain_text("this one was split off from it")
    card.get_by_role("button", name="Undo").click()
    expect(_card(page, "Merged into this one")).to_contain_text("[message /b/]")
    expect(card).to_have_count(0)
    assert complaints == []
