"""One language of filters: each narrows as it says, alone and together; none means everything by mistake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.django import TestCase

from drain.engine.errors import EngineError
from drain.engine.queue import selection
from drain.engine.queue.clearing import discard
from drain.engine.queue.selection import PhaseFilter, count_selection, filtered_scope
from drain.models import AuditEvent, Fingerprint, Phase, Transition
from drain.models.audit import Person
from drain.models.vocabulary import Origin, PhaseState
from tests.factories import NOON, FingerprintFactory, PhaseFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db
ADA = Person("ada", Origin.API, "10.0.0.7")


@pytest.fixture
def phases() -> dict[str, Phase]:
    source = SourceFactory(name="etl")
    night = RunFactory(run_id="night-1", labels=["prod", "etl"], source=source)
    day = RunFactory(run_id="day_1", labels=["test"])
    return {
        "a": PhaseFactory(
            run=night, phase_id="load.a", name="Load", category="sql", failure_category="timeout",
            last_fingerprint="f1", last_failure_reason="Disk FULL on 100% of x", attempts=3,
            state_changed_at=NOON,
        ),
        "b": PhaseFactory(
            run=night, phase_id="loadXa", name="Other", category="py", failure_category="network",
            last_fingerprint="f2", last_failure_reason="reset by peer", attempts=0,
            state_changed_at=NOON + timedelta(hours=1),
        ),
        "c": PhaseFactory(
            run=day, phase_id="report", name="Load", category="sql", failure_category="network",
            last_fingerprint="", last_failure_reason="", attempts=1,
            state_changed_at=NOON + timedelta(hours=2),
        ),
        "queued": PhaseFactory(run=day, phase_id="later", state="QUEUED"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "abc"),
        ({"run_ids": ("day_1",)}, "c"),
        ({"run_prefixes": ("night",)}, "ab"),
        ({"run_prefixes": ("day%",)}, ""),
        ({"run_ids": ("day_1",), "run_prefixes": ("night",)}, "abc"),
        ({"labels": ("prod", "test")}, "abc"),
        ({"labels": ("etl",)}, "ab"),
        ({"labels": ("et",)}, ""),
        ({"sources": ("etl",)}, "ab"),
        ({"names": ("load.a",)}, "a"),
        ({"names": ("load.*",)}, "a"),
        ({"names": ("Load",)}, "ac"),
        ({"names": ("*a",)}, "ab"),
        ({"names": ("*",)}, "abc"),
        ({"fingerprints": ("f1", "f2")}, "ab"),
        ({"types": ("sql",)}, "ac"),
        ({"categories": ("network",)}, "bc"),
        ({"types": ("sql",), "categories": ("network",)}, "c"),
        ({"error": "disk full"}, "a"),
        ({"error": "100% of"}, "a"),
        ({"error": "%"}, "a"),
        ({"since": NOON + timedelta(hours=1)}, "bc"),
        ({"before": NOON + timedelta(hours=1)}, "a"),
        ({"attempts_at_least": 1}, "ac"),
        ({"attempts_at_most": 1}, "bc"),
        ({"attempts_at_most": 0}, "b"),
    ],
)
def test_a_filter_finds_what_it_says(phases, asked, expected):
    found = PhaseFilter(**asked).find(PhaseState.FAILED)
    assert [phase.pk for phase in found] == [phases[name].pk for name in expected]
    assert count_selection(found).total == len(expected)
    assert PhaseFilter(**asked).is_empty is (not asked)


def test_a_fingerprint_means_all_that_were_merged_into_it_and_what_it_was_merged_into(phases):
    into = FingerprintFactory(key="f1")
    FingerprintFactory(key="f2", merged_into=into)
    for key in ("f1", "f2"):
        found = PhaseFilter(fingerprints=(key,)).find(PhaseState.FAILED)
        assert {phase.pk for phase in found} == {phases["a"].pk, phases["b"].pk}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"run_ids": ("nope",)}, "There is no run “nope”"),
        ({"sources": ("nope",)}, "There is no source “nope”"),
        ({"names": ("",)}, "would match everything"),
        ({"labels": ("x" * 301,)}, "300 are the most"),
        ({"names": tuple(map(str, range(1001)))}, "At most 1,000"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(asked, sentence):
    with pytest.raises(EngineError, match=sentence):
        PhaseFilter(**asked).find(PhaseState.FAILED)


class Patterns(TestCase):
    """Whatever a pattern holds beside `*` means itself."""

    @given(
        some.text(
            some.characters(exclude_characters="\0*", exclude_categories=["Cs"]),
            min_size=1,
            max_size=20,
        )
    )
    def test_characters_mean_themselves(self, name: str) -> None:
        phase = PhaseFactory(phase_id=f"x{name}y", name="")
        PhaseFactory(phase_id=f"x{name}", name="")
        found = PhaseFilter(names=(f"*{name}y",)).find(PhaseState.FAILED)
        assert [each.pk for each in found] == [phase.pk]


def test_the_count_names_the_largest_runs_and_fingerprints_first(phases):
    PhaseFactory(run=phases["a"].run, last_fingerprint="f1")
    FingerprintFactory(key="f1", title="Disk full")
    found = count_selection(PhaseFilter(run_prefixes=("",) * 0).find(PhaseState.FAILED))
    assert (found.total, found.runs) == (4, 2)
    assert found.largest_runs == [("night-1", 3), ("day_1", 1)]
    assert found.largest_fingerprints[0] == ("f1", "Disk full", 2)


def test_a_drain_takes_the_phases_that_match_and_never_all_by_mistake(phases, monkeypatch):
    scope = filtered_scope(PhaseFilter(labels=("etl",)), ("x",))
    assert (set(scope.phases), scope.skip_run_prefixes) == (
        {phases["a"].pk, phases["b"].pk},
        ("x",),
    )
    with pytest.raises(EngineError, match="No failed phase matches"):
        filtered_scope(PhaseFilter(labels=("none",)))
    monkeypatch.setattr(selection, "MOST_IN_A_DRAIN", 1)
    with pytest.raises(EngineError, match="More than 1 failed phases match"):
        filtered_scope(PhaseFilter(labels=("etl",)))


def test_a_discarded_phase_ends_with_its_reason_in_history_and_audit(phases):
    kept, queued = phases["a"], phases["queued"]
    results = discard([kept.pk, queued.pk], PhaseState.SKIPPED, "source is gone", ADA)
    assert [each.said for each in results] == [
        "FAILED → SKIPPED",
        "not moved: it is QUEUED, and only a phase that is FAILED can be moved",
    ]
    kept.refresh_from_db()
    assert (kept.state, kept.last_failure_reason) == ("SKIPPED", "Disk FULL on 100% of x")
    moved = Transition.objects.get(verb="discard")
    assert (moved.actor, moved.reason, moved.from_state) == ("ada", "source is gone", "FAILED")
    assert AuditEvent.objects.get().verb == "phase.discard"
    assert not Fingerprint.objects.exists()


@pytest.mark.parametrize(
    "to", [state for state in PhaseState if state not in ("COMPLETE", "SKIPPED")]
)
def test_a_phase_is_discarded_as_skipped_or_complete_only_and_never_without_a_reason(phases, to):
    with pytest.raises(EngineError, match="skipped or complete"):
        discard([phases["a"].pk], to, "x", ADA)
    with pytest.raises(EngineError, match="reason is missing"):
        discard([phases["a"].pk], PhaseState.SKIPPED, " ", ADA)
    assert Phase.objects.get(pk=phases["a"].pk).state == "FAILED"
