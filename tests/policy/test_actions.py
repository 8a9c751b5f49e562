"""Whatever stopped a drain or emptied its plan, there is a next step with its risk and command."""

from __future__ import annotations

import pytest

from drain.policy.actions import ActionSubject, after_stop, for_empty_plan, for_reason
from drain.policy.reasons import ExclusionReason, RunStop, StopReason
from drain.policy.stopping.limits import QueuedPolicy
from tests.policy.backlogs import phase, plan

SUBJECT = ActionSubject(
    session="7", run_id="r1", phase_id="p1", queued_phase_id="q", key="abc",
    again=("drain", "--batch-size", "5"),
)  # fmt: skip


@pytest.mark.parametrize("rule", [*StopReason, *RunStop, *ExclusionReason])
def test_every_stop_has_a_next_action(rule):
    for action in after_stop(rule, SUBJECT):
        assert action.label
        assert action.risk.endswith(".")
        assert action.argv


@pytest.mark.parametrize("reason", ExclusionReason)
def test_every_line_of_the_ledger_has_a_way_out(reason):
    assert for_reason(reason, SUBJECT)


@pytest.mark.parametrize(
    ("rule", "command"),
    [
        (StopReason.MAX_TOTAL_MINUTES, ("drain", "--batch-size", "5")),
        (StopReason.INTERRUPTED, ("drain", "--resume", "7")),
        (StopReason.NOTHING_SELECTED, ("drain", "--dry-run")),
        (StopReason.PREFLIGHT_FAILED, ("executor", "check")),
        (StopReason.FAILURE_RATE, ("report", "7")),
        (RunStop.TIMEOUTS, ("drain_phase", "r1", "p1")),
        (RunStop.FINGERPRINT_REPEATS, ("drain", "--fingerprint", "abc", "--batch-size", "1")),
    ],
)
def test_the_first_action_fits_the_rule(rule, command):
    assert after_stop(rule, SUBJECT)[0].argv == command


def test_an_empty_plan_behind_a_queued_phase_says_to_clear_it_first():
    found = plan([phase(1), phase(2, state="QUEUED")], queued_policy=QueuedPolicy.RUN)
    first, *others = for_empty_plan(found, SUBJECT)
    assert first.argv[:3] == ("clear_queued", "r1", "q")
    assert ("drain", "--run-id", "r1", "--queued-policy", "phase") in [one.argv for one in others]


def test_an_empty_backlog_says_where_to_look():
    assert for_empty_plan(plan([]), SUBJECT)[0].argv == ("queued",)
