"""Somebody gives a failed phase up from its page, and reads what the API can do without leaving the site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import expect

from drain.models import Phase, Run

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]


def test_discard_a_failed_phase(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    phase = Phase.objects.filter(state="FAILED").first()
    assert phase is not None
    page = visit(reverse("drain:phase-detail", args=[phase.pk]))
    page.get_by_role("button", name="Discard…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Discard 1 phase")
    expect(page.get_by_role("radio")).to_have_count(2)
    page.get_by_label("Reason").fill("Its input is gone for good")
    page.get_by_role("button", name="Discard 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 phase moved")
    assert Phase.objects.get(pk=phase.pk).state == "SKIPPED"
    assert complaints == []


def test_the_page_of_the_api_shows_every_operation(
    olga: User, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/api/")
    expect(page.get_by_text("/api/v1/imports", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Authorize")).to_be_visible()
    assert complaints == []
