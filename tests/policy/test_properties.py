"""Invariants of every backlog, not only of those that somebody thought of."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from drain.policy.reasons import RunStop, SampleVerdict
from drain.policy.selection.order import CATEGORY_RANKS
from drain.policy.selection.plan import make_plan
from drain.policy.selection.rows import RunFacts, Scope
from drain.policy.stopping.limits import Limits, QueuedPolicy
from tests.policy.backlogs import chosen, phase

steady = settings(deadline=None, max_examples=60)
"""A busy machine is no reason to fail."""

STATES = ["FAILED", "FAILED", "FAILED", "QUEUED", "EXECUTING", "COMPLETE"]
KEYS = ["", "a", "b"]


@st.composite
def backlogs(draw):
    runs = {
        pk: RunFacts(
            pk,
            f"run-{pk}",
            sequential=draw(st.booleans()),
            autopack=draw(st.booleans()),
            hold=draw(st.sampled_from(["", "", "held"])),
            stop=draw(st.sampled_from([None, None, *RunStop])),
            verdict=draw(st.sampled_from([None, None, *SampleVerdict])),
        )
        for pk in range(3)
    }
    rows = [
        phase(
            pk,
            run=draw(st.integers(0, 2)),
            index=draw(st.integers(0, 5)),
            state=draw(st.sampled_from(STATES)),
            category=draw(st.sampled_from([*CATEGORY_RANKS, "network"])),
            fingerprint=draw(st.sampled_from(KEYS)),
            leased=draw(st.integers(0, 9)) == 0,
            session_attempts=draw(st.integers(0, 2)),
        )
        for pk in range(draw(st.integers(0, 14)))
    ]
    pairs = st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(
        lambda pair: pair[0] != pair[1]
    )
    mixed = draw(st.permutations(range(15)))
    edges = [(mixed[max(pair)], mixed[min(pair)]) for pair in draw(st.lists(pairs, max_size=8))]
    return rows, runs, edges


LIMITS = st.builds(
    Limits,
    batch_size=st.integers(1, 15),
    queued_policy=st.sampled_from(QueuedPolicy),
    max_attempts_per_phase=st.integers(1, 3),
)


@steady
@given(backlogs(), LIMITS, st.sets(st.sampled_from(KEYS), max_size=1))
def test_the_ledger_sums(backlog, limits, keys):
    rows, runs, edges = backlog
    found = make_plan(rows, runs, edges, Scope(fingerprints=keys), limits)
    failed = sorted(row.id for row in rows if row.state == "FAILED")
    assert sorted([*chosen(found), *(line.id for line in found.excluded)]) == failed
    assert found.total == len(failed) == len(found.selected) + sum(found.counts.values())


@steady
@given(backlogs(), LIMITS, st.randoms())
def test_the_order_is_total_and_does_not_depend_on_the_order_of_rows(backlog, limits, random):
    rows, runs, edges = backlog
    first = make_plan(rows, runs, edges, Scope(), limits)
    shuffled = random.sample(rows, len(rows))
    assert make_plan(shuffled, runs, edges, Scope(), limits).selected == first.selected
    assert [line.position for line in first.selected] == list(range(1, len(first.selected) + 1))


@steady
@given(backlogs(), LIMITS)
def test_prerequisites_precede_dependents_and_nothing_starts_without_them(backlog, limits):
    rows, runs, edges = backlog
    place = {
        line.id: line.position for line in make_plan(rows, runs, edges, Scope(), limits).selected
    }
    states = {row.id: row.state for row in rows}
    ignored = "QUEUED" if limits.queued_policy is QueuedPolicy.IGNORE else ""
    for dependent, need in edges:
        if dependent in place and states.get(need, "COMPLETE") not in ("COMPLETE", ignored):
            assert place[need] < place[dependent]


@steady
@given(backlogs(), LIMITS, st.integers(0, 2), st.integers(0, 5))
def test_a_queued_phase_without_edges_removes_no_sibling(backlog, limits, run, index):
    rows, runs, edges = backlog
    runs = {pk: replace(facts, autopack=False) for pk, facts in runs.items()}
    limits = replace(limits, queued_policy=QueuedPolicy.PHASE)
    before = make_plan(rows, runs, edges, Scope(), limits)
    queued = phase(99, run=run, index=index, state="QUEUED")
    assert make_plan([*rows, queued], runs, edges, Scope(), limits).selected == before.selected


@steady
@given(backlogs(), LIMITS, st.integers(1, 15), st.integers(1, 3))
def test_a_tighter_limit_never_selects_more(backlog, limits, batch, attempts):
    rows, runs, edges = backlog
    tighter = replace(
        limits,
        batch_size=min(batch, limits.batch_size),
        max_attempts_per_phase=min(attempts, limits.max_attempts_per_phase),
    )
    loose = make_plan(rows, runs, edges, Scope(), limits)
    tight = make_plan(rows, runs, edges, Scope(), tighter)
    assert len(tight.selected) <= len(loose.selected)
    if tighter.max_attempts_per_phase == limits.max_attempts_per_phase:
        assert chosen(tight) == chosen(loose)[: tighter.batch_size]
