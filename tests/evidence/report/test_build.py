"""The report answers, from data, what used to be written by hand; nothing hostile gets through."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from drain.evidence.comparison.figures import CauseCount
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.verdict import Ruling
from drain.evidence.report.build import build_report
from drain.evidence.report.markdown import render_markdown
from drain.evidence.report.sentences import goals, settings
from drain.evidence.statistics.intervals import Interval
from drain.models import Attempt, Check
from drain.models.vocabulary import CheckKind, Origin
from drain.policy.stopping.limits import Limits
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
SECTIONS = """
# Batch Drain Report
## Executive Summary
## Findings
### 1. Systemic Blocker Fixes
### 2. Batch Drain Execution Monitoring
### 3. Manual Phase Drains
## Impact on Batch Drain Goals
### Actual Results
## Recommendations
### Immediate Actions
## Verification Steps
### 1. Completion Rate Check
### 2. Telemetry Yield Check
### 3. Error Fingerprint Analysis
### 4. Known-bad Patterns
### 5. What Is Left
## Conclusion
## Appendix: Detailed Fix Summaries
## Database Reference
## Build Artifacts
**Report Status**: COMPLETE
""".strip().splitlines()


def test_markdown_has_every_section_filled_from_data(session):
    text = render(session, "md")
    position = 0
    for heading in SECTIONS:
        position = text.index(heading, position)
    for fact in (
        "5 selected = 5 failed phases",
        "| COMPLETE | 2 | 6 | +4 |",
        "| FAILED | 5 | 1 | -4 |",
        "| QUEUED | 1 | 1 | +0 |",
        "4 of 5 (80.0 %, 95 % interval 3.5 to 100.0)",
        "12 events from 4 of 5 attempts",
        "⚠️ 4 of 5 counted attempts completed; fix FM-",
        "cannot be told from a second try: none had been tried again before the fix",
        "See what would become of the 1 still failed",
        "| research-system-v2 | research-0 | COMPLETE | 0 | 3 | 1 | 1.00 |",
        "| research-system-v2 | research-4 | AssertionError: 1 \\!= 2 |",
        "Phases of these runs now: 1 failed, 0 queued or working",
        "Failed while it worked 1",
        "ModuleNotFoundError: coverage\\_tracker",
        "Import mended",
        "abc1234",
        "These phases were chosen because they had failed",
        "1 not seen again, 0 still there, 1 new, 0 regressed",
    ):
        assert fact in text, fact
    assert "secret" not in text


def test_no_rate_is_shown_without_its_n(session):
    for form in ("md", "html"):
        shown = re.sub(r" phases( in \d+ runs?)?", "", render(session, form))
        found = re.findall(r"(\d+ of \d+ )?\((?!95 % interval)[\d.]+ %", shown)
        assert found
        assert all(found)


def test_json_has_the_same_numbers_and_every_attempt(session):
    found = json.loads(render(session, "json"))
    assert (found["session"], found["state"], found["ledger_sum"]) == (
        session.pk,
        "finished",
        "5 selected = 5 failed phases",
    )
    assert found["before"]["FAILED"] == 5
    assert found["comparison"]["after"]["rate"]["n"] == 5
    assert [line["outcome"] for line in found["attempts"]].count("complete") == 4
    assert [line["position"] for line in found["plan"]] == [1, 2, 3, 4, 5]
    assert found["identity"]["rows"]["attempts"] == Attempt.objects.count() > 0
    assert found["identity"]["versions"].keys() == {"drainsite", "python", "django", "postgresql"}


def test_html_is_a_page_of_its_own_with_every_part(session):
    text = render(session, "html")
    for name in (
        "fixes",
        "ledger",
        "moves",
        "checks",
        "completion",
        "telemetry",
        "causes",
        "guards",
    ):
        assert f'id="report-{name}"' in text
    assert "style=" not in text
    assert "<script" not in text


def test_a_failed_check_exits_with_three_and_a_passed_one_with_zero(session):
    Check.objects.create(
        name="no import error", kind=CheckKind.NO_PATTERN, pattern="ModuleNotFound"
    )
    assert "None of 5 attempts" in render(session, "md")
    Check.objects.create(name="no assertion", kind=CheckKind.NO_PATTERN, pattern="assertionerror")
    out = StringIO()
    with pytest.raises(CommandError, match="no assertion") as failed:
        call_command("report", "latest", stdout=out)
    assert failed.value.returncode == 3
    assert "❌ 1 of 2 checks failed" in out.getvalue()


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("99999", "There is no drain 99999: `manage.py drains` lists them"),
        ("x", "latest"),
        ("²", "latest"),
    ],
)
def test_a_session_that_is_not_there_is_one_sentence(word, sentence):
    with pytest.raises(CommandError, match=sentence) as refused:
        call_command("report", word)
    assert refused.value.returncode == 1


def test_a_drain_that_ran_nothing_says_why():
    session = SessionFactory(
        state="finished",
        stop_reason="nothing_selected",
        total_failed=5,
        ledger={"queued_in_run": 5},
    )
    text = "".join(render_markdown(build_report(session, NOON)))
    assert "no phase was run" in text
    assert "0 selected + 5 queued\\_in\\_run = 5 failed phases" in text
    assert "5 phases were left out as queued\\_in\\_run" in text
    assert "--queued-policy phase" in text


def test_a_running_drain_says_that_its_numbers_are_not_final():
    session = SessionFactory(state="running", ended_at=None)
    text = "".join(render_markdown(build_report(session, NOON)))
    assert "still running" in text
    assert "**Report Status**: NOT FINAL" in text


def test_a_phase_that_was_drained_by_name_is_in_the_report_of_its_run(session):
    phase = session.candidates.first().phase
    single = SessionFactory(scope={"phase": phase.pk, "run_ids": []})
    AttemptFactory(session=single, phase=phase, outcome="complete", number=77)
    found = build_report(session, NOON).single_phases
    assert [(one.session, one.outcome) for one in found] == [(single.pk, "complete")]


def test_a_drain_that_stopped_early_says_so_beside_the_verdict_on_a_fix():
    FingerprintFactory(key="k", title="Error k")
    add_marker("fix", By("ada", Origin.BROWSER, NOON), at=NOON, keys=["k"])
    start, end = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    stopped = SessionFactory(
        started_at=start, ended_at=end, state="stopped", stop_reason="failure_rate", selected=3,
        stop_card={"sentence": "4 of the last 5 attempts failed."},
    )  # fmt: skip
    whole = SessionFactory(started_at=start, ended_at=end, state="finished", selected=1)
    for session, status in ((stopped, "done"), (stopped, "waiting"), (whole, "done")):
        phase = PhaseFactory()
        CandidateFactory(
            session=session, phase=phase, fingerprint="k", status=status, outcome="complete", planned_position=1
        )  # fmt: skip
    said = (
        "This drain stopped early: 4 of the last 5 attempts failed. "
        "Not tried, and no part of the verdict: 1 of its 3 planned phases."
    )
    for form in ("md", "html", "json"):
        out = StringIO()
        call_command("report", str(stopped.pk), "--format", form, stdout=out)
        assert said in out.getvalue().replace("\\", ""), form
        out = StringIO()
        call_command("report", str(whole.pk), "--format", form, stdout=out)
        assert "stopped early" not in out.getvalue(), form


def _green(report):
    """The same, as if its fix worked."""
    works = replace(report.fixes[0].verdict, ruling=Ruling.WORKS)
    risen = replace(report.comparison.difference, interval=Interval(0.8, 0.4, 0.9))
    return replace(
        report, checks=(), fixes=(replace(report.fixes[0], verdict=works),),
        comparison=replace(report.comparison, difference=risen),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["replaced", "untried", "may_be"])
def test_a_cause_of_which_nobody_knows_meets_no_goal(session, kind):
    green = _green(build_report(session, NOON))
    assert goals(green)[2][1] == "✅"
    unknown = {kind: (CauseCount("k", "Error k", "ongoing", 1),)}
    causes = replace(green.comparison.causes, **unknown)
    seen = replace(green, comparison=replace(green.comparison, causes=causes))
    assert goals(seen)[2][1] == "⚠️"


def test_a_cause_that_is_seen_again_takes_the_green_away_and_leaves_the_verdict(session):
    report = build_report(session, NOON)
    green = _green(report)
    assert green.status[0] == "✅"
    assert next(mark for _, mark, _ in goals(green)) == "✅"
    again = CauseCount("k", "Error k", "regressed", 1)
    causes = replace(report.comparison.causes, regressed=(again,))
    seen = replace(green, comparison=replace(green.comparison, causes=causes))
    assert seen.status[0] == "⚠️"
    assert seen.status[1].endswith(f"FM-{report.fixes[0].marker}: works, 1 fingerprint seen again")
    assert "✅" not in [mark for _, mark, _ in goals(seen)]
    assert replace(seen, fixes=()).status[0] == "❌"


def test_a_second_try_alone_meets_no_goal(session):
    """Four of five complete and bring telemetry, which their failed tries had not."""
    for candidate in session.candidates.all():
        AttemptFactory(
            phase=candidate.phase, fingerprint="k", started_at=NOON - timedelta(days=1), number=99
        )
    text = render(session, "md")
    goal = text[text.index("## Impact") : text.index("### Actual Results")]
    assert goal.count("⚠️") == 3
    assert "Completion rate before" not in text


@pytest.mark.parametrize(("rate", "said"), [(None, None), (0.5, "2")])
def test_the_settings_name_the_window_that_a_failure_rate_was_taken_over(session, rate, said):
    """At most half a batch: the page of the drain says the same."""
    session.limits = Limits(batch_size=5, max_failure_rate=rate).to_json()
    session.save()
    found = dict(settings(build_report(session, NOON)))
    assert found.get("failure_rate_window") == said
    assert found["batch_size"] == "5"
