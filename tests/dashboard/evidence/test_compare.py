"""Any two sides compared: what makes no sense is one sentence, addresses keep their times,
sides have their names.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.dashboard.evidence.flows import flows_chart
from drain.evidence.comparison.figures import figures
from drain.evidence.comparison.pairs import Move
from drain.evidence.comparison.question import asked
from drain.evidence.comparison.sides import of_window
from drain.evidence.fingerprints.aliases import FingerprintSummary
from drain.evidence.statistics.intervals import wilson
from drain.models.roles import Role
from tests.dashboard.evidence.pages import fixed, text_of
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_the_page_says_of_its_intervals_what_they_are():
    for at, completing in ((NOON - HOUR, 10), (NOON, 36)):
        for index in range(40):
            AttemptFactory(outcome="complete" if index < completing else "failed", started_at=at)
    sides = {"a_from": NOON - HOUR, "a_to": NOON, "b_from": NOON, "b_to": NOON + HOUR}
    query = {"kind": "windows", **{name: at.isoformat() for name, at in sides.items()}}
    page = text_of(signed_in(Role.VIEWER).get("/evidence/compare/", query).content.decode())
    once = wilson(36, 40)
    shown = figures(of_window(NOON, NOON + HOUR)).rate.interval
    assert once is not None
    assert shown is not None
    assert shown.low < once.low - 0.05
    assert f"n 40, {shown.low * 100:.1f}–{shown.high * 100:.1f} %" in page
    assert "The 95 % intervals hold however often one looks" in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=sand", "“sand” cannot be compared"),
        ("kind=drains&a=1&b=x", "There is no drain 1"),
        ("kind=drains&a=x", "“x” is no number of a drain"),
        ("kind=drain&drain=99999999999999999999999", "is no number of a drain"),
        ("kind=marker&marker=7", "There is no fix marker 7"),
        ("kind=sources&a=x&b=y", "There is no source “x”"),
        ("kind=windows&a_from=yesterday", "“yesterday” is not a time"),
        (
            "kind=windows&a_from=2026-01-02&a_to=2026-01-01&b_from=2026-01-02&b_to=2026-01-03",
            "swap the two",
        ),
        (
            "kind=windows&a_from=2025-01-02&a_to=2026-01-01&b_from=2026-01-02&b_to=2026-01-03",
            "at most 90 days",
        ),
        (
            "kind=windows&a_from=2026-01-01&a_to=2026-01-03&b_from=2026-01-02&b_to=2026-01-04",
            "The two stretches overlap",
        ),
        ("kind=windows&a_from=0001-01-01T00:00%2B14:00", "is not a time"),
        ("kind=windows&a_from=2026-01-01T00:00-23:59", "is not a time"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence_and_400(query, sentence):
    answer = signed_in(Role.VIEWER).get(f"/evidence/compare/?{query}")
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


def test_nothing_asked_to_compare_is_a_choice_and_no_error():
    answer = signed_in(Role.VIEWER).get("/evidence/compare/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Choose two sides" in page
    assert 'role="alert"' not in page


def test_days_that_make_no_sense_are_one_sentence_and_400():
    marker, viewer = fixed(), signed_in(Role.VIEWER)
    for days in ("0", "91", "x", "²", "0000019999999999"):
        answer = viewer.get(f"/evidence/markers/{marker.pk}/?days={days}")
        assert answer.status_code == 400
        assert "Days “" in answer.content.decode()


def test_an_address_that_is_passed_on_carries_the_offset_of_its_times():
    viewer = signed_in(Role.VIEWER)
    viewer.cookies["drain_zone"] = "Europe/Berlin"
    times = "a_from=2026-03-02+10:00&a_to=2026-03-02+12:00&b_from=2026-03-02+12:00&b_to=2026-03-02+14:00"
    answer = viewer.get(f"/evidence/compare/?kind=windows&{times}")
    assert answer.status_code == 302
    assert "a_from=2026-03-02T10%3A00%3A00%2B01%3A00" in answer.headers["Location"]
    page = text_of(viewer.get(answer.headers["Location"]).content.decode())
    assert "before: started 2 Mar 2026, 10:00 – 2 Mar 2026, 12:00" in page


def test_a_stretch_of_time_is_named_in_utc_whatever_its_offset():
    found = asked({
        "kind": "windows", "a_from": "2026-03-02T10:00+01:00", "a_to": "2026-03-02T12:00+01:00",
        "b_from": "2026-03-02T12:00+01:00", "b_to": "2026-03-02T14:00+01:00",
    }, NOON)  # fmt: skip
    assert found.before.side.label == "2026-03-02 09:00 to 2026-03-02 11:00 UTC"


def test_two_sources_and_a_drain_with_what_was_before_it_are_compared():
    one, two = SourceFactory(name="one"), SourceFactory(name="two")
    session = SessionFactory()
    for source in (one, two):
        phase = PhaseFactory(run=RunFactory(source=source))
        CandidateFactory(session=session, phase=phase)
        AttemptFactory(phase=phase, session=session, started_at=timezone.now() - HOUR)
    viewer = signed_in(Role.VIEWER)
    answer = viewer.get("/evidence/compare/?kind=sources&a=one&b=two", follow=True)
    assert answer.request["QUERY_STRING"] == f"kind=sources&a={one.pk}&b={two.pk}&days=7"
    assert "one and two" in answer.content.decode()
    page = viewer.get(f"/evidence/compare/?kind=drain&drain={session.pk}").content.decode()
    assert f"Before and in drain {session.pk}" in page
    assert "the state before is the drain" in text_of(page)


@pytest.mark.parametrize(
    ("after", "may_be_same", "words"),
    [
        ("a", False, "Failed, same fingerprint"),
        ("b", True, "Failed, may be the same"),
        ("b", False, "Failed, another one"),
    ],
)
def test_the_drawing_calls_nothing_another_failure_that_may_be_the_same(after, may_be_same, words):
    was, became = (
        FingerprintSummary("a", "A", "", "new"),
        FingerprintSummary(after, after, "", "new"),
    )
    chart = flows_chart([Move("failed", was, "failed", became, 3, may_be_same)])
    assert {link["target"] for link in chart.data["links"]} == {f"r:{words}"}


def test_stretches_are_picked_in_the_zone_of_the_reader_and_stay_when_they_are_refused():
    client = signed_in(Role.VIEWER)
    client.cookies["drain_zone"] = "Europe/Berlin"
    page = client.get("/evidence/").content.decode()
    assert page.count('type="datetime-local" id="cmp-') == 4
    asked = {
        "kind": "windows", "a_from": "2026-03-02T10:00+00:00", "a_to": "2026-03-02 09:00",
        "b_from": "soon", "b_to": "2026-03-02T15:00",
    }  # fmt: skip
    answer = client.get("/evidence/compare/", asked)
    page = answer.content.decode()
    assert answer.status_code == 400
    for value in ("2026-03-02T11:00", "2026-03-02T09:00", "", "2026-03-02T15:00"):
        assert f'value="{value}"' in page
