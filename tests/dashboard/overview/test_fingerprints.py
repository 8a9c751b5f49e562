"""The fingerprints of the overview: what fails now first, each number a way to what it counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.dashboard.overview.fingerprints import read_fingerprints
from drain.evidence.rollups.fold import fold
from drain.models.roles import Role
from tests.dashboard.overview.past import ended
from tests.dashboard.people import signed_in
from tests.factories import (
    FingerprintFactory,
    RunFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def test_what_fails_now_stands_first_and_what_is_resolved_last():
    now, run = timezone.now(), RunFactory()
    for title, status, hours, times in (
        ("resolved", "resolved", 30, 9),
        ("snoozed", "snoozed", 0.5, 7),
        ("often but days ago", "ongoing", 70, 5),
        ("now", "regressed", 0.5, 1),
    ):
        cause = FingerprintFactory(title=title, status=status)
        for _ in range(times):
            ended(run, "failed", now - timedelta(hours=hours), cause.key)
    titles = [row.title for row in read_fingerprints(now).rows]
    assert titles == ["now", "often but days ago", "snoozed", "resolved"]


def test_the_matrix_counts_the_same_before_and_after_the_totals_are_folded():
    now = timezone.now()
    run, cause = RunFactory(), FingerprintFactory()
    for hours in (0.5, 2, 20, 60, 150, 200):
        ended(run, "failed", now - timedelta(hours=hours), cause.key)
    ended(run, "retryable", now, "")
    before = read_fingerprints(now).rows[0].cells
    fold()
    assert [cell.failures for cell in before] == [1, 2, 3, 4, 5]
    assert read_fingerprints(now).rows[0].cells == before


def test_merged_fingerprints_count_for_the_one_that_stands_for_them():
    now = timezone.now()
    run, cause = RunFactory(), FingerprintFactory()
    merged = FingerprintFactory(merged_into=cause)
    ended(run, "failed", now - timedelta(minutes=5), merged.key)
    (row,) = read_fingerprints(now).rows
    assert (row.key, [cell.failures for cell in row.cells]) == (cause.key, [1, 1, 1, 1, 1])


def test_the_matrix_links_each_number_and_boxes_placeholders(client):
    cause = FingerprintFactory(title="No module named <name>")
    for _ in range(3):
        ended(RunFactory(), "failed", timezone.now() - timedelta(hours=2), cause.key)
    page = client.get("/").content.decode()
    assert 'No module named <span class="slot">name</span></a>' in page
    assert '<td class="heat heat-0 t-narrow"><span aria-label="none">·</span></td>' in page
    assert (
        f'<td class="heat heat-1"><a href="/fingerprints/{cause.key}/?since=3h">3</a></td>' in page
    )
