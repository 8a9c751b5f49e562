"""A plan accounts for every failed phase, under every rule."""

from __future__ import annotations

import gc

import pytest

from drain.policy.reasons import ExclusionReason, RunStop, SampleVerdict
from drain.policy.selection.graph import CycleError
from drain.policy.selection.order import Tier
from drain.policy.selection.rows import RunFacts, Scope
from drain.policy.stopping.limits import QueuedPolicy
from tests.policy.backlogs import chosen, details, phase, plan, reasons

SEED_STATES = ["COMPLETE", "COMPLETE", *["FAILED"] * 5, "QUEUED"]


def research_system(queued_index=7, **facts):
    rows = [phase(n, state=state) for n, state in enumerate(SEED_STATES)]
    rows[7] = phase(7, index=queued_index, state="QUEUED", phase_id="research-integration")
    return rows, [RunFacts(1, "research-system-v2", sequential=True, **facts)]


@pytest.mark.parametrize(
    ("policy", "expected"), [("phase", 5), ("dependents", 5), ("run", 0), ("ignore", 5)]
)
def test_the_reported_backlog_drains_unless_the_old_rule_is_asked_for(policy, expected):
    rows, runs = research_system()
    found = plan(rows, runs=runs, queued_policy=QueuedPolicy(policy))
    assert found.total == 5
    assert len(found.selected) == expected
    assert found.counts == ({"queued_in_run": 5} if policy == "run" else {})


@pytest.mark.parametrize("policy", ["phase", "dependents"])
def test_an_autopack_run_waits_behind_an_earlier_queued_phase(policy):
    rows, runs = research_system(queued_index=3, autopack=True)
    found = plan(rows, runs=runs, queued_policy=QueuedPolicy(policy))
    assert chosen(found) == [2, 3]
    assert reasons(found) == dict.fromkeys([4, 5, 6], "waits_for_queued")
    assert "Autopack would run the queued research-integration" in details(found)[4]


def test_an_autopack_run_does_not_wait_when_queued_phases_are_ignored():
    rows, runs = research_system(queued_index=2, autopack=True)
    assert len(plan(rows, runs=runs, queued_policy=QueuedPolicy.IGNORE).selected) == 5


@pytest.mark.parametrize(("sequential", "expected"), [(True, [1]), (False, [1, 3])])
def test_the_policy_dependents_holds_later_phases_of_sequential_runs_only(sequential, expected):
    rows = [phase(1), phase(2, state="QUEUED"), phase(3)]
    runs = [RunFacts(1, "r", sequential=sequential)]
    found = plan(rows, runs=runs, queued_policy=QueuedPolicy.DEPENDENTS)
    assert chosen(found) == expected


ROW_RULES = [
    ("leased", {"leased": True}, {}, {}, Scope()),
    ("filtered_out", {"fingerprint": "a"}, {}, {}, Scope(fingerprints={"b"})),
    ("filtered_out", {}, {}, {}, Scope(fingerprints={"b"})),
    ("filtered_out", {"category": ""}, {}, {}, Scope(categories={"timeout"})),
    ("prefix_excluded", {}, {}, {}, Scope(skip_run_prefixes=("x", "run-"))),
    ("run_held", {}, {"hold": "held by anna"}, {}, Scope()),
    ("no_executor", {}, {"executable": False}, {}, Scope()),
    ("no_executor", {}, {"executable": False}, {}, Scope(phases={1}, force=True)),
    ("fingerprint_snoozed", {"fingerprint": "a"}, {}, {"snoozed": {"a": "a"}}, Scope()),
    ("attempts_exhausted", {"session_attempts": 2}, {}, {}, Scope()),
    ("lifetime_exhausted", {"attempts": 4}, {}, {"max_lifetime_attempts": 4}, Scope()),
    (
        "lifetime_exhausted",
        {"attempts": 1, "source_attempts": 3},
        {},
        {"max_lifetime_attempts": 4, "count_source_attempts": True},
        Scope(),
    ),
    ("fingerprint_stopped", {"fingerprint": "a"}, {}, {"stopped_fingerprints": {"a"}}, Scope()),
    ("fingerprint_stopped", {"repeat_key": "c"}, {}, {"stopped_fingerprints": {"c"}}, Scope()),
    ("run_stopped", {}, {"stop": RunStop.FINGERPRINT_REPEATS}, {}, Scope()),
    ("run_timeouts", {}, {"stop": RunStop.TIMEOUTS}, {}, Scope()),
]


ELSEWHERE = {
    ExclusionReason.NO_LONGER_FAILED, ExclusionReason.QUEUED_IN_RUN, ExclusionReason.WAITS_FOR_QUEUED,
    ExclusionReason.WAITS_FOR_DEPENDENCY, ExclusionReason.RUN_DEPRIORITISED, ExclusionReason.BEYOND_BATCH,
}  # fmt: skip
"""Reasons that no fact of one row gives: what other phases, the batch or time does."""


@pytest.mark.parametrize("reason", sorted(set(ExclusionReason) - ELSEWHERE))
def test_every_reason_has_its_rule(reason):
    rule = "drain/policy/selection/exclusion.py"
    held = any(name == reason for name, *_ in ROW_RULES)
    assert held, f"no row of ROW_RULES expects {reason.value}: add one, and its rule in {rule}"


@pytest.mark.parametrize(("reason", "row", "facts", "signals", "scope"), ROW_RULES)
def test_each_rule_names_its_reason_and_a_detail(reason, row, facts, signals, scope):
    found = plan([phase(1, **row)], runs=[RunFacts(1, "run-1", **facts)], scope=scope, **signals)
    assert reasons(found) == {1: reason}
    assert details(found)[1]


def test_a_phase_that_may_have_a_snoozed_cause_is_left_out_and_says_which_it_may_be():
    found = plan([phase(1, fingerprint="a")], snoozed={"b": "b", "a": "b"})
    assert details(found) == {1: "fingerprint a, which may be the snoozed b"}


def test_tries_of_the_source_count_only_when_asked_for_and_are_shown_either_way():
    row = phase(1, attempts=3, source_attempts=9)
    assert chosen(plan([row], max_lifetime_attempts=4)) == [1]
    assert details(plan([row], max_lifetime_attempts=3)) == {
        1: "3 of 3 attempts over all drains, 9 by its source (not counted)"
    }
    found = plan([row], max_lifetime_attempts=12, count_source_attempts=True)
    assert details(found) == {1: "12 of 12 attempts over all drains, 9 by its source (counted)"}


def test_who_overrules_for_one_phase_overrules_its_lifetime_too():
    scope = Scope(phases={1}, force=True)
    assert chosen(plan([phase(1, attempts=9)], scope=scope, max_lifetime_attempts=1)) == [1]


def test_the_first_rule_in_the_contract_order_wins():
    row = phase(1, leased=True, fingerprint="a", session_attempts=9)
    run = RunFacts(1, "run-1", hold="held", stop=RunStop.TIMEOUTS)
    scope = Scope(fingerprints={"b"}, skip_run_prefixes=("run",))
    assert reasons(plan([row], runs=[run], scope=scope)) == {1: "leased"}
    free = row._replace(leased=False)
    assert reasons(plan([free], runs=[run], scope=scope)) == {1: "filtered_out"}
    assert reasons(plan([free], runs=[run], stopped_fingerprints={"a"})) == {1: "run_held"}


def test_a_signal_about_another_fingerprint_excludes_nothing():
    row = phase(1, fingerprint="a", category="timeout")
    scope = Scope(fingerprints={"a"}, categories={"timeout"}, skip_run_prefixes=("other",))
    assert chosen(plan([row], scope=scope, stopped_fingerprints={"b"}, snoozed={"c": "c"})) == [1]


def test_only_runs_and_phases_in_scope_are_in_the_ledger():
    rows = [phase(1), phase(2, run=2), phase(3, run=2)]
    assert plan(rows, scope=Scope(run_ids={"run-2"})).total == 2
    assert chosen(plan(rows, scope=Scope(phases={3}))) == [3]


def test_a_queued_phase_is_drained_only_when_named():
    rows = [phase(1, state="QUEUED"), phase(2)]
    assert chosen(plan(rows, scope=Scope(phases={1}))) == []
    named = Scope(phases={1}, allow_queued=True)
    assert chosen(plan(rows, scope=named, queued_policy=QueuedPolicy.RUN)) == [1]
    assert chosen(plan(rows, scope=Scope(allow_queued=True))) == [2]


def test_force_overrules_everything_but_a_lease():
    rows = [phase(1), phase(2, session_attempts=5)]
    run = [RunFacts(1, "run-1", hold="held", stop=RunStop.TIMEOUTS)]
    forced = Scope(phases={2}, force=True)
    assert chosen(plan(rows, runs=run, scope=forced, edges=[(2, 1)])) == [2]
    held = [rows[0], rows[1]._replace(leased=True)]
    assert reasons(plan(held, runs=run, scope=forced)) == {2: "leased"}


def test_what_does_not_fit_the_batch_says_so():
    found = plan([phase(n) for n in range(5)], batch_size=3)
    assert found.counts == {"beyond_batch": 2}
    assert [line.position for line in found.selected] == [1, 2, 3]
    assert details(found)[4] == "the batch of 3 was full"


def test_a_deprioritised_run_comes_last_and_says_so_when_the_batch_is_full():
    rows = [phase(1), phase(2, run=2), phase(3, run=2)]
    runs = [RunFacts(1, "a", verdict=SampleVerdict.DEPRIORITISED), RunFacts(2, "b")]
    assert reasons(plan(rows, runs=runs, batch_size=2)) == {1: "run_deprioritised"}
    whole = plan(rows, runs=runs)
    assert [line.tier for line in whole.selected] == [Tier.SAMPLE, Tier.REST, Tier.LAST]
    assert whole.selected[0].sample
    assert whole.selected[2].why.startswith("last")


def test_a_cycle_is_refused_and_named():
    with pytest.raises(CycleError, match="1 → 2 → 1"):
        plan([phase(1), phase(2)], edges=[(1, 2), (2, 1)])


def test_reasons_are_counted_in_the_order_of_the_rules():
    rows = [phase(1, session_attempts=2), phase(2, leased=True), phase(3, session_attempts=3)]
    counts = plan(rows).counts
    assert list(counts.items()) == [("leased", 1), ("attempts_exhausted", 2)]
    assert all(reason.sentence for reason in ExclusionReason)


@pytest.mark.parametrize("was_on", [True, False])
def test_planning_leaves_the_collector_as_it_was(was_on):
    gc.enable() if was_on else gc.disable()
    try:
        plan([phase(1)])
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
